"""`eval run`, `ls`, `show` and `gate`; `compare` is in `comparing`: what evaluators say of sessions."""

import functools
import json as jsons
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.comparing import compare, read_where
from pandaprobe_proxy.cli.gates import to_junit, to_markdown
from pandaprobe_proxy.cli.options import as_json, data_dir, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import Failure, echo, from_store, heading, one_line, print_json, print_table, say
from pandaprobe_proxy.store.judged import Choice, Judged
from pandaprobe_proxy.store.shapes import iso, judged_json

if TYPE_CHECKING:
    from pandaprobe_proxy.app.evaluating import Progress

BELOW = 5
"""The exit code of a gate that does not let through."""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.group("eval")
def command() -> None:
    """Evaluate sessions, and show what was said of them."""


command.add_command(compare)


def choosing(function: Callable[..., None]) -> Callable[..., None]:
    """The options that choose sessions, and where they are kept; the command is given a Choice and the directory."""

    @click.option("--session", metavar="ID", help="Only this session; its id may be cut short.")
    @click.option("--since", metavar="WHEN", help="Only active since then: 30m, 24h, 7d, or 2026-01-31.")
    @click.option("--where", metavar="KEY=VALUE", multiple=True, help="Only of this user, tag or model.")
    @data_dir
    @as_json
    @functools.wraps(function)
    def chosen(session: str | None, since: str | None, where: tuple[str, ...], **given: Any) -> None:
        function(read_choice(session, since, where, given["data_dir"]), **given)

    return chosen


@command.command("run")
@choosing
@click.option("--evaluator", "-e", metavar="NAME", multiple=True, help="Only this one; may be given again.")
@click.option("--budget", metavar="NAME=X", multiple=True, help="The most that a session should take: calls=20.")
@click.option("--assertions", metavar="FILE", help="What must or must never happen, as TOML or JSON.")
def run(choice: Choice, data_dir: str | None, json: bool, **given: Any) -> None:
    """Evaluate sessions that were not evaluated as they are now.

    Example: pandaprobe-proxy eval run --since 24h --budget calls=20
    """
    from pandaprobe_proxy import app
    from pandaprobe_proxy.app.evaluating import Asked
    from pandaprobe_proxy.evaluate.registry import EVALUATORS, choose

    try:
        evaluators = choose(given["evaluator"])
    except KeyError as error:
        known = ", ".join(one.name for one in EVALUATORS)
        raise Failure(f"there is no evaluator {error.args[0]!r}; there are {known}.", 2) from error
    budgets = read_numbers(given["budget"], "--budget")
    asked = Asked(choice, evaluators, budgets, _read_file(given["assertions"]))
    settings = load_settings(data_dir=data_dir)
    done = from_store(lambda: app.evaluate(settings, asked, _tell))
    if json:
        print_json({"sessions": done.sessions, "evaluated": done.judged, "judgements": done.kept})
    else:
        known_already = done.sessions - done.due
        say(f"evaluated {done.judged} sessions, {done.kept} judgements; {known_already} were evaluated already")


def _tell(progress: "Progress") -> None:
    """How far it is, for somebody who watches."""
    if sys.stderr.isatty() and progress.due:
        end = progress.judged == progress.due
        click.echo(f"\r{progress.judged} of {progress.due} sessions so far", nl=end, err=True)


@command.command("ls")
@choosing
def ls(choice: Choice, data_dir: str | None, json: bool) -> None:
    """List evaluators with what they say of the chosen sessions.

    Example: pandaprobe-proxy eval ls --since 7d
    """
    judged = _read_judged(choice, data_dir)
    names = sorted({one.judgement.name for one in judged})
    rows = [_sum_up(name, [one for one in judged if one.judgement.name == name]) for name in names]
    if json:
        print_json({"items": rows})
        return
    heads = ["evaluator", "sessions", "with a value", "mean", "under 1", "stale", "worst"]
    print_table(heads, [[str(cell) for cell in row.values()] for row in rows])


