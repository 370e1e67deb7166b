"""The chance that a session has failed, learnt from sessions of the same project that somebody has labelled.

Three models see it differently, and their log-odds are averaged: a logistic regression over numbers (a weighted sum,
which few labels suffice for), boosted trees over the same (where a number matters in one place only), and a logistic
regression over words (what the session is about, and how it ended). None is chosen or weighted by how well it did, so
that nothing of the labels is used twice. Learnt on one project it says nothing of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from pandaprobe_proxy.evaluate import boosted_trees, logistic, word_weights

FEWEST_OF_MODEL = 10
"""Sessions of a model without which it is no number of its own."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a calibrator sees of a session."""

    numbers: tuple[float | None, ...]
    words: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A learnt model."""

    models: tuple[str, ...]
    sum: logistic.Logistic
    trees: boosted_trees.Trees
    words: word_weights.WordWeights

    def predict(self, known: Known) -> float:
        """The chance of failure, 0 to 1."""
        row = _to_row(known, self.models)
        return logistic.squash(fmean((self.sum.weigh(row), self.trees.weigh(row), self.words.weigh(known.words))))


def learn(sessions: Sequence[Known], failed: Sequence[bool]) -> Calibrator:
    """Raises ValueError if none or all of them have failed."""
    named = [known.model for known in sessions]
    models = tuple(sorted(model for model in set(named) if named.count(model) >= FEWEST_OF_MODEL))
    rows = [_to_row(known, models) for known in sessions]
    return Calibrator(
        models,
        logistic.learn(rows, failed),
        boosted_trees.learn(rows, failed),
        word_weights.learn([known.words for known in sessions], failed),
    )


def _to_row(known: Known, models: Sequence[str]) -> list[float | None]:
    return [*known.numbers, *(float(known.model == model) for model in models)]
