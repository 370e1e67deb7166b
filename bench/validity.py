"""How well the scores tell sessions that failed from those that did not, on recorded runs with a known outcome.

    python bench/validity.py ../shared/data/sessions                     prints the tables
    python bench/validity.py ../shared/data/sessions --write docs/validity.md

For each score the AUC of 1 − value against failure, 0.5 being worth nothing: over all pairs of sessions, over pairs of
the same run (no difference of models), and over pairs of the same task (no difference of difficulty), each with the
middle 95 % over tasks drawn again. A score that is null counts as the mean of those that are not. Nothing is learnt
but by the calibrator, which never sees a task that it is asked about.
"""

import argparse
import math
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean

from labelled import files, load
from pandaprobe_proxy.evaluate import replicate_agreement, risk
from pandaprobe_proxy.evaluate.calibrator import Known, learn
from pandaprobe_proxy.evaluate.features import AGREEMENT, read_features, read_words
from pandaprobe_proxy.evaluate.learned import fold
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from ranking import find_auc, find_grouped_auc, find_interval

REPEATS = 3
VALUE, FAILED, RUN, TASK, DRAWN = range(5)


def measure(path, times):
    """(name, what is known of, the three AUC with their intervals) of each score of a file."""
    runs = list(load(path))
    traits = [read_traits(run.session) for run in runs]
    setting = Setting(Peers(traits))
    judged = [
        {one.name: one for one in judge_all(run.session, own, setting)} for run, own in zip(runs, traits, strict=True)
    ]
    columns = {name: [one[name].value for one in judged] for name in judged[0]}
    columns["risk"] = [one["risk"].value for one in judged]
    columns["risk, without peers"] = [
        risk.judge(run.session, own, Strangers(traits)).value for run, own in zip(runs, traits, strict=True)
    ]
    for most in (1, 3, 4):
        named = f"replicate_agreement, {most} peer{'s' * (most > 1)}"
        columns[named] = [replicate_agreement.judge(own, setting.peers, most).value for own in traits]
    rows = [read_features(run.session, own, one.values()) for run, own, one in zip(runs, traits, judged, strict=True)]
    words = [tuple(read_words(run.session, own)) for run, own in zip(runs, traits, strict=True)]
    for name, left_out in (("calibrator", AGREEMENT), ("calibrator with agreement", "")):
        known = [
            Known(tuple(value for feature, value in row.items() if feature != left_out), said, own.model)
            for row, said, own in zip(rows, words, traits, strict=True)
        ]
        columns[name] = [1 - chance for chance in predict(runs, known)]
    return runs, [(name, *describe(values, runs, times)) for name, values in columns.items()]


class Strangers(Peers):
    """Sessions of which nobody knows whose peers they are: ranks only."""

    def find(self, of):
        return [], "none"


def predict(runs, known):
    """The chance of failure of each run, by models that have not seen its task."""
    failed, tasks = [run.failed for run in runs], [run.task for run in runs]
    jobs = [(known, failed, *parts) for repeat in range(REPEATS) for parts in fold(tasks, repeat)]
    chances = [0.0] * len(runs)
    with ProcessPoolExecutor() as workers:
        for (*_, asked), told in zip(jobs, workers.map(learn_and_tell, jobs), strict=True):
            for at, chance in zip(asked, told, strict=True):
                chances[at] += chance / REPEATS
    return chances


def learn_and_tell(job):
    known, failed, seen, asked = job
    model = learn([known[at] for at in seen], [failed[at] for at in seen])
    return [model.predict(known[at]) for at in asked]


def describe(values, runs, times):
    known = [value for value in values if value is not None]
    middle = fmean(known) if known else 0.0
    rows = [
        (1 - (middle if value is None else value), run.failed, run.run, run.task)
        for value, run in zip(values, runs, strict=True)
    ]
    measures = (
        lambda rows: find_auc(
            [row[VALUE] for row in rows if row[FAILED]], [row[VALUE] for row in rows if not row[FAILED]]
        ),
        lambda rows: find_grouped_auc(rows, lambda row: row[RUN]),
        lambda rows: find_grouped_auc(rows, lambda row: (row[TASK], row[DRAWN] if len(row) > DRAWN else 0)),
    )
    if not known:
        return 0, []
    return len(known) / len(values), [
        (measure(rows), *find_interval(rows, lambda row: row[TASK], measure, times)) for measure in measures
    ]


def table(path, runs, scores):
    failed = sum(run.failed for run in runs) / len(runs)
    tasks, kinds = len({run.task for run in runs}), len({run.run for run in runs})
    yield f"### {path.name.split('.')[0]}"
    yield ""
    yield f"{len(runs)} sessions of {tasks} tasks in {kinds} runs; {failed:.0%} failed."
    yield ""
    yield "| score | known | pooled | within run | within task |"
    yield "|---|---|---|---|---|"
    for name, known, measured in scores:
        if not measured:  # events only, or nothing here that they need
            continue
        cells = [tell(*one) for one in measured]
        yield f"| {name} | {known:.0%} | {' | '.join(cells)} |"
    yield ""


def tell(value, low, high):
    return "–" if math.isnan(value) else f"{value:.3f} [{low:.2f}, {high:.2f}]"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--times", type=int, default=200, help="how often tasks are drawn for an interval")
    parser.add_argument("--write", metavar="FILE", help="put the tables into this file, after its line of three dashes")
    given = parser.parse_args()
    lines = [line for path in files(given.directory) for line in table(path, *measure(path, given.times))]
    print("\n".join(lines))
    if given.write:
        file = Path(given.write)
        head = file.read_text().partition("\n---\n")[0] if file.exists() else ""
        file.write_text(f"{head}\n---\n\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
