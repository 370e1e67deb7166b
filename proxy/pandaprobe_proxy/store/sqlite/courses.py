"""The course of a session: all its calls as columns, and its conversation piece by piece."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

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
    "SELECT call_id, trace_id, status, input_tokens, output_tokens, cached_tokens, cost ->> '$.total' AS cost,"
    " coalesce(attempt, 0) AS attempt, iif(outcome = 'open', 'open', iif(partial, 'partial',"
    f" iif({FAILED}, 'error', 'ok'))) AS state, started_ns, ended_ns, marks, model, operation, agent_id AS agent"
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
    """See store.views.Waterfall. Column by column, since there may be ten thousand rows and somebody waits."""
    session = db.execute("SELECT key, started_ns FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    if session is None:
        return None
    found = db.execute(_COLUMNS, (session[0],))
    names = [column[0] for column in found.description]
    rows = found.fetchall()
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    starts, ends, marks = (columns.pop(name) for name in ("started_ns", "ended_ns", "marks"))
    began_ns = min(starts, default=session[1])
    columns["start_ms"] = [_ms(at_ns - began_ns) for at_ns in starts]
    columns["end_ms"] = [_ms(end - start) if end else None for start, end in zip(starts, ends, strict=True)]
    columns["first_ms"] = [_first_ms(codec, data) for data in marks]
    named = {many: _index(columns[one]) for one, many in _NAMED.items()}
    for one, many in _NAMED.items():
        columns[one] = [named[many].get(name) for name in columns[one]]
    return Waterfall(began_ns, columns, {many: list(values) for many, values in named.items()})


_NAMED = {"model": "models", "operation": "operations", "agent": "agents"}


class _Began(msgspec.Struct):
    """Of a call's marks, when its answer began, in nanoseconds since it did."""

    first_content: int | None = None
    first_tool: int | None = None
    first_byte: int | None = None


_read_began = msgspec.json.Decoder(_Began).decode


def _index(values: Iterable[str | None]) -> Mapping[str, int]:
    """Each different value with its place, in the order in which they come."""
    return {value: at for at, value in enumerate(value for value in dict.fromkeys(values) if value is not None)}


def _first_ms(codec: Codec, marks: bytes | None) -> float | None:
    if not marks:
        return None
    began = _read_began(codec.grow(marks))
    at_ns = began.first_content or began.first_tool or began.first_byte
    return _ms(at_ns) if at_ns is not None else None


def _ms(ns: int) -> float:
    """Milliseconds, to the microsecond: more digits are only more to send."""
    return round(ns / 1e6, 3)


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
