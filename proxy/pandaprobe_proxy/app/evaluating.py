"""Judges stored sessions, and has whoever holds the one writer keep what is said of them.

What is to be judged is asked of the store, so a run that was stopped goes on where it was, and nothing is judged twice.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from pandaprobe_proxy.app.stores import open_only_writer, open_reader
from pandaprobe_proxy.app.web_port import WebPort, find_address, request
from pandaprobe_proxy.evaluate import assertions, efficiency, pandaprobe
from pandaprobe_proxy.evaluate.assertions import Assertion
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Evaluator, Setting
from pandaprobe_proxy.evaluate.traits import Traits, read_traits
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Reader, StoreError
from pandaprobe_proxy.store.evaluated import to_session
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Judgements, Wanted

MOST_CALLS = 10_000
AT_ONCE = 20
"""Sessions whose judgements are kept together."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged, and how."""

    choice: Choice
    evaluators: Sequence[Evaluator]
    budgets: Mapping[str, float] = field(default_factory=dict)
    assertions: tuple[Assertion, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    due: int
    """Sessions that there was something to say of."""
    judged: int = 0
    kept: int = 0
    """Judgements."""
    sessions: int = 0
    """All that were chosen."""


def evaluate(settings: Settings, asked: Asked, tell: Callable[[Progress], object]) -> Progress:
    """All that is due; `tell` is told after each few sessions. Raises StoreError."""
    address = find_address(settings)
    with closing(open_reader(settings)) as reader:
        contents = reader.contents(asked.choice)
        wanted = [name_wanted(evaluator, asked, contents) for evaluator in asked.evaluators]
        due = reader.due(asked.choice, wanted)
        progress = Progress(len(due), sessions=len(contents))
        tell(progress)
        peers = Peers(_read_peers(reader, contents, due, asked))
        settings_of = {one.name: one.setting for one in wanted}
        for first in range(0, len(due), AT_ONCE):
            some = due[first : first + AT_ONCE]
            judged = [one for item in some for one in _judge(reader, item, asked, peers, settings_of)]
            kept = _keep(settings, address, judged)
            progress = Progress(len(due), progress.judged + len(some), progress.kept + kept, len(contents))
            tell(progress)
    return progress


def name_wanted(evaluator: Evaluator, asked: Asked, contents: Sequence[tuple[str, str]]) -> Wanted:
    """The evaluator with a hash of what it is given beside the session."""
    given: list[object] = []
    if evaluator.name == efficiency.NAME:
        given.append(sorted(asked.budgets.items()))
    if evaluator.name == assertions.NAME:
        given.append(msgspec.to_builtins(asked.assertions))
    if evaluator.by_peers:
        given.append(sorted(contents))
    text = msgspec.json.encode(given)
    return Wanted(evaluator.name, evaluator.version, blake2b(text, digest_size=12).hexdigest())


def _read_peers(reader: Reader, contents: Sequence[tuple[str, str]], due: Sequence[Due], asked: Asked) -> list[Traits]:
    """The traits of all that were chosen, if any evaluator has to hold a session against others."""
    by_peers = {evaluator.name for evaluator in asked.evaluators if evaluator.by_peers}
    if not any(by_peers.intersection(item.names) for item in due):
        return []
    return [read_traits(to_session(name, reader.conversation(name, MOST_CALLS))) for name, _ in contents]


def _judge(reader: Reader, due: Due, asked: Asked, peers: Peers, settings_of: Mapping[str, str]) -> list[Judged]:
    session = to_session(due.session_id, reader.conversation(due.session_id, MOST_CALLS))
    setting = Setting(peers, asked.budgets, asked.assertions, _read_signals(reader, due.session_id))
    traits, at_ns = read_traits(session), time.time_ns()
    chosen = [evaluator for evaluator in asked.evaluators if evaluator.name in due.names]
    return [
        Judged(due.session_id, due.content, settings_of[one.name], one.judge(session, traits, setting), at_ns)
        for one in chosen
    ]


def _read_signals(reader: Reader, session_id: str) -> dict[str, dict[str, float]]:
    """What others have scored of the session's traces, by trace; the newest counts."""
    signals: dict[str, dict[str, float]] = {}
    for score in reader.scores(session_id=session_id):
        if score.trace_id and score.name in pandaprobe.WEIGHTS and score.data_type == "NUMERIC":
            signals.setdefault(score.trace_id, {})[score.name] = float(score.value)
    return signals


def _keep(settings: Settings, address: WebPort | None, judged: Sequence[Judged]) -> int:
    if address:
        answer = request(address, "POST", "/judgements", msgspec.to_builtins(Judgements(judged)))
        if answer is None:
            raise StoreError("the sidecar that runs is of an older version; stop it, or start it again.")
        return int(answer["kept"])
    with closing(open_only_writer(settings)) as writer:
        return writer.put_judged(judged)
