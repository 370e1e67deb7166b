"""Which earlier call a call goes on from, by what it shows, and which call a sub-agent was begun by. Pure.

The newest answer that the call shows decides. Where it was given in several sessions, what else the call shows must
tell them apart; if it does not, the call stays apart, and its candidates are kept. Nothing is ever merged on a guess.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from pandaprobe_proxy.model.evidence import Evidence, Key, Kind

MOST_FOUND = 32
"""What more calls have left is told by nothing."""
SLACK_NS = 1_000_000_000
"""A client may go on with an answer before the relay has seen its end."""
_WEAK = frozenset({Kind.PAIR, Kind.ANSWER, Kind.LINE})
_BEGUN = frozenset({Kind.LINE, Kind.PROMPT})


class Found(NamedTuple):
    """A call that left what another one shows."""

    call: int
    call_id: str
    session: int
    started_ns: int
    ended_ns: int
    agent: bytes


@dataclass(frozen=True, slots=True)
class Inference:
    """What follows from the evidence."""

    follows: Found | None = None
    """The call that this one goes on from."""
    kind: Kind | None = None
    parent: Found | None = None
    """The call of another agent that began this one."""
    candidates: tuple[Found, ...] = ()
    """One of each session that it may be of, if it cannot be told."""


Find = Callable[[Key], Sequence[Found]]
"""The calls that left a key, newest first, at most MOST_FOUND + 1 of them."""
Knows = Callable[[int, bytes], bool]
"""Whether an agent has made calls in a session."""


def infer(evidence: Evidence, started_ns: int, find: Find, knows: Knows) -> Inference:
    """What the calls that `find` knows say of a call that began then."""
    continued = _infer_continued(evidence, started_ns, find)
    if continued.follows or continued.candidates:
        return continued
    return _infer_beginning(evidence, started_ns, find, knows)


def _infer_continued(evidence: Evidence, started_ns: int, find: Find) -> Inference:
    possible: list[Found] = []
    kind: Kind | None = None
    answers = (key for key in evidence.shown if key.kind not in _BEGUN)
    for _, keys in groupby(answers, key=lambda key: key.position):
        here, by = _look_up(keys, started_ns, find)
        if not here:
            continue
        kind = kind or by
        possible = _narrow(possible, here) if possible else here
        if len(_sessions(possible)) == 1:
            return Inference(follows=possible[0], kind=kind)
    told = [found for found in possible if found.agent == evidence.agent]
    if len(_sessions(told)) == 1:
        return Inference(follows=told[0], kind=kind)
    return Inference(kind=kind, candidates=_one_each(possible))


def _look_up(keys: Iterable[Key], started_ns: int, find: Find) -> tuple[list[Found], Kind | None]:
    """The calls that gave one answer, by the strongest thing that shows it."""
    for key in keys:
        found = find(key)
        if key.kind in _WEAK and len(found) > MOST_FOUND:
            continue
        before = [earlier for earlier in found if _was_before(earlier, started_ns)]
        if before:
            return before, key.kind
    return [], None


def _was_before(earlier: Found, started_ns: int) -> bool:
    """Nobody can show what had not been said yet."""
    return earlier.started_ns < started_ns and earlier.ended_ns - SLACK_NS <= started_ns


def _narrow(possible: list[Found], here: Sequence[Found]) -> list[Found]:
    """Those of the sessions that also gave an older answer; all of them if none did."""
    sessions = _sessions(here)
    return [found for found in possible if found.session in sessions] or possible


def _sessions(found: Iterable[Found]) -> set[int]:
    return {one.session for one in found}


def _one_each(found: Sequence[Found]) -> tuple[Found, ...]:
    return tuple({one.session: one for one in reversed(found)}.values())[::-1]


def _infer_beginning(evidence: Evidence, started_ns: int, find: Find, knows: Knows) -> Inference:
    """A conversation without an answer in it: one that was summed up goes on, and a sub-agent has a parent."""
    parents, lines = (
        [earlier for key in evidence.shown if key.kind is kind for earlier in _look_up([key], started_ns, find)[0]]
        for kind in (Kind.PROMPT, Kind.LINE)
    )
    if len(_sessions(parents)) == 1:
        return Inference(parent=parents[0])
    same = [earlier for earlier in lines if evidence.agent and knows(earlier.session, evidence.agent)]
    if len(_sessions(same)) == 1:
        return Inference(follows=same[0], kind=Kind.LINE)
    return Inference(candidates=_one_each(same or parents))
