"""`sessions ls`, `sessions show` and `sessions delete`; the others are in modules of their own."""

import sys
from typing import Any

import click

from pandaprobe_proxy.cli import corrections, datasets, lifecycle, tree
from pandaprobe_proxy.cli.conversation import print_session
from pandaprobe_proxy.cli.costs import total_of
from pandaprobe_proxy.cli.options import as_json, data_dir, limit, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import (
    Failure,
    duration,
    from_store,
    not_found,
    one_line,
    print_json,
    print_table,
    say,
)
from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.sessions.tools import find_uses
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.shapes import (
    addition_json,
    call_json,
    iso,
    items_json,
    score_json,
    session_json,
    to_steps,
    tool_json,
    trace_json,
)

MOST_CALLS = 10_000


@click.group("sessions")
def command() -> None:
    """List, show, close, correct, export or delete sessions."""


for correction in (corrections.merge, corrections.rename, corrections.split, corrections.assign):
    command.add_command(correction)
command.add_command(corrections.undo)
command.add_command(lifecycle.close)
command.add_command(lifecycle.reopen)
command.add_command(lifecycle.changes)
command.add_command(corrections.corrections)
command.add_command(tree.tree)
command.add_command(datasets.export)


@command.command("ls")
@click.option("--user", metavar="ID", help="Only those of this user.")
@click.option("--state", type=click.Choice(["open", "idle", "closed"]), help="Only those in this state.")
@limit(50)
@data_dir
@as_json
def ls(user: str | None, state: str | None, limit: int, data_dir: str | None, json: bool) -> None:
    """List sessions, the last active first.

    Example: pandaprobe-proxy sessions ls --limit 5
    """
    with reading(data_dir) as reader:
        rows = from_store(lambda: reader.sessions(limit, user_id=user, state=State(state) if state else None))
    if json:
        print_json(items_json([session_json(row) for row in rows], limit))
        return
    heads = ["session", "state", "calls", "errors", "tokens", "cost", "time", "last active", "first input"]
    print_table(heads, [_cells(row) for row in rows])


def _cells(row: SessionRow) -> list[str]:
    return [
        one_line(row.session_id, 48),
        row.state,
        str(row.calls),
        str(row.errors),
        f"{row.input_tokens} → {row.output_tokens}",
        total_of(row),
        duration(row.last_ns - row.started_ns),
        (iso(row.last_ns) or "")[:19],
        one_line(row.first_input, 48),
    ]


@command.command("show")
@click.argument("session")
@data_dir
@as_json
def show(session: str, data_dir: str | None, json: bool) -> None:
    """Show a session: its traces and its conversation. An id may be cut short.

    Example: pandaprobe-proxy sessions show conversation-123
    """
    with reading(data_dir) as reader:
        session_id = whole_id(session, reader.find_sessions, "session")
        row = from_store(lambda: reader.session(session_id))
        if row is None:
            not_found(f"session {session_id!r} is no longer there", "it may have been deleted")
        if json:
            print_json(_document(reader, row))
        else:
            told = (reader.children(session_id), reader.traces(session_id), reader.conversation(session_id, MOST_CALLS))
            print_session(row, *told)


def _document(reader: Reader, row: SessionRow) -> dict[str, Any]:
    session_id = row.session_id
    steps = to_steps(reader.conversation(session_id, MOST_CALLS))
    return {
        **session_json(row),
        "children": [child.session_id for child in reader.children(session_id)],
        "traces": [trace_json(trace) for trace in reader.traces(session_id)],
        "calls_list": [call_json(call) for call in reader.calls(MOST_CALLS, session_id=session_id)],
        "conversation": [addition_json(addition) for addition in merge(fold(steps))],
        "tools": [tool_json(use) for use in find_uses(steps)],
        "scores": [score_json(score) for score in reader.scores(session_id=session_id)],
    }


@command.command("delete")
@click.argument("session")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@data_dir
@as_json
def delete(session: str, yes: bool, dry_run: bool, data_dir: str | None, json: bool) -> None:
    """Delete a session with all that only it holds. Takes a whole id.

    Example: pandaprobe-proxy sessions delete conversation-123 --yes
    """
    with reading(data_dir) as reader:
        row = from_store(lambda: reader.session(session))
    if row is None:
        not_found(f"there is no session {session!r}", "`pandaprobe-proxy sessions ls` lists them")
    if not dry_run and not yes:
        _confirm(row)
    count = row.calls if dry_run else _delete(session, data_dir)
    if json:
        print_json({"session_id": session, "calls": count, "deleted": not dry_run})
    else:
        say(f"{'would delete' if dry_run else 'deleted'} session {session} with {count} calls")


def _confirm(row: SessionRow) -> None:
    if not sys.stdin.isatty():
        raise Failure("deleting needs --yes where nobody can be asked.", 2)
    click.confirm(f"Delete session {row.session_id} with {row.calls} calls?", abort=True, err=True)


def _delete(session: str, data_dir: str | None) -> int:
    """Through the running sidecar, which holds the one writer, or with a writer of our own."""
    from pandaprobe_proxy import app

    count = from_store(lambda: app.delete_session(load_settings(data_dir=data_dir), session))
    if count is None:
        not_found(f"session {session!r} is no longer there", "somebody else deleted it")
    return count
