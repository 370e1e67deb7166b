"""`sessions close`, `reopen` and `changes`: the life of sessions."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, limit, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import clean, echo, from_store, not_found, print_json, print_line, say
from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.store.shapes import change_json, iso

PAUSE_S = 0.3
AT_ONCE = 1000


@click.command("close")
@click.argument("session")
@data_dir
@as_json
def close(session: str, data_dir: str | None, json: bool) -> None:
    """Say that a session is over; it is closed once nothing of it runs. An id may be cut short.

    A call that comes later opens it again.

    Example: pandaprobe-proxy sessions close trip-42
    """
    from pandaprobe_proxy import app

    with reading(data_dir) as reader:
        session_id = whole_id(session, reader.find_sessions, "session")
    row = from_store(lambda: app.close_session(load_settings(data_dir=data_dir), session_id))
    _tell(row, session_id, json, "closes" if row and row["closing"] else "is closed")


@click.command("reopen")
@click.argument("session")
@data_dir
@as_json
def reopen(session: str, data_dir: str | None, json: bool) -> None:
    """Open a session again that is closed or idle. An id may be cut short.

    Example: pandaprobe-proxy sessions reopen trip-42
    """
    from pandaprobe_proxy import app

    with reading(data_dir) as reader:
        session_id = whole_id(session, reader.find_sessions, "session")
    row = from_store(lambda: app.reopen_session(load_settings(data_dir=data_dir), session_id))
    _tell(row, session_id, json, "is open")


def _tell(row: dict[str, Any] | None, session_id: str, json: bool, what: str) -> None:
    if row is None:
        not_found(f"session {session_id!r} is no longer there", "it may have been deleted")
    if json:
        print_json(row)
        return
    running = f", once its {row['open_calls']} running calls have ended" if row["closing"] and row["open_calls"] else ""
    say(f"session {clean(row['session_id'])} {what}{running}")


@click.command("changes")
@click.option("--follow", "-f", is_flag=True, help="Go on with new ones until interrupted.")
@click.option("--session", metavar="ID", help="Only those of this session.")
@click.option("--after", type=click.IntRange(0), metavar="NUMBER", help="Those that came after this one.")
@limit(50)
@data_dir
@click.option("--json", "json", is_flag=True, help="Print one JSON document a line.")
def changes(  # noqa: PLR0913, PLR0917 - one parameter an option
    follow: bool, session: str | None, after: int | None, limit: int, data_dir: str | None, json: bool
) -> None:
    """Print how sessions were opened, became idle, were closed and opened again, oldest first.

    Example: pandaprobe-proxy sessions changes -f
    """
    with reading(data_dir) as reader:
        newest = _print(from_store(lambda: reader.changes(limit, after, session)), json, after or 0)
        while follow:
            time.sleep(PAUSE_S)
            more = partial(reader.changes, AT_ONCE, newest, session)
            newest = _print(from_store(more), json, newest)


def _print(told: Sequence[Change], json: bool, newest: int) -> int:
    """Prints them; the number of the newest up to now."""
    for change in told:
        if json:
            print_line(change_json(change))
        else:
            into = f" → {clean(change.merged_into)}" if change.merged_into else ""
            at = (iso(change.at_ns) or "")[:19]
            echo(f"{change.number:>6}  {at}  {change.change:<9}  {clean(change.session_id)}{into}  ({change.cause})")
    return told[-1].number if told else newest
