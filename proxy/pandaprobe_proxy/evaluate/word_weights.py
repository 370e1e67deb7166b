"""What words go with failure: from the words of sessions to the log-odds that one has failed.

A logistic regression over words, each weighted by how rare it is (tf-idf). It needs no matrix: what a session has of
most words is nothing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from pandaprobe_proxy.evaluate.logistic import squash

FEWEST = 5
"""Sessions that must have a word."""
COST = 3.0
"""Of getting a session wrong, against a weight's square."""
MOST_ROUNDS = 12
CLOSE = 1e-6
"""Of the first slope's square, at which the weights are found."""
NEAR = 1e-3
"""Of the slope's square, at which a step is good enough."""

Weights = list[float]
Words = Iterable[str]


@dataclass(frozen=True, slots=True)
class WordWeights:
    """A learnt model."""

    places: Mapping[str, int]
    rarity: Sequence[float]
    """By place."""
    weights: Weights
    """By place; the last is that of no word."""

    def weigh(self, words: Words) -> float:
        """Log-odds of failure."""
        return _dot(self.weights, *_place(words, self.places, self.rarity))


Vector = tuple[Sequence[int], Sequence[float]]
"""The places that are not zero, and their values."""


def learn(sessions: Sequence[Words], failed: Sequence[bool], rounds: int = MOST_ROUNDS) -> WordWeights:
    """The weights of the words of these sessions, found in so many rounds at most."""
    sessions = [list(words) for words in sessions]
    known = Counter(word for words in sessions for word in set(words))
    kept = sorted(word for word, count in known.items() if count >= FEWEST)
    places = {word: place for place, word in enumerate(kept)}
    rarity = [math.log((1 + len(sessions)) / (1 + known[word])) + 1 for word in kept]
    vectors = [_place(words, places, rarity) for words in sessions]
    return WordWeights(places, rarity, _fit(vectors, failed, len(kept) + 1, rounds))


def _place(words: Words, places: Mapping[str, int], rarity: Sequence[float]) -> Vector:
    """Of length 1, and at the last place 1 for no word."""
    counts = Counter(place for word in words if (place := places.get(word)) is not None)
    values = [(1 + math.log(count)) * rarity[place] for place, count in counts.items()]
    length = math.sqrt(math.fsum(value * value for value in values)) or 1.0
    return [*counts, len(rarity)], [*(value / length for value in values), 1.0]


def _fit(vectors: Sequence[Vector], failed: Sequence[bool], size: int, rounds: int) -> Weights:
    """By Newton's method, each step of which is found by conjugate gradients."""
    weights, first = [0.0] * size, 0.0
    for _ in range(rounds):
        chances = [squash(_dot(weights, *vector)) for vector in vectors]
        errors = [COST * (chance - bad) for chance, bad in zip(chances, failed, strict=True)]
        slope = _add(_pull(weights), _spread(vectors, errors, size))
        length = _multiply(slope, slope)
        first = first or length
        if length <= CLOSE * first:
            break
        bends = [COST * chance * (1 - chance) for chance in chances]
        weights = _add(weights, _find_step(vectors, bends, slope), -1.0)
    return weights


def _find_step(vectors: Sequence[Vector], bends: Sequence[float], slope: Weights) -> Weights:
    """What the bends make of the slope, nearly."""
    step, rest, way = [0.0] * len(slope), slope, slope
    length = first = _multiply(rest, rest)
    while length > NEAR * first:
        along = [bend * _dot(way, *vector) for bend, vector in zip(bends, vectors, strict=True)]
        bent = _add(_pull(way), _spread(vectors, along, len(slope)))
        far = length / _multiply(way, bent)
        step, rest = _add(step, way, far), _add(rest, bent, -far)
        before, length = length, _multiply(rest, rest)
        way = _add(rest, way, length / before)
    return step


def _pull(weights: Weights) -> Weights:
    """Towards zero, but for the weight of no word."""
    return [*weights[:-1], 0.0]


def _spread(vectors: Sequence[Vector], shares: Sequence[float], size: int) -> Weights:
    """The vectors added up, each by its share."""
    whole = [0.0] * size
    for (places, values), share in zip(vectors, shares, strict=True):
        for place, value in zip(places, values, strict=True):
            whole[place] += share * value
    return whole


def _add(one: Weights, other: Weights, times: float = 1.0) -> Weights:
    return [first + times * second for first, second in zip(one, other, strict=True)]


def _multiply(one: Weights, other: Weights) -> float:
    return math.fsum(map(mul, one, other))


def _dot(weights: Sequence[float], places: Sequence[int], values: Sequence[float]) -> float:
    return math.fsum(map(mul, map(weights.__getitem__, places), values))
