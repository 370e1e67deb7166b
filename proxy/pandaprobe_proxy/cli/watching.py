"""`eval watch`: sessions are judged as they become idle or closed."""

import time
from contextlib import closing, nullcontext
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.choosing import asking, choosing, read_asked
from pandaprobe_proxy.cli.judging import (
    conclude,
    judging,
    load_judge,
    prepare,
    split_names,
    to_json,
    wants_judge,
)
from pandaprobe_proxy.cli.output import clean, from_store, print_line, say
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.judged import Choice

if TYPE_CHECKING:
    from pandaprobe_proxy.app.evaluating import Flaw
    from pandaprobe_proxy.app.watching import Told, Watch

PAUSE_S = 1.0


def describe(flaw: "Flaw") -> str:
    """An evaluator that failed, as a sentence."""
    more = f" and {flaw.sessions - 1} others" if flaw.sessions > 1 else ""
    return clean(f"{flaw.name} failed on session {flaw.session_id}{more}: {flaw.why}; what it said elsewhere is kept.")


@click.command("watch")
@choosing
@asking
@judging
@click.option("--once", is_flag=True, help="Evaluate what is due now, and end.")
def watch(choice: Choice, data_dir: str | None, json: bool, once: bool, **given: Any) -> None:
    """Evaluate sessions as they become idle or closed, until interrupted; with --judge-url, by a model, too.

    What comes later makes judgements stale, and the session is evaluated anew when it is idle or closed again. A watch
    that was killed goes on when it is started again. A judge's budget is for as long as the watch runs. With --json,
    one document a line.

    Example: pandaprobe-proxy eval watch --budget calls=20
    """
    from pandaprobe_proxy import app
    from pandaprobe_proxy.app.standing_judge import StandingJudge

    settings = load_judge(data_dir, given)
    rest, criteria = split_names(settings, given["evaluator"])
    asked = read_asked(choice, data_dir, {**given, "evaluator": rest})
    judge = None
    if wants_judge(settings, criteria, given):
        endpoint, wish, signals = prepare(settings, choice, criteria, given["again"])
        judge = StandingJudge(settings, wish, endpoint)
        asked = replace(asked, evaluators=asked.evaluators if rest or not given["evaluator"] else (), signals=signals)
    heard = False

    def tell(told: "Told") -> None:
        nonlocal heard
        heard = True
        (_print if json else _say)(told)

    with closing(judge) if judge else nullcontext():
        _watch(app.watch(settings, asked, tell, judge), once)
    if not heard and not json:
        say("nothing is due: what is idle or closed was evaluated already")


def _watch(watching: "Watch", once: bool) -> None:
    from_store(watching.look)
    while once and watching.behind:
        from_store(watching.look)
    trouble = ""
    while not once:
        time.sleep(0 if watching.behind else PAUSE_S)
        trouble = _look(watching, trouble)


def _look(watching: "Watch", trouble: str) -> str:
    """What the store could not do, told once; empty if all is well."""
    try:
        watching.look()
    except StoreError as error:
        if str(error) != trouble:
            say(f"{error} It is tried again.")
        return str(error)
    return ""


def _print(told: "Told") -> None:
    said = asdict(replace(told, judging=None))
    del said["judging"]
    print_line(said if told.judging is None else {**said, "judge": to_json(told.judging)})


def _say(told: "Told") -> None:
    if told.judged:
        say(f"evaluated {told.judged} sessions, {told.kept} judgements")
    for session_id in told.reopened:
        say(f"session {clean(session_id)} is open again; what was said of it is stale once more comes")
    for flaw in told.flaws:
        say(describe(flaw))
    if told.judging is not None:
        conclude(told.judging)
        if told.judging.refused:
            say(f"{clean(told.judging.stopped)} It is asked again in a few minutes.")
