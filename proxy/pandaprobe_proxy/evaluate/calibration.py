"""How good an evaluator's scores are, by labels that somebody gave: what it finds, what it misses, what to make of it.

A session passes if its value is at least the threshold. TPR is the share of good sessions that pass, TNR that of bad
ones that do not, AUC how often a good one has the higher value. The corrected rate says how many of all that were
judged are good, given how often the evaluator errs: (passed + TNR − 1) / (TPR + TNR − 1), after Rogan and Gladen.
Intervals are the middle 95 % over groups (sessions of a task) drawn again. Where the interval of AUC reaches 0.5 there
is no number: such an evaluator may be guessing.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

DRAWS = 1000
SEED = 20_260
LOW = 0.025
FEWEST = 10
"""Labels of each kind without which nothing is said."""
ENOUGH = 100
"""Labels from which on intervals are narrow enough for most questions."""
BINS = 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """A session that an evaluator has judged and somebody has labelled."""

    value: float
    good: bool
    group: str
    """Sessions of one group are drawn together: those of a task."""


@dataclass(frozen=True, slots=True)
class Interval:
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Sessions whose values are near each other: a point of the reliability curve."""

    low: float
    high: float
    sessions: int
    value: float
    """Their mean value."""
    good: float
    """The share of them that is labelled good."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What labels say of an evaluator."""

    threshold: float
    good: int
    """Sessions that are labelled good."""
    bad: int
    tpr: Interval
    tnr: Interval
    auc: Interval
    brier: float
    """Mean squared distance of value and label."""
    gap: float
    """Mean distance of the reliability curve from the diagonal, weighted by sessions."""
    bins: tuple[Bin, ...]
    passed: float
    """The share of all judged sessions that pass."""
    corrected: Interval | None
    """The share of them that is good; None if `refused` says why there is no such number."""
    refused: str


def calibrate(labelled: Sequence[Labelled], judged: Sequence[float], threshold: float = 0.5) -> Calibration:
    """`judged`: the values of all sessions, labelled or not. Raises ValueError if there are too few labels."""
    good = sum(one.good for one in labelled)
    bad = len(labelled) - good
    if min(good, bad) < FEWEST:
        raise ValueError(f"{good} sessions are labelled good and {bad} bad; {FEWEST} of each are needed at least")
    draws = [_Draw(some, threshold) for some in _draw_groups(labelled)]
    whole = _Draw(labelled, threshold)
    auc = _span(whole.auc, [one.auc for one in draws])
    told = _span(whole.told, [one.told for one in draws])
    bins = tuple(find_bins(labelled))
    refused = _refuse(auc, told, threshold)
    return Calibration(
        threshold=threshold,
        good=good,
        bad=bad,
        tpr=_span(whole.tpr, [one.tpr for one in draws]),
        tnr=_span(whole.tnr, [one.tnr for one in draws]),
        auc=auc,
        brier=fmean((one.value - one.good) ** 2 for one in labelled),
        gap=sum(one.sessions * abs(one.value - one.good) for one in bins) / len(labelled),
        bins=bins,
        passed=_pass(judged, threshold),
        corrected=None if refused else _correct(whole, draws, judged, threshold),
        refused=refused,
    )


class _Draw:
    """The measures of some labelled sessions. One without good or bad ones has those of a guess."""

    def __init__(self, some: Sequence[Labelled], threshold: float) -> None:
        good = [one.value for one in some if one.good]
        bad = [one.value for one in some if not one.good]
        self.tpr = _pass(good, threshold) if good else 0.5
        self.tnr = 1 - _pass(bad, threshold) if bad else 0.5
        self.told = self.tpr + self.tnr - 1
        self.auc = find_auc(good, bad)

    def correct(self, passed: float) -> float:
        return min(1.0, max(0.0, (passed + self.tnr - 1) / max(self.told, 1e-9)))


def _refuse(auc: Interval, told: Interval, threshold: float) -> str:
    if auc.high < 0.5:
        return f"it has the higher values for bad sessions (AUC {auc.value:.2f} [{auc.low:.2f}, {auc.high:.2f}])"
    if auc.low <= 0.5:
        return f"it may be guessing: AUC {auc.value:.2f} [{auc.low:.2f}, {auc.high:.2f}] reaches 0.5"
    if told.low <= 0:
        return f"at the threshold {threshold:g} it tells good from bad no better than chance; choose another"
    return ""


def _correct(whole: _Draw, draws: Sequence[_Draw], judged: Sequence[float], threshold: float) -> Interval:
    """Both samples are drawn again: the labelled ones, and all that were judged."""
    dice = random.Random(SEED)  # noqa: S311  # no secret is made of it
    passes = [value >= threshold for value in judged]
    rates = [fmean(dice.choices(passes, k=len(passes))) for _ in draws]
    drawn = [draw.correct(rate) for draw, rate in zip(draws, rates, strict=True)]
    return _span(whole.correct(fmean(passes)), drawn)


def _draw_groups(labelled: Sequence[Labelled]) -> list[list[Labelled]]:
    groups: dict[str, list[Labelled]] = {}
    for one in labelled:
        groups.setdefault(one.group, []).append(one)
    dice, listed = random.Random(SEED), list(groups.values())  # noqa: S311  # no secret is made of it
    return [[one for some in dice.choices(listed, k=len(listed)) for one in some] for _ in range(DRAWS)]


def _span(value: float, drawn: Sequence[float]) -> Interval:
    ordered = sorted(drawn)
    return Interval(value, ordered[int(LOW * len(ordered))], ordered[int((1 - LOW) * len(ordered)) - 1])


def _pass(values: Sequence[float], threshold: float) -> float:
    return fmean(value >= threshold for value in values)


def find_auc(good: Sequence[float], bad: Sequence[float]) -> float:
    """How often a good one has the higher value, equal ones by half; 0.5 if there are none of either."""
    if not good or not bad:
        return 0.5
    ordered = sorted(bad)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in good)
    return wins / (2 * len(good) * len(bad))


def find_bins(labelled: Sequence[Labelled]) -> list[Bin]:
    """The reliability curve: values in ten equal parts, those without a session left out."""
    parts: dict[int, list[Labelled]] = {}
    for one in labelled:
        parts.setdefault(min(BINS - 1, int(one.value * BINS)), []).append(one)
    return [
        Bin(at / BINS, (at + 1) / BINS, len(some), fmean(one.value for one in some), fmean(one.good for one in some))
        for at, some in sorted(parts.items())
    ]
