"""How a score moves over the turns of a session: gains, stalls, regressions.

A gain is a new peak, by at least 0.02. A stall is five turns without one while the peak is under 0.5: not "not yet",
but "not going to be". A regression is a turn that is more than 0.15 under the peak. A low score that still climbs is
none of these. The steps are those of PandaProbe's own gate, so that both alarm at the same turns.
"""

from collections.abc import Iterable
from dataclasses import dataclass

GAIN, DROP = 0.02, 0.15
PATIENCE = 5
"""Turns without a gain that are a stall."""
LOW = 0.5
GAINING, STEADY, STALLED, REGRESSED = "gaining", "steady", "stalled", "regressed"


@dataclass(frozen=True, slots=True)
class Event:
    """A turn at which the course changed."""

    turn: int
    kind: str
    """`gaining`, `stalled` or `regressed`."""
    value: float
    peak: float
    """Before this turn."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a score went."""

    scores: tuple[tuple[int, float], ...]
    """(turn, score) of the turns that have one."""
    events: tuple[Event, ...]
    state: str
    """How it stands at the end: `gaining`, `steady`, `stalled` or `regressed`."""
    bad: int
    """Turns at which it stood stalled or regressed."""

    @property
    def last(self) -> float:
        return self.scores[-1][1]

    @property
    def peak(self) -> float:
        return max(score for _, score in self.scores)

    def describe(self) -> str:
        """In a few words, with the turn at which it went wrong."""
        worst = next((event for event in reversed(self.events) if event.kind == self.state), None)
        if worst is None or self.state == GAINING:
            return f"{self.state}, {self.last:.2f} after {len(self.scores)} turns"
        if self.state == STALLED:
            return f"stalled at {self.last:.2f}, no gain up to turn {worst.turn}"
        return f"regressed from {worst.peak:.2f} to {self.last:.2f}, first at turn {worst.turn}"

    def count(self, kind: str) -> int:
        return sum(event.kind == kind for event in self.events)


def follow(scores: Iterable[tuple[int, float]]) -> Course:
    """The course of (turn, score), by turn. Raises ValueError if there is none."""
    listed = tuple(scores)
    if not listed:
        raise ValueError("there is no turn with a score")
    events: list[Event] = []
    peak, state, since, bad = listed[0][1], STEADY, 0, 0
    for turn, score in listed[1:]:
        since += 1
        before, state = state, _stand(score, peak, since)
        if state == GAINING or state not in (before, STEADY):
            events.append(Event(turn, state, score, peak))
        if state == GAINING:
            peak, since = score, 0
        bad += state in (STALLED, REGRESSED)
    return Course(listed, tuple(events), state, bad)


def _stand(score: float, peak: float, since: int) -> str:
    if score >= peak + GAIN:
        return GAINING
    if score < peak - DROP:
        return REGRESSED
    if since >= PATIENCE and peak < LOW:
        return STALLED
    return STEADY
