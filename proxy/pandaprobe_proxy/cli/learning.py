"""`eval learn`: an evaluator of your own, learnt from labels."""

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pandaprobe_proxy.cli.calibrating import describe, read_labelled
from pandaprobe_proxy.cli.choosing import choosing
from pandaprobe_proxy.cli.comparing import read_given, read_tasks
from pandaprobe_proxy.cli.options import load_settings, reading
from pandaprobe_proxy.cli.output import Failure, echo, from_store, print_json, say
from pandaprobe_proxy.store.judged import Choice
from pandaprobe_proxy.store.labels import Calibrated


@click.command("learn")
@choosing
@click.option("--labels", metavar="FILE", help="JSON lines or CSV with session_id and label (good or bad).")
@click.option("--score", metavar="NAME", help="Instead: scores of this name, as `scores add` gives them.")
@click.option("--forget", is_flag=True, help="Delete what was learnt, instead.")
def learn(choice: Choice, data_dir: str | None, json: bool, forget: bool, **given: Any) -> None:
    """Learn from labels of 200 sessions or more how likely another one is good: the evaluator `learned`.

    It is held against sessions that it has not seen, and not kept if it may be no better than chance. What it learns
    from, it has words of: they are kept beside the store, where only you read them.

    Example: pandaprobe-proxy eval learn --labels labels.csv
    """
    from pandaprobe_proxy import app
    from pandaprobe_proxy.evaluate.learned import NAME, VERSION

    settings = load_settings(data_dir=data_dir)
    if forget:
        say("forgotten" if from_store(lambda: app.forget_learned(settings)) else "nothing was learnt")
        return
    with reading(data_dir) as reader:
        labels = read_labelled(given, from_store(lambda: read_given(reader, choice)))
        tasks = from_store(lambda: read_tasks(reader, choice, None))
    try:
        learnt = from_store(lambda: app.learn_labels(settings, choice, labels, tasks, _tell))
    except ValueError as error:
        raise Failure(f"{error}.") from error
    source = Path(given["labels"] or given["score"]).name
    kept = Calibrated(NAME, VERSION, learnt.setting, source, time.time_ns(), learnt.worth)
    from_store(lambda: app.keep_calibrated(settings, [kept]))
    if json:
        worth = learnt.worth
        print_json({"sessions": learnt.sessions, "good": learnt.good, "auc": asdict(worth.auc), "brier": worth.brier})
        return
    describe(kept)
    echo("on sessions that it had not seen; `eval run -e learned` judges by it, those it has learnt from too kindly")


def _tell(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rlearning: {done} of {of}", nl=done == of - 1, err=True)
