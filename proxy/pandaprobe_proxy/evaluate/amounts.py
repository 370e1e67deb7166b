"""Numbers as they are written in texts, and whether one follows from others by a little arithmetic."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

_NUMBER = re.compile(
    r"(?P<ending>\bending (?:in|with) )?(?<![\w.,#-])(?P<money>[$€£])?"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]|[.,:/-]\d|-\w)"
)
_RAW = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
SMALLEST = 32
"""Smaller whole numbers count things, hours and days."""
YEARS = range(1900, 2101)
LONGEST = 4
"""More digits without a point, a comma or a currency are an id."""
LONGEST_NUMBER = 20
MOST_KEPT = 300
"""The last amounts of which one is added or taken away."""
MOST_SUMMED = 12
"""The last amounts that sums of up to five are made of."""
TIMES = range(2, 13)


@dataclass(frozen=True, slots=True)
class Amount:
    value: int
    """In hundredths."""
    text: str


def read_amounts(text: str) -> Iterator[Amount]:
    """The amounts in a text: numbers that stand alone, and are no small count, year, id, date or time."""
    for found in _NUMBER.finditer(text):
        number, value = found["number"], _read(found["number"])
        if found["ending"] or not (found["money"] or "." in number or "," in number or _is_amount(number)):
            continue
        if value:
            yield Amount(value, found[0])


def _is_amount(digits: str) -> bool:
    return len(digits) <= LONGEST and int(digits) >= SMALLEST and int(digits) not in YEARS


def _read(number: str) -> int:
    """In hundredths; 0 of one that is longer than any amount."""
    return round(float(number.replace(",", "")) * 100) if len(number) <= LONGEST_NUMBER else 0


class Amounts:
    """The amounts that were said so far."""

    def __init__(self) -> None:
        self._said: set[int] = set()
        self._operands: dict[int, None] = {}

    def hear(self, text: str) -> None:
        """Every number of a text counts as said, whatever it is part of; its amounts are reckoned with."""
        self._said.update(_read(number) for number in _RAW.findall(text))
        for amount in read_amounts(text):
            self.add(amount)

    def add(self, amount: Amount) -> None:
        """The newest amount."""
        self._operands.pop(amount.value, None)
        self._operands[amount.value] = None

    def explain(self, value: int) -> bool:
        """Whether it was said, or follows from what was: one amount plus, minus or times another, or a sum of a few."""
        known = self._operands
        if value in self._said or value in known:
            return True
        recent = list(islice(reversed(known), MOST_KEPT))
        if any(value - one in known or value + one in known for one in recent):
            return True
        if any(value % times == 0 and value // times in known for times in TIMES):
            return True
        last = recent[:MOST_SUMMED]
        return any(sum(some) == value for count in (3, 4, 5) for some in combinations(last, count))
