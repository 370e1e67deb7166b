"""The evaluators by name. To add one is a file and a line here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pandaprobe_proxy.evaluate import (
    assertions,
    completion_integrity,
    drift,
    efficiency,
    error_recovery,
    grounding,
    ignored_results,
    loops,
    pandaprobe,
    replicate_agreement,
    risk,
    tool_errors,
    tool_schema,
    trajectory,
    user_friction_markers,
)
from pandaprobe_proxy.evaluate.assertions import Assertion
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.model.score import Judgement

OURS = "built in"


@dataclass(frozen=True, slots=True)
class Setting:
    """What evaluators are given beside the session."""

    peers: Peers = field(default_factory=Peers)
    budgets: Mapping[str, float] = field(default_factory=dict)
    """The most of a fact that a session should take, by the names of `traits.read_facts`."""
    assertions: tuple[Assertion, ...] = ()
    signals: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What others have scored of the session's traces, by trace id and name."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """One evaluator."""

    name: str
    version: int
    judge: "Judge"
    by_peers: bool = False
    """Its judgement changes with the sessions that are known beside this one."""
    origin: str = OURS
    """Where it comes from: ours, or the file or package of a user's own."""
    setting: str = ""
    """Of a user's own: changes with its code, so that what another code has judged is judged again."""


Judge = Callable[[Session, Traits, Setting], Judgement]


def _alone(evaluate: Callable[[Session], Judgement]) -> Judge:
    """One that looks at nothing but the session."""
    return lambda session, traits, setting: session.once(evaluate)


EVALUATORS = (
    Evaluator(tool_errors.NAME, tool_errors.VERSION, _alone(tool_errors.evaluate)),
    Evaluator(error_recovery.NAME, error_recovery.VERSION, _alone(error_recovery.evaluate)),
    Evaluator(loops.NAME, loops.VERSION, _alone(loops.evaluate)),
    Evaluator(ignored_results.NAME, ignored_results.VERSION, _alone(ignored_results.evaluate)),
    Evaluator(grounding.NAME, grounding.VERSION, _alone(grounding.evaluate)),
    Evaluator(tool_schema.NAME, tool_schema.VERSION, _alone(tool_schema.evaluate)),
    Evaluator(completion_integrity.NAME, completion_integrity.VERSION, _alone(completion_integrity.evaluate)),
    Evaluator(user_friction_markers.NAME, user_friction_markers.VERSION, _alone(user_friction_markers.evaluate)),
    Evaluator(drift.NAME, drift.VERSION, _alone(drift.evaluate)),
    Evaluator(trajectory.NAME, trajectory.VERSION, _alone(trajectory.evaluate)),
    Evaluator(
        efficiency.NAME,
        efficiency.VERSION,
        lambda session, traits, setting: efficiency.judge(
            session, traits, setting.peers.find(traits)[0], setting.budgets
        ),
        by_peers=True,
    ),
    Evaluator(
        assertions.NAME,
        assertions.VERSION,
        lambda session, traits, setting: assertions.judge(session, setting.assertions),
    ),
    Evaluator(
        replicate_agreement.NAME,
        replicate_agreement.VERSION,
        lambda session, traits, setting: replicate_agreement.judge(traits, setting.peers),
        by_peers=True,
    ),
    Evaluator(
        risk.NAME,
        risk.VERSION,
        lambda session, traits, setting: risk.judge(session, traits, setting.peers),
        by_peers=True,
    ),
    Evaluator(
        pandaprobe.RELIABILITY,
        pandaprobe.VERSION,
        lambda session, traits, setting: pandaprobe.judge_reliability(setting.signals),
    ),
    Evaluator(
        pandaprobe.CONSISTENCY,
        pandaprobe.VERSION,
        lambda session, traits, setting: pandaprobe.judge_consistency(setting.signals),
    ),
)


def choose(names: Iterable[str], evaluators: Sequence[Evaluator] = EVALUATORS) -> tuple[Evaluator, ...]:
    """Those of these names, all if there are none. Raises KeyError with a name that nobody has."""
    known = {evaluator.name: evaluator for evaluator in evaluators}
    return tuple(known[name] for name in names) or tuple(evaluators)


def judge_all(
    session: Session, traits: Traits, setting: Setting, evaluators: Iterable[Evaluator] = EVALUATORS
) -> Iterator[Judgement]:
    """What each says of the session."""
    return (evaluator.judge(session, traits, setting) for evaluator in evaluators)
