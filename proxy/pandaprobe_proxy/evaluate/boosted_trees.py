"""Boosted trees: from numbers that are known of sessions to the log-odds that one has failed.

Each tree asks three questions at most and mends a little of what the trees before it got wrong (Friedman 2001, with the
second-order leaves of XGBoost). It sees what a weighted sum cannot: that a number matters for one model, or only beyond
some point. What is not known goes where that helps most. Each tree sees some of the numbers, drawn with a fixed seed.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pandaprobe_proxy.evaluate.logistic import squash

ROUNDS = 150
DEPTH = 3
SHRINKAGE = 0.05
SHARE = 0.3
"""Of the numbers that a tree sees, at least as many as it asks questions."""
RIDGE = 5.0
FEWEST = 20
"""Sessions in a leaf."""
BINS = 32
UNKNOWN = 0
"""The bin of what is not known; those of values begin at 1."""
SEED = 20_260

Row = Sequence[float | None]
Sums = tuple[float, float, int]
"""Of the slopes, of the bends (first and second derivatives of the loss), and of sessions."""


@dataclass(frozen=True, slots=True)
class Leaf:
    value: float

    def find(self, _: Row) -> float:
        return self.value


@dataclass(frozen=True, slots=True)
class Fork:
    """A question: is the number at most the edge?"""

    at: int
    edge: float
    unknown_low: bool
    low: "Fork | Leaf"
    high: "Fork | Leaf"

    def find(self, row: Row) -> float:
        value = row[self.at]
        below = self.unknown_low if value is None else value <= self.edge
        return (self.low if below else self.high).find(row)


@dataclass(frozen=True, slots=True)
class Trees:
    """A learnt model."""

    base: float
    all: tuple[Fork | Leaf, ...]

    def weigh(self, row: Row) -> float:
        """Log-odds of failure."""
        return self.base + math.fsum(tree.find(row) for tree in self.all)


@dataclass(frozen=True, slots=True)
class _Split:
    gain: float
    at: int
    edge: int
    """The last bin that is low."""
    unknown_low: bool


class _Growing:
    """The sessions that are learnt from, by bins, with what is still wrong about each."""

    def __init__(self, rows: Sequence[Row], failed: Sequence[bool]) -> None:
        self.failed = failed
        columns = list(zip(*rows, strict=True))
        self.edges = [_find_edges(column) for column in columns]
        self.bins = [
            bytes(UNKNOWN if value is None else 1 + bisect_left(edges, value) for value in column)
            for column, edges in zip(columns, self.edges, strict=True)
        ]
        self.useful = [at for at, edges in enumerate(self.edges) if edges]
        share = (sum(failed) + 1) / (len(failed) + 2)
        self.base = math.log(share / (1 - share))
        self.odds = [self.base] * len(failed)
        self.slopes: list[float] = []
        self.bends: list[float] = []

    def add(self, dice: random.Random) -> Fork | Leaf:
        """The next tree, among whose numbers chance decides."""
        chances = [squash(odds) for odds in self.odds]
        self.slopes = [chance - bad for chance, bad in zip(chances, self.failed, strict=True)]
        self.bends = [chance * (1 - chance) for chance in chances]
        seen = dice.sample(self.useful, min(len(self.useful), max(DEPTH, round(SHARE * len(self.useful)))))
        return self.grow(list(range(len(self.failed))), sorted(seen), DEPTH)

    def grow(self, rows: list[int], seen: Sequence[int], depth: int) -> Fork | Leaf:
        sums = self.add_up(rows)
        best = (
            max((self.split(rows, at, sums) for at in seen), key=lambda one: one.gain, default=None) if depth else None
        )
        if best is None or best.gain <= 0:
            value = -SHRINKAGE * sums[0] / (sums[1] + RIDGE)
            for row in rows:
                self.odds[row] += value
            return Leaf(value)
        bins = self.bins[best.at]
        low = [row for row in rows if (best.unknown_low if bins[row] == UNKNOWN else bins[row] <= best.edge)]
        kept = set(low)
        high = [row for row in rows if row not in kept]
        grown = self.grow(low, seen, depth - 1), self.grow(high, seen, depth - 1)
        return Fork(best.at, self.edges[best.at][best.edge - 1], best.unknown_low, *grown)

    def add_up(self, rows: Sequence[int]) -> Sums:
        slopes, bends = (sum(map(all_.__getitem__, rows)) for all_ in (self.slopes, self.bends))
        return slopes, bends, len(rows)

    def split(self, rows: Sequence[int], at: int, whole: Sums) -> _Split:
        """The best question about one number."""
        slopes, bends, counts = self.count(rows, at)
        unknown = slopes[UNKNOWN], bends[UNKNOWN], counts[UNKNOWN]
        best, low = _Split(0.0, at, 0, False), (0.0, 0.0, 0)
        for edge in range(1, len(self.edges[at]) + 1):
            low = low[0] + slopes[edge], low[1] + bends[edge], low[2] + counts[edge]
            for with_unknown in (False, True) if unknown[2] else (False,):
                part = (low[0] + unknown[0], low[1] + unknown[1], low[2] + unknown[2]) if with_unknown else low
                gain = _find_gain(part, whole)
                if gain > best.gain:
                    best = _Split(gain, at, edge, with_unknown)
        return best

    def count(self, rows: Sequence[int], at: int) -> tuple[list[float], list[float], list[int]]:
        size = len(self.edges[at]) + 2
        slopes, bends, counts = [0.0] * size, [0.0] * size, [0] * size
        bins, all_slopes, all_bends = self.bins[at], self.slopes, self.bends
        for row in rows:
            place = bins[row]
            slopes[place] += all_slopes[row]
            bends[place] += all_bends[row]
            counts[place] += 1
        return slopes, bends, counts


def learn(rows: Sequence[Row], failed: Sequence[bool]) -> Trees:
    """The trees of these rows; the same rows give the same trees."""
    growing, dice = _Growing(rows, failed), random.Random(SEED)  # noqa: S311  # no secret is made of it
    return Trees(growing.base, tuple(growing.add(dice) for _ in range(ROUNDS)))


def _find_edges(column: Iterable[float | None]) -> list[float]:
    """Between bins of about as many sessions each; none if all values are the same."""
    known = sorted(value for value in column if value is not None)
    places = range(len(known) // BINS, len(known), max(1, len(known) // BINS))
    return sorted({known[place] for place in places} - {known[-1]})[: BINS + 1] if known else []


def _find_gain(low: Sums, whole: Sums) -> float:
    high = whole[0] - low[0], whole[1] - low[1], whole[2] - low[2]
    if min(low[2], high[2]) < FEWEST:
        return 0.0
    return _score(low) + _score(high) - _score(whole)


def _score(sums: Sums) -> float:
    return sums[0] * sums[0] / (sums[1] + RIDGE)
