"""How often `eval compare` reports a difference where there is none, and what it reports where there is one.

    python bench/comparisons.py ../shared/data/sessions

A/A: two runs of the same model over the same tasks, whose sessions are dealt to two sets at random, task by task, over
and over. A false alarm is a deal in which any score differs after Holm's method. Then other models against one of the
two. Exits 1 if more than 5 % of the deals are false alarms.
"""

import argparse
import random
import sys
from collections import defaultdict

from labelled import files, load
from pandaprobe_proxy.evaluate.compare import compare_all
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits

DEALS = 200


def read_values(path):
    """{run: {score: {task: [value]}}}, success among the scores, and the model of each run."""
    runs = list(load(path))
    traits = [read_traits(run.session) for run in runs]
    setting = Setting(Peers(traits))
    values = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for run, own in zip(runs, traits, strict=True):
        values[run.run]["success"][run.task].append(float(not run.failed))
        for judged in judge_all(run.session, own, setting):
            if judged.value is not None:
                values[run.run][judged.name][run.task].append(judged.value)
    return values, {run.run: run.model for run in runs}


def deal(one, other, dice):
    """The two runs with each task's sessions swapped or not."""
    tasks = {task for scores in (*one.values(), *other.values()) for task in scores}
    swapped = {task for task in sorted(tasks) if dice.random() < 0.5}
    sides = ({}, {})
    for name in one.keys() & other.keys():
        for side, (mine, theirs) in zip(sides, ((one, other), (other, one)), strict=True):
            side[name] = {
                task: (theirs if task in swapped else mine)[name][task]
                for task in tasks
                if task in (theirs if task in swapped else mine)[name]
            }
    return sides


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    given = parser.parse_args()
    path = next(path for path in files(given.directory) if "5runs" in path.name)
    values, models = read_values(path)
    same = next([one, other] for one in models for other in models if one < other and models[one] == models[other])
    dice = random.Random(1)
    alarms = 0
    for _ in range(DEALS):
        alarms += any(one.differs for one in compare_all(*deal(values[same[0]], values[same[1]], dice)))
    print(f"A/A: {alarms} false alarms in {DEALS} deals of {models[same[0]]} against itself")
    for run, model in models.items():
        if run not in same:
            print(f"{models[same[0]]} → {model}")
            for one in compare_all(values[same[0]], values[run]):
                print(
                    f"  {one.name:22} {one.before:.3f} → {one.after:.3f} [{one.low:+.3f}, {one.high:+.3f}]"
                    f" p {one.p:.4f} Holm {one.holm:.4f}, not under {one.smallest:.3f}{' *' if one.differs else ''}"
                )
    return int(alarms > 0.05 * DEALS)


if __name__ == "__main__":
    sys.exit(main())
