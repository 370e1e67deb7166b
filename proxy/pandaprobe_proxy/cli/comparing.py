"""`eval compare`: whether the sessions of one kind score otherwise than those of another."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, reading
from pandaprobe_proxy.cli.output import Failure, from_store, print_json, print_table, say
from pandaprobe_proxy.store.judged import Choice, Judged

if TYPE_CHECKING:
    from pandaprobe_proxy.evaluate.compare import Difference

KEYS = {"user": "user_id", "tag": "tag", "model": "model"}
TASKS = "replicate_agreement"
"""The evaluator that says which task a session was of."""


def read_where(where: Sequence[str], option: str) -> dict[str, Any]:
    """KEY=VALUE, as often as it is given, by the fields of Choice; an error in them ends the command."""
    given: dict[str, Any] = {}
    for text in where:
        key, equals, value = text.partition("=")
        if key not in KEYS or not equals:
            raise Failure(f"{option} {text!r} is not understood; give user=…, tag=… or model=….", 2)
        given[KEYS[key]] = value
    return given


@click.command("compare")
@click.argument("before")
@click.argument("after")
@data_dir
@as_json
def compare(before: str, after: str, data_dir: str | None, json: bool) -> None:
    """Compare the scores of two kinds of sessions, each named as user=…, tag=… or model=….

    Sessions of the same task are compared, as the metadata of their calls names it (`task_id`).

    Example: pandaprobe-proxy eval compare tag=main tag=branch
    """
    from pandaprobe_proxy.evaluate.compare import compare_all

    choices = [Choice(**read_where([text], name)) for text, name in ((before, "BEFORE"), (after, "AFTER"))]
    with reading(data_dir) as reader:
        one, other = (_read_values(from_store(partial(reader.judged, choice))) for choice in choices)
    found = compare_all(one, other)
    if not found:
        raise Failure(
            "there is nothing to compare: both need sessions of five tasks or more that they share. Name tasks in"
            " X-PandaProbe-Metadata as task_id, and run `pandaprobe-proxy eval run`."
        )
    if json:
        print_json({"items": [{**asdict(one), "differs": one.differs} for one in found]})
        return
    heads = ["score", "tasks", "before", "after", "difference", "p", "p of all", "not under"]
    print_table(heads, [_cells(one) for one in found])
    sure = [one.name for one in found if one.differs]
    say(f"differs: {', '.join(sure) or 'nothing, as far as so many tasks can show'}")


def _read_values(judged: Sequence[Judged]) -> dict[str, dict[str, list[float]]]:
    """By score and task. Judgements of what has changed since do not count."""
    tasks = {one.session_id: one.judgement.counts.get("task_id") for one in judged if one.judgement.name == TASKS}
    values: dict[str, dict[str, list[float]]] = {}
    for one in judged:
        task, value = tasks.get(one.session_id), one.judgement.value
        if task and value is not None and not one.stale:
            values.setdefault(one.judgement.name, {}).setdefault(task, []).append(value)
    return values


def _cells(one: "Difference") -> list[str]:
    change = f"{one.after - one.before:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
    numbers = [f"{one.before:.3f}", f"{one.after:.3f}", change, f"{one.p:.4f}", f"{one.holm:.4f}"]
    return [one.name, str(one.tasks), *numbers, f"{one.smallest:.3f}"]
