"""How well numbers tell two kinds of sessions apart, with intervals that know of tasks."""

import math
import random
from collections import defaultdict


def find_auc(positive, negative):
    """The chance that one of the first is greater than one of the second; half of it if they are equal."""
    ranked = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += sum(kind for _, kind in ranked[at:end]) * (at + end + 1) / 2
        at = end
    pairs = len(positive) * len(negative)
    return (total - len(positive) * (len(positive) + 1) / 2) / pairs if pairs else float("nan")


def find_grouped_auc(rows, group):
    """The same, over pairs within a group only. Rows are (value, failed, …)."""
    groups = defaultdict(lambda: ([], []))
    for row in rows:
        groups[group(row)][not row[1]].append(row[0])
    won = pairs = 0.0
    for positive, negative in groups.values():
        if positive and negative:
            won += find_auc(positive, negative) * len(positive) * len(negative)
            pairs += len(positive) * len(negative)
    return won / pairs if pairs else float("nan")


def find_interval(rows, task, measure, times=200, seed=7):
    """The middle 95 % of a measure over rows whose tasks are drawn again and again."""
    dice = random.Random(seed)
    tasks = defaultdict(list)
    for row in rows:
        tasks[task(row)].append(row)
    names = sorted(tasks)
    values = []
    for _ in range(times):
        drawn = [(number, row) for number, name in enumerate(dice.choices(names, k=len(names))) for row in tasks[name]]
        value = measure([(*row, number) for number, row in drawn])
        if not math.isnan(value):
            values.append(value)
    values.sort()
    return (values[int(0.025 * len(values))], values[int(0.975 * len(values)) - 1]) if values else (float("nan"),) * 2
