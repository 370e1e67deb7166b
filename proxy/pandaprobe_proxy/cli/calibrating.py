"""`eval calibrate`: how good evaluators' scores are, by labels."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.choosing import choosing
from pandaprobe_proxy.cli.comparing import read_given, read_tasks
from pandaprobe_proxy.cli.curves import draw, to_png
from pandaprobe_proxy.cli.options import load_settings, reading
from pandaprobe_proxy.cli.output import Failure, echo, from_store, heading, print_json, say
from pandaprobe_proxy.store.judged import Choice, Judged
from pandaprobe_proxy.store.labels import Calibrated

if TYPE_CHECKING:
    from pandaprobe_proxy.evaluate.calibration import Calibration, Interval


def sum_up(found: "Calibration") -> str:
    """In a few words, for a list."""
    return (
        "no better than chance"
        if found.refused
        else f"AUC {found.auc.value:.2f} [{found.auc.low:.2f}, {found.auc.high:.2f}]"
    )


@click.command("calibrate")
@choosing
@click.option("--labels", metavar="FILE", help="JSON lines or CSV with session_id and label (good or bad).")
@click.option("--score", metavar="NAME", help="Instead: scores of this name, as `scores add` gives them.")
@click.option("--evaluator", "-e", metavar="NAME", multiple=True, help="Only this one; may be given again.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="From there on it passes."
)
@click.option("--png", metavar="FILE", help="Write the reliability curves there, as a picture.")
def calibrate(choice: Choice, data_dir: str | None, json: bool, **given: Any) -> None:
    """Hold evaluators against labels: what they find and miss, and how many sessions are good in truth.

    Example: pandaprobe-proxy eval calibrate --labels labels.csv -e risk
    """
    from pandaprobe_proxy import app

    with reading(data_dir) as reader:
        judged = from_store(lambda: reader.judged(choice))
        labels = read_labelled(given, from_store(lambda: read_given(reader, choice)))
        tasks = from_store(lambda: read_tasks(reader, choice, None))
    source = given["labels"] or given["score"]
    found = _calibrate_all(judged, labels, tasks, given["threshold"])
    _check_names(given["evaluator"], found)
    chosen = {name: one for name, one in found.items() if not given["evaluator"] or name in given["evaluator"]}
    kept = [
        Calibrated(name, version, setting, Path(source).name, time.time_ns(), calibration)
        for name, (version, setting, calibration) in chosen.items()
    ]
    if given["png"]:
        _write_png(given["png"], kept)
    from_store(lambda: app.keep_calibrated(load_settings(data_dir=data_dir), kept))
    if json:
        print_json({"items": [asdict(one) for one in kept]})
    else:
        for one in kept:
            describe(one)


def _check_names(names: Sequence[str], found: Mapping[str, Any]) -> None:
    from pandaprobe_proxy.evaluate.learned import NAME as LEARNED

    if LEARNED in names:
        raise Failure(f"{LEARNED} was learnt from labels, and they flatter it; `eval learn` tells its worth.")
    for name in names:
        if name not in found:
            raise Failure(f"{name} has judged too few of the labelled sessions, ten good and ten bad; run `eval run`.")
    if not found:
        raise Failure(
            "no evaluator has judged ten sessions that are labelled good and ten that are labelled bad; label more,"
            " and run `pandaprobe-proxy eval run`."
        )


def read_labelled(given: dict[str, Any], scores: Mapping[tuple[str, str], float]) -> dict[str, bool]:
    """Session ids and whether each is good; an error ends the command."""
    from pandaprobe_proxy.evaluate.label_files import read_labels

    if bool(given["labels"]) == bool(given["score"]):
        raise Failure("say where the labels are: --labels FILE, or --score NAME.", 2)
    if given["score"]:
        return {session: value >= 0.5 for (name, session), value in scores.items() if name == given["score"]}
    try:
        return read_labels(Path(given["labels"]).read_text())
    except OSError as error:
        raise Failure(f"{given['labels']} cannot be read: {error.strerror}.", 2) from error
    except ValueError as error:
        raise Failure(f"{given['labels']}: {error}.", 2) from error


def _calibrate_all(
    judged: Sequence[Judged], labels: Mapping[str, bool], tasks: Mapping[str, str], threshold: float
) -> dict[str, tuple[int, str, "Calibration"]]:
    """By evaluator, as it has judged last: version, setting and what labels say. Stale judgements are left out."""
    from pandaprobe_proxy.evaluate.calibration import Labelled
    from pandaprobe_proxy.evaluate.calibration import calibrate as hold
    from pandaprobe_proxy.evaluate.learned import NAME as LEARNED

    found = {}
    fresh = [one for one in judged if not one.stale and one.judgement.value is not None]
    for name in sorted({one.judgement.name for one in fresh} - {LEARNED}):
        mine = [one for one in fresh if one.judgement.name == name]
        newest = max(mine, key=lambda one: one.at_ns)
        version = newest.judgement.version
        same = [one for one in mine if (one.judgement.version, one.setting) == (version, newest.setting)]
        values = {one.session_id: float(one.judgement.value or 0) for one in same}
        labelled = [
            Labelled(value, labels[session], tasks.get(session, session))
            for session, value in values.items()
            if session in labels
        ]
        try:
            found[name] = (version, newest.setting, hold(labelled, list(values.values()), threshold))
        except ValueError:  # too few labels: said by `_check_names`
            continue
    return found


def _write_png(path: str, kept: Sequence[Calibrated]) -> None:
    try:
        Path(path).write_bytes(to_png({one.name: one.calibration for one in kept}))
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error


def describe(one: Calibrated) -> None:
    """Prints what labels say of an evaluator."""
    from pandaprobe_proxy.evaluate.calibration import ENOUGH

    found = one.calibration
    heading(f"{one.name}  AUC {_tell(found.auc)}  ({found.good} good, {found.bad} bad; version {one.version})")
    echo(f"  passing from {found.threshold:g} on: finds good ones (TPR) {_tell(found.tpr)}")
    echo(f"  finds bad ones (TNR) {_tell(found.tnr)}; passed {found.passed:.3f} of all that it judged")
    echo(f"  Brier {found.brier:.3f}; off the diagonal by {found.gap:.3f}")
    if found.corrected:
        echo(f"  good in truth: {_tell(found.corrected)}")
    else:
        echo(f"  no corrected rate: {found.refused}")
    for line in draw(found.bins):
        echo(f"  {line}")
    if found.good + found.bad < ENOUGH:
        say(f"{one.name}: {found.good + found.bad} labels are few; from {ENOUGH} on intervals narrow")


def _tell(span: "Interval") -> str:
    return f"{span.value:.3f} [{span.low:.3f}, {span.high:.3f}]"
