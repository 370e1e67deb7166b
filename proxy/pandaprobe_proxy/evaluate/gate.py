"""Whether scores are good enough for a pipeline to go on."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

DRAWS = 2000
SEED = 20_260
LOW = 0.025


@dataclass(frozen=True, slots=True)
class Check:
    """One score over some sessions, held against a threshold."""

    name: str
    threshold: float
    sessions: int
    """Those that have a value."""
    mean: float | None
    low: float | None
    """Where 95 % of means of sessions drawn again begin."""
    passed: bool
    reason: str


def check(name: str, values: Sequence[float], threshold: float, strict: bool, fewest: int) -> Check:
    """Passes if the mean is not under the threshold; if strict, its lower bound. Too few values never pass."""
    if len(values) < max(1, fewest):
        mean = fmean(values) if values else None
        reason = f"{len(values)} sessions have a value, {max(1, fewest)} are needed"
        if not values:
            reason += "; `eval ls` lists the scores that there are"
        return Check(name, threshold, len(values), mean, None, False, reason)
    mean, low = fmean(values), find_low(values)
    held = low if strict else mean
    passed = held >= threshold
    what = "lower bound" if strict else "mean"
    reason = f"{what} {held:.3f} {'is not' if passed else 'is'} under {threshold:g}"
    return Check(name, threshold, len(values), mean, low, passed, reason)


def check_all(
    values: Mapping[str, Sequence[float]], thresholds: Mapping[str, float], strict: bool, fewest: int
) -> list[Check]:
    """Each threshold, in order."""
    return [check(name, values.get(name, ()), threshold, strict, fewest) for name, threshold in thresholds.items()]


def find_low(values: Sequence[float]) -> float:
    """The lower end of the middle 95 % of means over values drawn again, the same whenever it is asked."""
    dice = random.Random(SEED)  # noqa: S311  # no secret is made of it
    means = sorted(fmean(dice.choices(values, k=len(values))) for _ in range(DRAWS))
    return means[int(LOW * DRAWS)]
