"""Numbers as they are written in texts, and whether one follows from others by a little arithmetic."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]|[.,:/-]\d|-\w)")
_BEFORE = re.compile(r"(?P<ending>\bending (?:in|with) )?(?:(?<![\w.,#-])(?P<money>[$€£])|(?<![\w.,#-]))\Z")
LONGEST_BEFORE = len(" ending with $")
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
    for found in _NUMBER.finditer(text):  # it begins with a digit, which is found fast; then one looks back
        number = found[0]
        before = _BEFORE.search(text[max(0, found.start() - LONGEST_BEFORE) : found.start()])
        if before is None or before["ending"]:
            continue
        money, value = before["money"] or "", _read(number)
        if value and (money or "." in number or "," in number or _is_amount(number)):
            yield Amount(value, f"{money}{number}")


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
        return add_up(recent[:MOST_SUMMED], value)


def add_up(parts: Sequence[int], total: int) -> bool:
    """Whether three, four or five of some different parts, all above zero, are the total.

    Four are two pairs that share nothing, and five a pair and a triple: far fewer sums than all choices of five.
    """
    small = sorted(part for part in parts if part < total)
    if len(small) < 3 or sum(small[-5:]) < total:
        return False
    ones = [(1 << at, part) for at, part in enumerate(small)]
    pairs = [(one | two, first + second) for (one, first), (two, second) in combinations(ones, 2)]
    triples = [(mask | one, most + part) for mask, most in pairs for one, part in ones if one > mask]
    by_sum: dict[int, list[int]] = {}
    for mask, most in pairs:
        by_sum.setdefault(most, []).append(mask)
    return any(most == total for _, most in triples) or any(
        not mask & other for mask, most in (*pairs, *triples) for other in by_sum.get(total - most, ())
    )
