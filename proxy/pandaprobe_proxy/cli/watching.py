"""`eval watch`: sessions are judged as they become idle or closed."""

import time
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.choosing import asking, choosing, read_asked
from pandaprobe_proxy.cli.options import load_settings
from pandaprobe_proxy.cli.output import clean, from_store, print_line, say
from pandaprobe_proxy.store.base import StoreError
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
@click.option("--once", is_flag=True, help="Evaluate what is due now, and end.")
def watch(choice: Choice, data_dir: str | None, json: bool, once: bool, **given: Any) -> None:
    """Evaluate sessions as they become idle or closed, until interrupted.

    What comes later makes judgements stale, and the session is evaluated anew when it is idle or closed again. A watch
    that was killed goes on when it is started again. With --json, one document a line.

    Example: pandaprobe-proxy eval watch --budget calls=20
    """
    from pandaprobe_proxy import app

    asked = read_asked(choice, data_dir, given)
    watching = app.watch(load_settings(data_dir=data_dir), asked, print_line if json else _say)
    from_store(watching.look)
    trouble = ""
    while not once:
        time.sleep(PAUSE_S)
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


def _say(told: "Told") -> None:
    if told.judged:
        say(f"evaluated {told.judged} sessions, {told.kept} judgements")
    for session_id in told.reopened:
        say(f"session {clean(session_id)} is open again; what was said of it is stale once more comes")
    for flaw in told.flaws:
        say(describe(flaw))
