"""Options that choose sessions and say how they are judged, for the commands of `eval`."""

import functools
import json as jsons
import time
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import Failure, say
from pandaprobe_proxy.store.filters import BadFilter, Term, parse
from pandaprobe_proxy.store.judged import Choice

if TYPE_CHECKING:
    from pandaprobe_proxy.app.evaluating import Asked
    from pandaprobe_proxy.evaluate.registry import Evaluator

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def choosing(function: Callable[..., None]) -> Callable[..., None]:
    """The options that choose sessions, and where they are kept; the command is given a Choice and the directory."""

    @click.option("--session", metavar="ID", help="Only this session; its id may be cut short.")
    @click.option("--since", metavar="WHEN", help="Only active since then: 30m, 24h, 7d, or 2026-01-31.")
    @click.option("--where", metavar="FILTER", multiple=True, help="Only such: 'model:gpt-4o* errors>0 tag:prod'.")
    @data_dir
    @as_json
    @functools.wraps(function)
    def chosen(session: str | None, since: str | None, where: tuple[str, ...], **given: Any) -> None:
        function(read_choice(session, since, where, given["data_dir"]), **given)

    return chosen


def asking(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say how sessions are judged; the command is given their values for `read_asked`."""
    options = (
        click.option("--evaluator", "-e", metavar="NAME|FILE.py", multiple=True, help="Only this; may be given again."),
        click.option(
            "--budget", metavar="NAME=X", multiple=True, help="The most that a session should take: calls=20."
        ),
        click.option("--assertions", metavar="FILE", help="What must or must never happen, as TOML or JSON."),
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), function)


def read_asked(choice: Choice, data_dir: str | None, given: dict[str, Any]) -> "Asked":
    """What the options of `asking` mean; an error in them ends the command."""
    from pandaprobe_proxy.app.evaluating import Asked

    evaluators = read_evaluators(given["evaluator"], data_dir)
    return Asked(choice, evaluators, read_numbers(given["budget"], "--budget"), read_assertions(given["assertions"]))


def read_evaluators(chosen: Sequence[str], data_dir: str | None) -> "tuple[Evaluator, ...]":
    """Those that are named, by name or by file; all if none is. One that cannot be used and is not named is told of."""
    from pandaprobe_proxy import app
    from pandaprobe_proxy.evaluate.judges import CRITERIA
    from pandaprobe_proxy.evaluate.registry import choose

    files = [name for name in chosen if name.endswith(".py")]
    settings = load_settings(data_dir=data_dir)
    configured = [*settings.evaluators, *app.find_learned(settings)]
    found = app.find_evaluators([*configured, *(Path(file) for file in files if Path(file) not in configured)])
    broken = [problem for problem in found.problems if any(problem.startswith(file) for file in files)]
    if broken:
        raise Failure(broken[0], 2)
    for problem in found.problems:
        say(f"Warning: {problem}")
    names = [next((one.name for one in found.evaluators if one.origin == name), name) for name in chosen]
    try:
        return choose(names, found.evaluators)
    except KeyError as error:
        known = ", ".join(one.name for one in found.evaluators)
        judges = ", ".join(one.name for one in CRITERIA)
        why = f"there is no evaluator {error.args[0]!r}; there are {known}"
        raise Failure(f"{why}; and judges, which `eval run` and `eval watch` ask: {judges}.", 2) from error


def read_choice(session: str | None, since: str | None, where: tuple[str, ...], data_dir: str | None) -> Choice:
    """The sessions that the options mean; an error in them ends the command."""
    terms = read_where(where, "--where")
    if session is not None:
        with reading(data_dir) as reader:
            session = whole_id(session, reader.find_sessions, "session")
    return Choice(session, read_since(since) if since else None, terms=terms)


def read_where(where: Sequence[str], option: str) -> tuple[Term, ...]:
    """The terms of filters, all of which must hold; an error in them ends the command."""
    try:
        return parse(" ".join(where), time.time_ns())
    except BadFilter as error:
        raise Failure(f"{option} {' '.join(where)!r} is not understood: {error}", 2) from error


def read_since(text: str) -> int:
    """A moment, from how long ago it was or from its date."""
    now = datetime.now(UTC)
    if text[:-1].isdecimal() and text[-1] in UNITS:
        return int((now - timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])).timestamp()) * 10**9
    try:
        then = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failure(f"--since {text!r} is no time; give 30m, 24h, 7d, or a date such as 2026-01-31.", 2) from error
    return int((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()) * 10**9


def read_numbers(given: tuple[str, ...], option: str) -> dict[str, float]:
    """NAME=X, as often as it is given."""
    numbers = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            numbers[name] = float(value)
        except ValueError as error:
            raise Failure(f"{option} {text!r} is not understood; give a name, = and a number.", 2) from error
    return numbers


def read_assertions(path: str | None) -> Any:
    """The assertions of a file; an error in it ends the command."""
    from pandaprobe_proxy.evaluate.assertions import read_assertions as read

    if path is None:
        return ()
    try:
        text = Path(path).read_text()
        return read(tomllib.loads(text) if path.endswith(".toml") else jsons.loads(text))
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", 2) from error
    except ValueError as error:
        raise Failure(f"{path}: {error}.", 2) from error
