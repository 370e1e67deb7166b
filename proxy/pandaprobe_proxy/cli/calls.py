"""`calls ls` and `calls show`."""

import sys

import click

from pandaprobe_proxy.cli.conversation import print_call
from pandaprobe_proxy.cli.costs import cost_of
from pandaprobe_proxy.cli.options import as_json, data_dir, limit, reading, whole_id
from pandaprobe_proxy.cli.output import (
    Failure,
    clean,
    duration,
    from_store,
    not_found,
    one_line,
    print_json,
    print_table,
)
from pandaprobe_proxy.store.base import StoredBody, StoredCall
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.shapes import call_json, iso, items_json, stored_call_json


@click.group("calls")
def command() -> None:
    """List or show calls."""


@command.command("ls")
@click.option("--session", metavar="ID", help="Only those of this session, oldest first.")
@limit(50)
@data_dir
@as_json
def ls(session: str | None, limit: int, data_dir: str | None, json: bool) -> None:
    """List calls, the newest first.

    Example: pandaprobe-proxy calls ls --session conversation-123
    """
    with reading(data_dir) as reader:
        rows = from_store(lambda: reader.calls(limit, session_id=session))
    if json:
        print_json(items_json([call_json(row) for row in rows], limit))
        return
    heads = ["call", "started", "session", "model", "outcome", "status", "time", "tokens", "cost"]
    print_table(heads, [_cells(row) for row in rows])


def _cells(row: CallRow) -> list[str]:
    return [
        row.call_id,
        (iso(row.started_ns) or "")[:19],
        one_line(row.session_id, 32),
        one_line(row.model or f"{row.method} {row.path}", 32),
        outcome_of(row),
        str(row.status or ""),
        duration(row.ended_ns - row.started_ns if row.ended_ns else None),
        tokens_of(row),
        cost_of(row),
    ]


def outcome_of(row: CallRow) -> str:
    """How it ended, with which try it was and what it is to another call."""
    said = ["pending"] if row.pending else []
    said += [f"try {row.attempt + 1}{'?' if row.attempt_inferred else ''}"] if row.attempt else []
    said += ["fetches an answer"] if row.retrieves else []
    said += [f"{row.turns} turns"] if row.turns is not None else []
    said += [place_of(row)] if row.connection else []
    return ", ".join([row.outcome, *said])


def place_of(row: CallRow) -> str:
    """Which turn of which connection it is."""
    return f"{f'turn {row.turn}' if row.turn else row.operation} of {row.connection}"


def tokens_of(row: CallRow) -> str:
    """Tokens in and out, with how they are known unless the provider said so."""
    usage = row.usage
    if usage.input is None and usage.output is None:
        return ""
    said = "" if usage.source == "reported" else f" ({usage.source})"
    return (
        f"{usage.input if usage.input is not None else '?'} → {usage.output if usage.output is not None else '?'}{said}"
    )


def line_of(row: CallRow) -> str:
    """A call as one line."""
    return "  ".join(cell for cell in _cells(row) if cell)


@command.command("show")
@click.argument("call")
@click.option("--request", is_flag=True, help="Write the request's body, byte for byte, and nothing else.")
@click.option("--response", is_flag=True, help="Write the response's body, byte for byte, and nothing else.")
@data_dir
@as_json
def show(call: str, request: bool, response: bool, data_dir: str | None, json: bool) -> None:
    """Show one call: messages, tools, parameters, times, headers. An id may be cut short.

    Example: pandaprobe-proxy calls show 0190a1b2 --response
    """
    with reading(data_dir) as reader:
        call_id = whole_id(call, reader.find_calls, "call")
        stored = from_store(lambda: reader.call(call_id))
    if stored is None:
        not_found(f"call {call_id} is no longer there", "it may have been deleted")
    if request or response:
        _write(stored, stored.request if request else stored.response)
    elif json:
        print_json(stored_call_json(stored))
    else:
        print_call(stored)


def _write(stored: StoredCall, body: StoredBody) -> None:
    if stored.row.connection:
        raise Failure(f"a turn has no body of its own; the bytes are those of call {stored.row.connection}.")
    if body.withheld:
        raise Failure(f"this body of call {stored.row.call_id} was not kept ({clean(body.withheld)}).")
    sys.stdout.buffer.write(body.data)
    sys.stdout.buffer.flush()
    if body.redactions:
        echo_error = f"{body.redactions} secrets were taken out of this body, so it is not what crossed the wire."
        click.echo(echo_error, err=True)
