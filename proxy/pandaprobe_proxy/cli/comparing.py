"""`eval compare`: whether the sessions of one kind score otherwise than those of another."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

import click

from pandaprobe_proxy.cli.choosing import read_where
from pandaprobe_proxy.cli.options import as_json, data_dir, reading
from pandaprobe_proxy.cli.output import Failure, from_store, print_json, print_table, say
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.evaluated import TASK
from pandaprobe_proxy.store.judged import Choice

if TYPE_CHECKING:
    from pandaprobe_proxy.evaluate.compare import Difference

Values = dict[str, dict[str, list[float]]]


@click.command("compare")
@click.argument("before")
@click.argument("after")
@click.option("--by", metavar="KEY", help="What names the task in the metadata of calls.  [default: task_id]")
@data_dir
@as_json
def compare(before: str, after: str, by: str | None, data_dir: str | None, json: bool) -> None:
    """Compare the scores of two kinds of sessions, each named by a filter as `eval run --where` takes it.

    Sessions of the same task are compared, as the metadata of their calls names it. Scores that people and programs
    gave to sessions are compared, too. "not under" is the smallest difference that so many tasks could have shown.

    Example: pandaprobe-proxy eval compare tag:main tag:branch --by task_id
    """
    from pandaprobe_proxy.evaluate.compare import compare_all

    choices = [Choice(terms=read_where([text], name)) for text, name in ((before, "BEFORE"), (after, "AFTER"))]
    with reading(data_dir) as reader:
        one, other = (from_store(partial(read_values, reader, choice, by)) for choice in choices)
    found = compare_all(one, other)
    if not found:
        raise Failure(
            "there is nothing to compare: both need scores of five sessions or more. Run `pandaprobe-proxy eval run`,"
            " and name tasks in X-PandaProbe-Metadata as task_id."
        )
    if json:
        print_json({"items": [{**asdict(one), "differs": one.differs} for one in found]})
        return
    heads = ["score", "tasks", "before", "after", "difference", "p", "p of all", "McNemar", "not under"]
    print_table(heads, [_cells(one) for one in found])
    apart = [one.name for one in found if not one.paired]
    if apart:
        say(f"Warning: too few tasks in common, compared without pairing, which finds far less: {', '.join(apart)}")
    sure = [one.name for one in found if one.differs]
    say(f"differs: {', '.join(sure) or 'nothing, as far as so many tasks can show'}")


def read_values(reader: Reader, choice: Choice, by: str | None) -> Values:
    """By score and task. A session without a task is one of its own. What has changed since it was judged is left out.

    Several authors' scores of a session are one: their mean.
    """
    tasks = read_tasks(reader, choice, by)
    values: Values = {}
    for one in reader.judged(choice):
        if one.judgement.value is not None and not one.stale:
            task = tasks.get(one.session_id, one.session_id)
            values.setdefault(one.judgement.name, {}).setdefault(task, []).append(one.judgement.value)
    for (name, session_id), given in read_given(reader, choice).items():
        task = tasks.get(session_id, session_id)
        values.setdefault(f"{name} (given)", {}).setdefault(task, []).append(given)
    return values


def read_given(reader: Reader, choice: Choice) -> dict[tuple[str, str], float]:
    """What people and programs have said of sessions, by name and session, as far as it is a number or good or bad."""
    from pandaprobe_proxy.evaluate.labels import read_value, stand

    given: dict[tuple[str, str], list[float]] = {}
    for score in stand(reader.session_labels(choice)):
        value = read_value(score)
        if value is not None:
            given.setdefault((score.name, str(score.session_id)), []).append(value)
    return {key: fmean(values) for key, values in given.items()}


def read_tasks(reader: Reader, choice: Choice, by: str | None) -> Mapping[str, str]:
    """By session: what its metadata says under `by`, or under one of the usual names."""
    names = (by,) if by else TASK
    found: dict[str, str] = {}
    for name in reversed(names):  # the first name counts most
        found |= reader.tasks(choice, name)
    return found


def _cells(one: "Difference") -> list[str]:
    change = f"{one.after - one.before:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
    exact = "-" if one.mcnemar is None else f"{one.mcnemar:.4f}"
    numbers = [f"{one.before:.3f}", f"{one.after:.3f}", change, f"{one.p:.4f}", f"{one.holm:.4f}", exact]
    return [one.name, str(one.tasks), *numbers, f"{one.smallest:.3f}"]
