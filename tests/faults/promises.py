"""The promises as cases: each breaks something, measures, and says what did not hold.

A case is a coroutine `case(place, full)`: `place` is an empty directory; `full` asks for the load of the promise, else
a small one that shows the same. What it returns is told by `run.py`; `test_promises.py` runs the short ones, and
looks at what must hold on any machine, not at figures of time.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Measured:
    """What a case has found."""

    wrong: list[str] = field(default_factory=list)
    """What did not hold, whatever the machine."""
    figures: list[tuple[str, float, float]] = field(default_factory=list)
    """(what and unit, measured, at most)."""
    notes: list[str] = field(default_factory=list)

    def figure(self, what, value, most=float("inf")):
        self.figures.append((what, value, most))

    def claim(self, holds, sentence):
        if not holds:
            self.wrong.append(sentence)

    @property
    def missed(self):
        return [f"{what} {value:.4g}, not at most {most:.4g}" for what, value, most in self.figures if value > most]

    @property
    def told(self):
        return "; ".join([*(f"{what} {value:.4g}" for what, value, _ in self.figures), *self.notes])


class NotHere(Exception):
    """This machine cannot produce the fault; why."""


Case = Callable[[Path, bool], Awaitable[Measured]]


@dataclass(frozen=True)
class Promise:
    """One of the promises, and the case that shows it."""

    number: int
    fault: str
    figure: str
    case: Case
    short: bool
    """Whether its small form belongs to the ordinary tests."""


PROMISES: dict[int, Promise] = {}
NOT_PRODUCED = {
    26: (
        "backend down for an hour",
        "bounded spool; drains at 5 times the live rate; no duplicates",
        "nothing is shipped to a backend yet, so there is no spool to bound",
    )
}
"""Promises without a case: (fault, figure, why)."""


def promise(number, fault, figure, short=True):
    """Makes a coroutine the case of that promise."""

    def keep(case):
        PROMISES[number] = Promise(number, fault, figure, case, short)
        return case

    return keep
