"""Whether one set of sessions scores otherwise than another: task by task, and with what the numbers can bear.

Sessions of a task are averaged first. Tasks that both sets have are paired; the interval of the mean difference is that
of tasks drawn again, and p is the share of random signs of the differences that lead as far from zero. Over several
scores p is made stricter by Holm's method. Beside each difference stands the smallest that so many tasks could have
shown in four cases of five (evaluation reference, §4.3).

Sets without enough tasks in common are held against each other as they are: tasks of each are drawn again by
themselves, and p is the share of random deals of the tasks that lead as far apart. That finds far less.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

DRAWS = 2000
SEED = 20_260
LOW = 0.025
SURE = 0.05
POWER = 2.8
"""Standard errors of the smallest effect that is found in 80 % of cases at p < 0.05."""
FEWEST = 5
"""Tasks that a comparison needs."""

Values = Mapping[str, Sequence[float]]
"""The values of a score, by task."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One score in two sets."""

    name: str
    tasks: int
    before: float
    after: float
    low: float
    """The middle 95 % of after − before."""
    high: float
    p: float
    holm: float
    """p with all the other scores in mind."""
    smallest: float
    mcnemar: float | None = None
    """Its exact p, where every task has one session in each set, which passed or failed."""
    paired: bool = True
    """Task by task; if not, `tasks` are those of the smaller set."""

    @property
    def differs(self) -> bool:
        return self.holm < SURE


def compare_all(before: Mapping[str, Values], after: Mapping[str, Values]) -> list[Difference]:
    """Each score that both sets have for enough tasks, by name."""
    names = sorted(before.keys() & after.keys())
    found = [one for name in names if (one := compare(name, before[name], after[name])) is not None]
    strict = hold([one.p for one in found])
    return [replace(one, holm=p) for one, p in zip(found, strict, strict=True)]


def compare(name: str, before: Values, after: Values) -> Difference | None:
    """One score; None with too few tasks in either set."""
    tasks = sorted(before.keys() & after.keys())
    if len(tasks) < FEWEST:
        return _compare_apart(name, before, after)
    pairs = [(fmean(before[task]), fmean(after[task])) for task in tasks]
    changes = [new - old for old, new in pairs]
    low, high = find_interval(changes)
    p = find_p(changes)
    single = all(len(values[task]) == 1 for values in (before, after) for task in tasks)
    binary = single and all(value in (0.0, 1.0) for pair in pairs for value in pair)
    return Difference(
        name=name,
        tasks=len(tasks),
        before=fmean(old for old, _ in pairs),
        after=fmean(new for _, new in pairs),
        low=low,
        high=high,
        p=p,
        holm=p,
        smallest=POWER * stdev(changes) / math.sqrt(len(changes)),
        mcnemar=find_mcnemar(changes) if binary else None,
    )


def _compare_apart(name: str, before: Values, after: Values) -> Difference | None:
    """One score of sets that have too few tasks in common."""
    old, new = ([fmean(values) for _, values in sorted(some.items())] for some in (before, after))
    if min(len(old), len(new)) < FEWEST:
        return None
    low, high = find_interval_apart(old, new)
    p = find_p_apart(old, new)
    return Difference(
        name=name,
        tasks=min(len(old), len(new)),
        before=fmean(old),
        after=fmean(new),
        low=low,
        high=high,
        p=p,
        holm=p,
        smallest=POWER * math.sqrt(stdev(old) ** 2 / len(old) + stdev(new) ** 2 / len(new)),
        paired=False,
    )


def find_interval_apart(old: Sequence[float], new: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of differences of means over both, drawn again."""
    dice = random.Random(SEED)  # noqa: S311  # no secret is made of it
    drawn = sorted(fmean(dice.choices(new, k=len(new))) - fmean(dice.choices(old, k=len(old))) for _ in range(DRAWS))
    return drawn[int(LOW * DRAWS)], drawn[int((1 - LOW) * DRAWS) - 1]


def find_p_apart(old: Sequence[float], new: Sequence[float]) -> float:
    """How often means are as far apart as these if values are dealt to the two at random."""
    far = abs(fmean(new) - fmean(old)) - 1e-12
    dice, pool, hits = random.Random(SEED), [*old, *new], 0  # noqa: S311  # no secret is made of it
    for _ in range(DRAWS):
        dice.shuffle(pool)
        hits += abs(fmean(pool[: len(new)]) - fmean(pool[len(new) :])) >= far
    return (hits + 1) / (DRAWS + 1)


def find_interval(changes: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of means over changes drawn again."""
    dice = random.Random(SEED)  # noqa: S311  # no secret is made of it
    means = sorted(fmean(dice.choices(changes, k=len(changes))) for _ in range(DRAWS))
    return means[int(LOW * DRAWS)], means[int((1 - LOW) * DRAWS) - 1]


def find_p(changes: Sequence[float]) -> float:
    """How often random signs lead as far from zero as the changes do; 1 if nothing has changed."""
    sizes = [abs(change) for change in changes if change]
    far = abs(sum(changes)) - 1e-12
    dice = random.Random(SEED)  # noqa: S311  # no secret is made of it
    hits = 0
    for _ in range(DRAWS):
        signs = dice.getrandbits(len(sizes) + 1)
        hits += abs(sum(size if signs >> at & 1 else -size for at, size in enumerate(sizes))) >= far
    return (hits + 1) / (DRAWS + 1)


def find_mcnemar(changes: Sequence[float]) -> float:
    """The exact two-sided p of McNemar's test: of those that changed, how many the one way and how many the other."""
    better, worse = sum(change > 0 for change in changes), sum(change < 0 for change in changes)
    count = better + worse
    tail: int = sum(math.comb(count, at) for at in range(min(better, worse) + 1))
    return min(1.0, 2 * tail * 0.5**count)


def hold(chances: Sequence[float]) -> list[float]:
    """Each p as Holm's method makes it stricter, in the order given."""
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    strict, last = [1.0] * len(chances), 0.0
    for place, at in enumerate(order):
        last = max(last, min(1.0, (len(chances) - place) * chances[at]))
        strict[at] = last
    return strict
