"""Numbers as they are written in texts, and whether one follows from others by a little arithmetic."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, islice

_NUMBER = re.compile(r"(?<![\w.,#-])[$€£]?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]|[.,:/-]\d|-\w)%?")
_RAW = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
SMALLEST = 32
"""Smaller whole numbers count things, hours and days."""
YEARS = range(1900, 2101)
MOST_KEPT = 400
"""The last amounts that sums are made of."""
MOST_SUMMED = 60
TIMES = range(2, 13)


@dataclass(frozen=True, slots=True)
class Amount:
    value: int
    """In hundredths."""
    text: str
    worth_checking: bool
    """It stands alone, and is neither small nor a year."""


def read_amounts(text: str) -> Iterator[Amount]:
    """The numbers that stand alone in a text. Those within ids, dates and times are none."""
    for found in _NUMBER.finditer(text):
        value = _read(found[1])
        whole = value % 100 == 0
        small = whole and (value < SMALLEST * 100 or value // 100 in YEARS)
        yield Amount(value, found[0], not small and len(found[1]) < 12)


def _read(number: str) -> int:
    return round(float(number.replace(",", "")) * 100)


class Amounts:
    """The amounts that were said so far."""

    def __init__(self) -> None:
        self._said: set[int] = set()
        self._operands: dict[int, None] = {}

    def hear(self, text: str) -> None:
        """Every number of a text counts as said, whatever it is part of; those that stand alone are reckoned with."""
        self._said.update(_read(number) for number in _RAW.findall(text))
        for amount in read_amounts(text):
            if amount.worth_checking:
                self._operands.pop(amount.value, None)
                self._operands[amount.value] = None

    def explain(self, value: int) -> bool:
        """Whether it was said, or follows from what was."""
        if value in self._said:
            return True
        known = self._operands
        recent = list(islice(reversed(known), MOST_KEPT))
        if any(value - one in known or value + one in known for one in recent):
            return True
        if any(value % times == 0 and value // times in known for times in TIMES):
            return True
        pairs = combinations_with_replacement(recent[:MOST_SUMMED], 2)
        return any(value - one - other in known or value + one - other in known for one, other in pairs)
