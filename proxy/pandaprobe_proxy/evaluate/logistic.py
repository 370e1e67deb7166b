"""A small logistic regression: from numbers that are known of sessions to the chance that one has failed.

Features are standardised by what they are learnt from, and what is not known is their mean. Ridge keeps it modest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

RIDGE = 20.0
"""Of the squared weights; that of C = 0.05 elsewhere."""
MOST_ROUNDS = 25
CLOSE = 1e-6
FARTHEST = 4.0
"""Deviations beyond which a value counts as no farther."""

Row = Sequence[float | None]
Vector = list[float]


@dataclass(frozen=True, slots=True)
class Logistic:
    """A learnt model."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    """The first is that of no feature."""

    def weigh(self, row: Row) -> float:
        """Log-odds of failure."""
        return _dot(self.weights, self._scale(row))

    def predict(self, row: Row) -> float:
        """The chance, 0 to 1."""
        return squash(self.weigh(row))

    def _scale(self, row: Row) -> Vector:
        return _scale(row, self.means, self.deviations)


def learn(rows: Sequence[Row], failed: Sequence[bool], ridge: float = RIDGE) -> Logistic:
    """The model of these rows, by Newton's method. Raises ValueError if none or all of them have failed."""
    if all(failed) or not any(failed):
        raise ValueError("to learn from, some sessions must have failed and some not")
    columns = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    means = tuple(fmean(column) if column else 0.0 for column in columns)
    deviations = tuple((pstdev(column) if column else 0.0) or 1.0 for column in columns)
    scaled = [_scale(row, means, deviations) for row in rows]
    weights = [0.0] * len(scaled[0])
    for _ in range(MOST_ROUNDS):
        step = _find_step(scaled, failed, weights, ridge)
        weights = [weight - change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < CLOSE:
            break
    return Logistic(means, deviations, tuple(weights))


def _scale(row: Row, means: Sequence[float], deviations: Sequence[float]) -> Vector:
    """With a 1 in front, for the weight of no feature."""
    values = zip(row, means, deviations, strict=True)
    scaled = (0.0 if value is None else (value - mean) / deviation for value, mean, deviation in values)
    return [1.0, *(max(-FARTHEST, min(FARTHEST, value)) for value in scaled)]


def squash(value: float) -> float:
    """Log-odds as a chance, 0 to 1."""
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(float.__mul__, one, other))


def _find_step(rows: Sequence[Vector], failed: Sequence[bool], weights: Vector, ridge: float) -> Vector:
    size = len(weights)
    slope = [0.0] + [ridge * weight for weight in weights[1:]]
    bend = [[ridge * (at == other and at > 0) for other in range(size)] for at in range(size)]
    for row, bad in zip(rows, failed, strict=True):
        chance = squash(_dot(weights, row))
        error, spread = chance - bad, chance * (1 - chance)
        for at, value in enumerate(row):
            slope[at] += error * value
            scaled, line = spread * value, bend[at]
            for other in range(at + 1):
                line[other] += scaled * row[other]
    return _solve(bend, slope)


def _solve(matrix: list[Vector], right: Vector) -> Vector:
    """The solution of a symmetric, positive system of which the lower half is given, by Cholesky."""
    size = len(right)
    root = [[0.0] * size for _ in range(size)]
    for at in range(size):
        for other in range(at + 1):
            rest = matrix[at][other] - _dot(root[at][:other], root[other][:other])
            root[at][other] = math.sqrt(max(rest, 1e-9)) if at == other else rest / root[other][other]
    half: Vector = []
    for at in range(size):
        half.append((right[at] - _dot(root[at][:at], half)) / root[at][at])
    solved = [0.0] * size
    for at in reversed(range(size)):
        rest = sum(root[below][at] * solved[below] for below in range(at + 1, size))
        solved[at] = (half[at] - rest) / root[at][at]
    return solved
