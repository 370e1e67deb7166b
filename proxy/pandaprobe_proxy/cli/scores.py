"""`scores add` and `scores ls`: what people and programs say of sessions, traces and spans."""

import getpass
from collections.abc import Callable
from typing import Any

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, limit, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import Failure, from_store, not_found, one_line, print_json, print_table, say
from pandaprobe_proxy.evaluate.labels import PERSON, PROGRAM, stand
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.store.labels import Sought
from pandaprobe_proxy.store.shapes import iso, items_json, score_json


@click.group("scores")
def command() -> None:
    """Give sessions, traces and spans scores of your own, and list them."""


def of(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say what a score is of."""
    for name, what in (("span", "span or call"), ("trace", "trace"), ("session", "session")):
        function = click.option(f"--{name}", metavar="ID", help=f"Of this {what}.")(function)
    return function


@command.command("add")
@click.argument("name")
@click.argument("value")
@of
@click.option("--reason", metavar="TEXT", help="Why.")
@click.option("--by", metavar="NAME", help="Who says so; your user name if it is not given.")
@click.option("--program", is_flag=True, help="A program says so, not a person.")
@data_dir
@as_json
def add(name: str, value: str, data_dir: str | None, json: bool, **given: Any) -> None:
    """Give a score: a number, true or false, or a label. One that you gave before stays as history.

    Example: pandaprobe-proxy scores add success true --session trip-42 --reason "refund went through"
    """
    from pandaprobe_proxy import app

    posted = {
        "name": name,
        "value": value,
        **_find_target(given, data_dir),
        "author": given["by"] or _find_user(),
        "source": PROGRAM if given["program"] else PERSON,
        "reason": given["reason"],
    }
    try:
        score = from_store(lambda: app.add_score(load_settings(data_dir=data_dir), posted))
    except ValueError as error:
        raise Failure(f"this is no score: {error}.", 2) from error
    if json:
        print_json(score)
    else:
        what = next(kind for kind in ("span", "session", "trace") if score[f"{kind}_id"])
        say(f"{score['name']} {score['value']} of {what} {score[f'{what}_id']}, by {score['author']}")


def _find_target(given: dict[str, Any], data_dir: str | None) -> dict[str, str]:
    """What the score is of; an error in it ends the command. A session's id may be cut short."""
    named = {kind: given[kind] for kind in ("session", "trace", "span") if given[kind]}
    if len(named) != 1:
        raise Failure("say what the score is of: one of --session, --trace and --span.", 2)
    with reading(data_dir) as reader:
        ((kind, target),) = named.items()
        if kind == "session":
            target = whole_id(target, reader.find_sessions, "session")
        found = {"session": reader.session, "trace": reader.trace, "span": reader.place_of_span}[kind](target)
    if found is None:
        not_found(f"there is no {kind} {target!r}", "`pandaprobe-proxy sessions tree` shows what a session is made of")
    return {f"{kind}_id": target}


def _find_user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return None


@command.command("ls")
@of
@click.option("--name", metavar="NAME", help="Only scores of this name.")
@click.option("--by", metavar="NAME", help="Only those that this one gave.")
@click.option("--history", is_flag=True, help="Also those that a later one of the same author stands for.")
@limit(50)
@data_dir
@as_json
def ls(limit: int, data_dir: str | None, json: bool, **given: Any) -> None:
    """List scores that people and programs gave, the newest last. `eval show` has what evaluators say.

    Example: pandaprobe-proxy scores ls --session trip-42 --history
    """
    with reading(data_dir) as reader:
        session = given["session"] and whole_id(given["session"], reader.find_sessions, "session")
        sought = Sought(session, given["trace"], given["span"], given["name"], given["by"])
        found = from_store(lambda: reader.labels(sought, limit))
    told = found if given["history"] else stand(found)
    if json:
        print_json(items_json([score_json(score) for score in told], limit))
    else:
        print_table(["at", "score", "value", "of", "by", "reason"], [_cells(score) for score in told])


def _cells(score: Score) -> list[str]:
    kind, target = next(
        (kind, named)
        for kind, named in (("span", score.span_id), ("trace", score.trace_id), ("session", score.session_id))
        if named
    )
    program = " (program)" if score.source != PERSON else ""
    return [
        (iso(score.at_ns) or "")[:19],
        one_line(score.name, 40),
        one_line(score.value, 40),
        f"{kind} {one_line(target, 48)}",
        one_line(score.author or "-", 40) + program,
        one_line(score.reason or "", 60),
    ]
