"""Judges stored sessions, and has whoever holds the one writer keep what is said of them.

What is to be judged is asked of the store, so a run that was stopped goes on where it was, and what was kept is not
judged again. An evaluator that fails on a session is told of, and the others go on; the session stays due.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import msgspec

from pandaprobe_proxy.app.stores import open_only_writer, open_reader
from pandaprobe_proxy.app.web_port import find_address, request
from pandaprobe_proxy.evaluate import assertions, efficiency, pandaprobe
from pandaprobe_proxy.evaluate.assertions import Assertion
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Evaluator, Setting
from pandaprobe_proxy.evaluate.traits import Traits, read_traits
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.evaluated import to_session
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Judgements, Wanted

MOST_CALLS = 10_000
AT_ONCE = 100
"""Sessions whose judgements are kept together, at most."""
KEPT_EVERY_S = 1.0
"""What took that long to judge is kept at once, so that it is not judged again if the run is killed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged, and how."""

    choice: Choice
    evaluators: Sequence[Evaluator]
    budgets: Mapping[str, float] = field(default_factory=dict)
    assertions: tuple[Assertion, ...] = ()
    signals: Mapping[str, str] = field(default_factory=dict)
    """Criteria that a judge has looked at, whose scores of traces PandaProbe's own metrics are made of, and how."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """An evaluator that failed."""

    name: str
    session_id: str
    """The first session that it failed on."""
    why: str
    sessions: int = 1


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
    flaws: tuple[Flaw, ...] = ()


class Known:
    """The traits of sessions, read once for each content, as far as they are others' peers."""

    def __init__(self) -> None:
        self._traits: dict[str, tuple[str, Traits]] = {}

    def read(self, reader: Reader, contents: Sequence[tuple[str, str]]) -> list[Traits]:
        """Those of these sessions; what is known of others is let go."""
        traits = {}
        for session_id, content in contents:
            known = self._traits.get(session_id)
            if known is None or known[0] != content:
                known = content, read_traits(to_session(session_id, reader.conversation(session_id, MOST_CALLS)))
            traits[session_id] = known
        self._traits = traits
        return [one for _, one in traits.values()]


def evaluate(settings: Settings, asked: Asked, tell: Callable[[Progress], object]) -> Progress:
    """All that is due; `tell` is told after each few sessions. Raises StoreError."""
    with closing(open_reader(settings)) as reader:
        contents = reader.contents(asked.choice)
        wanted = [name_wanted(evaluator, asked, contents) for evaluator in asked.evaluators]
        due = reader.due(asked.choice, wanted)
        by_peers = {evaluator.name for evaluator in asked.evaluators if evaluator.by_peers}
        held = any(by_peers.intersection(item.names) for item in due)
        tell(Progress(len(due), sessions=len(contents)))
        peers = Peers(Known().read(reader, contents) if held else ())
        return Run(settings, reader, asked, wanted).judge(due, peers, tell, len(contents))


def name_wanted(evaluator: Evaluator, asked: Asked, contents: Sequence[tuple[str, str]]) -> Wanted:
    """The evaluator with a hash of what it is given beside the session."""
    given: list[object] = [evaluator.setting] if evaluator.setting else []
    if evaluator.name == efficiency.NAME:
        given.append(sorted(asked.budgets.items()))
    if evaluator.name == assertions.NAME:
        given.append(msgspec.to_builtins(asked.assertions))
    if evaluator.by_peers:
        given.append(sorted(contents))
    if evaluator.name in pandaprobe.MADE_OF_SIGNALS and asked.signals:
        given.append(sorted(asked.signals.items()))
    text = msgspec.json.encode(given)
    return Wanted(evaluator.name, evaluator.version, blake2b(text, digest_size=12).hexdigest())


class Run:
    """Judges what is due, some at once."""

    def __init__(self, settings: Settings, reader: Reader, asked: Asked, wanted: Sequence[Wanted]) -> None:
        self._settings = settings
        self._address = find_address(settings)
        self._reader = reader
        self._asked = asked
        self._settings_of = {one.name: one.setting for one in wanted}
        self._flaws: dict[str, Flaw] = {}

    def judge(
        self, due: Sequence[Due], peers: Peers, tell: Callable[[Progress], object], sessions: int = 0
    ) -> Progress:
        """Tells how far it is whenever something was kept."""
        progress = Progress(len(due), sessions=sessions)
        waiting: list[Judged] = []
        kept_at = time.monotonic()
        for number, item in enumerate(due, 1):
            waiting += self._judge_one(item, peers)
            if number == len(due) or number % AT_ONCE == 0 or time.monotonic() - kept_at > KEPT_EVERY_S:
                kept = self._keep(waiting)
                waiting, kept_at = [], time.monotonic()
                flaws = tuple(self._flaws.values())
                progress = replace(progress, judged=number, kept=progress.kept + kept, flaws=flaws)
                tell(progress)
        return progress

    def _judge_one(self, due: Due, peers: Peers) -> list[Judged]:
        session = to_session(due.session_id, self._reader.conversation(due.session_id, MOST_CALLS))
        known = read_judged_signals(self._reader, due, self._asked.signals)
        signals = {**(known or {})}
        for trace_id, scores in read_signals(self._reader, due.session_id).items():
            signals[trace_id] = {**signals.get(trace_id, {}), **scores}
        setting = Setting(peers, self._asked.budgets, self._asked.assertions, signals)
        traits, judged = read_traits(session), []
        early = pandaprobe.MADE_OF_SIGNALS if known is None else ()
        for one in self._asked.evaluators:
            if one.name in due.names and one.name not in early:
                try:
                    told = one.judge(session, traits, setting)
                except Exception as error:  # whatever a user's own code raises: it is told at the end
                    self._note(one.name, due.session_id, error)
                else:
                    setting_of = self._settings_of[one.name]
                    judged.append(Judged(due.session_id, due.content, setting_of, told, time.time_ns()))
        return judged

    def _note(self, name: str, session_id: str, error: Exception) -> None:
        known = self._flaws.get(name)
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        self._flaws[name] = replace(known, sessions=known.sessions + 1) if known else Flaw(name, session_id, why)

    def _keep(self, judged: Sequence[Judged]) -> int:
        if self._address:
            answer = request(self._address, "POST", "/judgements", msgspec.to_builtins(Judgements(judged)))
            if answer is None:
                raise StoreError("the sidecar that runs is of an older version; stop it, or start it again.")
            return int(answer["kept"])
        with closing(open_only_writer(self._settings)) as writer:
            return writer.put_judged(judged)


def read_signals(reader: Reader, session_id: str) -> dict[str, dict[str, float]]:
    """What others have scored of the session's traces, by trace; the newest counts."""
    signals: dict[str, dict[str, float]] = {}
    for score in reader.scores(session_id=session_id):
        if score.trace_id and score.name in pandaprobe.WEIGHTS and score.data_type == "NUMERIC":
            signals.setdefault(score.trace_id, {})[score.name] = float(score.value)
    return signals


def read_judged_signals(reader: Reader, due: Due, wanted: Mapping[str, str]) -> dict[str, dict[str, float]] | None:
    """What a judge has scored of the session's traces, by trace; None if some of what is wanted is not there yet."""
    signals: dict[str, dict[str, float]] = {}
    left = dict(wanted)
    for one in reader.judged(Choice(due.session_id)) if wanted else ():
        name = one.judgement.name
        if left.get(name) == one.setting and not one.stale:
            del left[name]
            for trace_id, score in one.judgement.counts.get("traces", {}).items():
                signals.setdefault(trace_id, {})[name] = score
    return None if left else signals
