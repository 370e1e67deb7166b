"""The course of a session: all its calls as columns, and its conversation piece by piece."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.model.call import kind_of
from pandaprobe_proxy.sessions.conversation import Addition, merge
from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.store.shapes import to_steps
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.filtering import FAILED
from pandaprobe_proxy.store.sqlite.history import Telling
from pandaprobe_proxy.store.sqlite.rows import CALL, Row, select
from pandaprobe_proxy.store.views import Piece, Waterfall

_COLUMNS = (
    "SELECT call_id, trace_id, started_ns, ended_ns, outcome, status, model, operation, agent_id, partial,"
    f" {FAILED} AS failed, input_tokens, output_tokens, cached_tokens, cost ->> '$.total' AS cost, attempt, marks"
    " FROM calls AS c WHERE session = ? AND turns IS NULL ORDER BY started_ns, call_id"
)
_PIECE = (
    f"{CALL} WHERE c.session = ?1 AND c.turns IS NULL AND (c.started_ns, c.call_id) >= (?2, ?3)"
    " ORDER BY c.started_ns, c.call_id LIMIT ?4"
)
_BEFORE = (
    "SELECT call_id FROM (SELECT call_id, started_ns FROM calls WHERE session = ?1 AND turns IS NULL"
    " AND (started_ns, call_id) < (?2, ?3) ORDER BY started_ns DESC, call_id DESC LIMIT ?4)"
    " ORDER BY started_ns, call_id LIMIT 1"
)
_LINES = (
    "SELECT call_id, follows, operation, dialect FROM calls WHERE session = ? AND turns IS NULL"
    " ORDER BY started_ns, call_id"
)


def read_waterfall(db: sqlite3.Connection, codec: Codec, session_id: str) -> Waterfall | None:
    """See store.views.Waterfall."""
    session = db.execute("SELECT key, started_ns FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    if session is None:
        return None
    rows = select(db, _COLUMNS, (session[0],))
    began_ns = min((row["started_ns"] for row in rows), default=session[1])
    named = {many: _index(row[column] for row in rows) for many, column in _NAMED.values()}
    columns = {name: [read(codec, row) for row in rows] for name, read in _READ.items()}
    columns |= {name: [row[name] for row in rows] for name in _PLAIN}
    columns |= {name: [named[many].get(row[column]) for row in rows] for name, (many, column) in _NAMED.items()}
    columns["start_ms"] = [(row["started_ns"] - began_ns) / 1e6 for row in rows]
    return Waterfall(began_ns, columns, {many: list(values) for many, values in named.items()})


def _index(values: Iterable[str | None]) -> Mapping[str, int]:
    """Each different value with its place, in the order in which they come."""
    return {value: at for at, value in enumerate(dict.fromkeys(value for value in values if value is not None))}


def _first_ms(codec: Codec, row: Row) -> float | None:
    marks = codec.read_json(row["marks"]) or {}
    at_ns = marks.get("first_content") or marks.get("first_tool") or marks.get("first_byte")
    return at_ns / 1e6 if at_ns is not None else None


def _state(row: Row) -> str:
    if row["outcome"] == "open":
        return "open"
    if row["partial"]:
        return "partial"
    return "error" if row["failed"] else "ok"


_PLAIN = ("call_id", "status", "input_tokens", "output_tokens", "cached_tokens", "cost")
_NAMED = {"model": ("models", "model"), "operation": ("operations", "operation"), "agent": ("agents", "agent_id")}
_READ: Mapping[str, Callable[[Codec, Row], Any]] = {
    "first_ms": _first_ms,
    "end_ms": lambda _, row: (row["ended_ns"] - row["started_ns"]) / 1e6 if row["ended_ns"] else None,
    "state": lambda _, row: _state(row),
    "attempt": lambda _, row: row["attempt"] or 0,
    "trace_id": lambda _, row: row["trace_id"] or row["call_id"],
}


def tell_from(db: sqlite3.Connection, telling: Telling, session_id: str, call_id: str | None, limit: int) -> Piece:
    """What a piece of a session's calls adds.

    Beside them the calls are read that they go on from: each shows its whole history, so that what is new in the piece
    is the same as if all calls had been read. Lines are counted over all calls, by what follows what.
    """
    found = db.execute("SELECT key FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    key = found[0] if found else -1
    start = _place(db, key, call_id)
    rows = select(db, _PIECE, (key, *start, limit + 1))
    piece, beyond = rows[:limit], rows[limit:]
    here = {row["call_id"] for row in piece}
    context = _read_context(db, piece, here)
    steps = fold(to_steps(telling.tell(row) for row in [*context, *piece]))
    lines = _number_lines(db, key)
    before = db.execute(_BEFORE, (key, *start, limit)).fetchone()
    return Piece(
        additions=[_line(addition, lines) for addition in merge(steps) if addition.call_id in here],
        previous=before[0] if before else None,
        next=beyond[0]["call_id"] if beyond else None,
    )


def _place(db: sqlite3.Connection, session: int, call_id: str | None) -> tuple[int, str]:
    row = db.execute("SELECT started_ns, call_id FROM calls WHERE session = ? AND call_id = ?", (session, call_id))
    return row.fetchone() or (0, "")


def _read_context(db: sqlite3.Connection, piece: Sequence[Row], here: set[str]) -> list[Row]:
    """The calls before the piece that its calls go on from, by their start."""
    named = sorted({row["follows"] for row in piece if row["follows"]} - here)
    marks = ", ".join("?" * len(named))
    rows = select(db, f"{CALL} WHERE c.call_id IN ({marks}) ORDER BY c.started_ns, c.call_id", named)
    return [row for row in rows if row["started_ns"] <= piece[0]["started_ns"]]


def _number_lines(db: sqlite3.Connection, session: int) -> Mapping[str, int]:
    """The line of each call's conversation, from 1: a call goes on with the line of the one that it follows, unless
    another has before it."""
    lines: dict[str, int] = {}
    taken: set[str] = set()
    count = 0
    for call_id, follows, operation, dialect in db.execute(_LINES, (session,)):
        if not dialect or kind_of(operation or "") != "LLM":
            continue
        if follows in lines and follows not in taken:
            lines[call_id] = lines[follows]
            taken.add(follows)
        else:
            count += 1
            lines[call_id] = count
    return lines


def _line(addition: Addition, lines: Mapping[str, int]) -> Addition:
    return replace(addition, branch=lines.get(addition.call_id, 0)) if addition.branch else addition
