"""`eval run`, `ls`, `show` and `gate`; the others are in modules of their own: what evaluators say of sessions."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.calibrating import calibrate, sum_up
from pandaprobe_proxy.cli.choosing import asking, choosing, read_asked, read_choice, read_evaluators, read_numbers
from pandaprobe_proxy.cli.comparing import compare
from pandaprobe_proxy.cli.datasets import evaluate_file
from pandaprobe_proxy.cli.gates import to_junit, to_markdown
from pandaprobe_proxy.cli.judging import (
    JUDGE,
    conclude,
    judging,
    list_judges,
    load_judge,
    prepare,
    split_names,
    tell,
    to_json,
    wants_judge,
)
from pandaprobe_proxy.cli.learning import learn
from pandaprobe_proxy.cli.options import as_json, data_dir, reading
from pandaprobe_proxy.cli.output import Failure, echo, from_store, heading, one_line, print_json, print_table, say
from pandaprobe_proxy.cli.watching import describe, watch
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.judged import Choice, Judged
from pandaprobe_proxy.store.labels import Calibrated
from pandaprobe_proxy.store.shapes import iso, judged_json

if TYPE_CHECKING:
    from pandaprobe_proxy.app.evaluating import Asked, Flaw, Progress
    from pandaprobe_proxy.app.judging import Judging
    from pandaprobe_proxy.evaluate.criteria import Criterion

BELOW = 5
"""The exit code of a gate that does not let through."""
UNCALIBRATED = "uncalibrated"
GONE = "not there now"
"""Where an evaluator comes from whose judgements are kept, and which is not among those that there are."""


@click.group("eval")
def command() -> None:
    """Evaluate sessions, and show what was said of them."""


for other in (compare, watch, calibrate, learn, evaluate_file):
    command.add_command(other)


@command.command("run")
@choosing
@asking
@judging
def run(choice: Choice, data_dir: str | None, json: bool, **given: Any) -> None:
    """Evaluate sessions that were not evaluated as they are now; with --judge-url, by a model, too.

    Example: pandaprobe-proxy eval run --since 24h --budget calls=20
    """
    settings = load_judge(data_dir, given)
    rest, criteria = split_names(settings, given["evaluator"])
    asked = read_asked(choice, data_dir, {**given, "evaluator": rest})
    said: dict[str, Any] = {}
    judged = None
    if wants_judge(settings, criteria, given):
        judged, signals = _judge(settings, choice, criteria, given["again"])
        asked = replace(asked, signals=signals)
        said["judge"] = to_json(judged)
    flaws: Sequence[Flaw] = ()
    if rest or not given["evaluator"]:
        told, flaws = _evaluate(settings, asked)
        said |= told
    if json:
        print_json(said)
    if judged is not None and judged.refused:
        raise Failure(judged.stopped)
    if flaws:
        raise Failure(" ".join(describe(flaw) for flaw in flaws))


def _judge(
    settings: Settings, choice: Choice, criteria: "Sequence[Criterion]", again: bool
) -> "tuple[Judging, dict[str, str]]":
    """What a judge says, and which of PandaProbe's signals it has given, each with its setting."""
    from pandaprobe_proxy import app

    endpoint, wish, signals = prepare(settings, choice, criteria, again)
    done = from_store(lambda: app.judge(settings, wish, endpoint, tell))
    conclude(done)
    return done, signals


def _evaluate(settings: Settings, asked: "Asked") -> "tuple[dict[str, Any], Sequence[Flaw]]":
    """What evaluators say that ask nobody."""
    from pandaprobe_proxy import app

    done = from_store(lambda: app.evaluate(settings, asked, _Telling()))
    known_already = done.sessions - done.due
    say(f"evaluated {done.judged} sessions, {done.kept} judgements; {known_already} were evaluated already")
    return {"sessions": done.sessions, "evaluated": done.judged, "judgements": done.kept}, done.flaws


class _Telling:
    """How far it is and how fast, for somebody who watches."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, progress: "Progress") -> None:
        if sys.stderr.isatty() and progress.due:
            end = progress.judged == progress.due
            rate = progress.judged / max(1e-9, time.monotonic() - self._began)
            told = f"{progress.judged} of {progress.due} sessions so far, {rate:.1f} a second"
            click.echo(f"\r{told}", nl=end, err=True)


@command.command("ls")
@choosing
def ls(choice: Choice, data_dir: str | None, json: bool) -> None:
    """List evaluators, ours and your own, with what they say of the chosen sessions.

    Example: pandaprobe-proxy eval ls --since 7d
    """
    origins = {one.name: one.origin for one in read_evaluators((), data_dir)} | list_judges(data_dir)
    with reading(data_dir) as reader:
        judged = from_store(lambda: reader.judged(choice))
        calibrated = {one.name: one for one in from_store(reader.calibrated)}
    by_name: dict[str, list[Judged]] = {name: [] for name in origins}
    for one in judged:
        by_name.setdefault(one.judgement.name, []).append(one)
    rows = [
        {
            **_sum_up(name, some),
            "calibrated": _calibration(some, calibrated.get(name), _by_judge(name, some, origins)),
            "from": origins.get(name, GONE),
        }
        for name, some in by_name.items()
    ]
    if json:
        print_json({"items": rows})
        return
    heads = ["evaluator", "sessions", "with a value", "mean", "under 1", "stale", "worst", "calibrated", "from"]
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


def _calibration(judged: list[Judged], known: Calibrated | None, by_judge: bool) -> str:
    """What labels say of the evaluator as it has judged these, in a few words."""
    if known is None:
        return UNCALIBRATED if by_judge else "-"
    as_it_was = any(
        one.judgement.version == known.version and known.setting in (one.setting, one.judgement.counts.get("model"))
        for one in judged
    )
    return sum_up(known.calibration) if as_it_was or not judged else "as it was before"


def _by_judge(name: str, judged: list[Judged], origins: Mapping[str, str]) -> bool:
    return origins.get(name, "").startswith(JUDGE) or any("judge" in one.judgement.counts for one in judged)


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
    stale = ", stale: of the session as it was before" if one.stale else ""
    heading(f"{told.name}  {value}  {told.label}  (version {told.version}, {iso(one.at_ns)}{stale})")
    for quote in told.evidence:
        place = f"message {quote.message} of call" if quote.message else "call"
        said = f": {one_line(quote.text, 120)}" if quote.text else ""
        echo(f"  {place} {quote.call_id or quote.trace_id}: {quote.detail}{said}")


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