def _sum_up(name: str, judged: list[Judged]) -> dict[str, Any]:
    known = [(one.judgement.value, one.session_id) for one in judged if one.judgement.value is not None]
    values = [value for value, _ in known]
    return {
        "evaluator": name,
        "sessions": len(judged),
        "with_value": len(values),
        "mean": round(sum(values) / len(values), 3) if values else "-",
        "under_1": sum(value < 1 for value in values),
        "stale": sum(one.stale for one in judged),
        "worst": one_line(min(known)[1], 40) if known and min(known)[0] < 1 else "-",
    }


@command.command("show")
@click.argument("session")
@data_dir
@as_json
def show(session: str, data_dir: str | None, json: bool) -> None:
    """Show what is said of a session, with the messages that prove it. An id may be cut short.

    Example: pandaprobe-proxy eval show conversation-123
    """
    judged = _read_judged(read_choice(session, None, (), data_dir), data_dir)
    if json:
        print_json({"items": [judged_json(one) for one in judged]})
        return
    if not judged:
        say("nothing is said of it yet; `pandaprobe-proxy eval run` evaluates")
    for one in judged:
        _print(one)


def _print(one: Judged) -> None:
    told = one.judgement
    value = "null" if told.value is None else f"{told.value:.3f}"
    stale = ", of the session as it was before" if one.stale else ""
    heading(f"{told.name}  {value}  {told.label}  (version {told.version}, {iso(one.at_ns)}{stale})")
    for quote in told.evidence:
        place = f"message {quote.message}" if quote.message else "call"
        echo(f"  {place} of call {quote.call_id or quote.trace_id}: {quote.detail}: {one_line(quote.text, 120)}")


@command.command("gate")
@choosing
@click.option("--fail-under", metavar="NAME=X", multiple=True, required=True, help="May be given again.")
@click.option("--strict", is_flag=True, help="Hold the lower bound of 95 % against it rather than the mean.")
@click.option("--min-sessions", type=click.IntRange(1), default=1, show_default=True, help="Fewer do not pass.")
@click.option("--junit", metavar="FILE", help="Write a JUnit report there.")
@click.option("--markdown", metavar="FILE", help="Write a table in Markdown there.")
def gate(choice: Choice, data_dir: str | None, json: bool, **given: Any) -> None:
    """Fail with exit code 5 if a score is under a threshold, on the mean over the chosen sessions.

    Example: pandaprobe-proxy eval gate --since 1h --fail-under tool_errors=0.95
    """
    from pandaprobe_proxy.evaluate.gate import check_all

    thresholds = read_numbers(given["fail_under"], "--fail-under")
    values: dict[str, list[float]] = {}
    for one in _read_judged(choice, data_dir):
        if one.judgement.value is not None and not one.stale:
            values.setdefault(one.judgement.name, []).append(one.judgement.value)
    checks = check_all(values, thresholds, given["strict"], given["min_sessions"])
    for name, text in (("junit", to_junit(checks)), ("markdown", to_markdown(checks))):
        if given[name]:
            _write(given[name], text)
    if json:
        print_json({"passed": all(one.passed for one in checks), "checks": checks})
    else:
        echo(to_markdown(checks))
    if not all(one.passed for one in checks):
        raise Failure("; ".join(f"{one.name}: {one.reason}" for one in checks if not one.passed) + ".", BELOW)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error


def _read_judged(choice: Choice, data_dir: str | None) -> list[Judged]:
    with reading(data_dir) as reader:
        return from_store(lambda: reader.judged(choice))


def read_choice(session: str | None, since: str | None, where: tuple[str, ...], data_dir: str | None) -> Choice:
    """The sessions that the options mean; an error in them ends the command."""
    given = read_where(where, "--where")
    if session is not None:
        with reading(data_dir) as reader:
            session = whole_id(session, reader.find_sessions, "session")
    return Choice(session, read_since(since) if since else None, **given)


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


def _read_file(path: str | None) -> Any:
    from pandaprobe_proxy.evaluate.assertions import read_assertions

    if path is None:
        return ()
    try:
        text = Path(path).read_text()
        return read_assertions(tomllib.loads(text) if path.endswith(".toml") else jsons.loads(text))
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", 2) from error
    except ValueError as error:
        raise Failure(f"{path}: {error}.", 2) from error
