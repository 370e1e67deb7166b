"""Sessions and calls as pages of a list, and their neighbours there. Each function asks one connection."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from pandaprobe_proxy.store.filters import Term
from pandaprobe_proxy.store.sqlite.codec import to_text
from pandaprobe_proxy.store.sqlite.filtering import choose_calls, choose_sessions
from pandaprobe_proxy.store.sqlite.rows import Row, select, to_session
from pandaprobe_proxy.store.views import Beside, Cursor, Page, SessionLine

SPARK_CALLS = 20
MOST_SUMMED = 500
"""Calls of a session whose cached tokens a list adds up."""
_ORDER = {
    "last": "s.last_ns",
    "cost": "s.cost",
    "errors": "s.errors",
    "tokens": "(s.input_tokens + s.output_tokens)",
    "calls": "s.calls",
    "duration": "(s.last_ns - s.started_ns)",
}
_SHOWN = "(s.calls OR s.traces)"
_LATENCIES = (
    "SELECT (ended_ns - started_ns) / 1e6 FROM calls WHERE session = ? AND ended_ns IS NOT NULL AND turns IS NULL"
    f" ORDER BY started_ns DESC LIMIT {SPARK_CALLS}"
)
_CACHED = "SELECT coalesce(sum(cached_tokens), 0) FROM calls WHERE session = ? AND turns IS NULL"
_SCORES = (
    "SELECT session_id, name, value FROM judgements WHERE key IN (SELECT max(key) FROM judgements WHERE session_id IN"
    " (SELECT value FROM json_each(?)) GROUP BY session_id, name) ORDER BY name"
)


def list_sessions(
    db: sqlite3.Connection, terms: Sequence[Term], sort: str, limit: int, after: Cursor | None
) -> Page[SessionLine]:
    """See store.views.ViewReader."""
    condition, values = choose_sessions(terms)
    order = _ORDER[sort]
    if after:
        values += after
        condition += f" AND ({order}, s.key) < (?{len(values) - 1}, ?{len(values)})"
    rows = select(
        db,
        f"SELECT s.*, {order} AS ordered FROM sessions AS s WHERE {_SHOWN} AND {condition}"
        f" ORDER BY ordered DESC, s.key DESC LIMIT {limit + 1}",
        values,
    )
    return Page(_to_lines(db, rows[:limit]), _next(rows, limit))


def _next(rows: Sequence[Row], limit: int) -> Cursor | None:
    """Where the page after that one goes on; one row more than a page was asked for."""
    return (rows[limit - 1]["ordered"], rows[limit - 1]["key"]) if len(rows) > limit else None


def _to_lines(db: sqlite3.Connection, rows: Sequence[Row]) -> list[SessionLine]:
    scores: dict[str, dict[str, float | None]] = defaultdict(dict)
    ids = to_text([row["session_id"] for row in rows])
    for session_id, name, value in db.execute(_SCORES, (ids,)):
        scores[session_id][name] = value
    return [
        SessionLine(
            row=to_session(row),
            latencies_ms=[ms for (ms,) in db.execute(_LATENCIES, (row["key"],))][::-1],
            scores=scores[row["session_id"]],
            cached_tokens=db.execute(_CACHED, (row["key"],)).fetchone()[0] if row["calls"] <= MOST_SUMMED else None,
            last_output=row["last_output"],
        )
        for row in rows
    ]


def list_calls(
    db: sqlite3.Connection, terms: Sequence[Term], session_id: str | None, limit: int, after: Cursor | None
) -> Page[Row]:
    """Rows of calls: of a session the oldest first, else the newest first."""
    condition, values = choose_calls(terms)
    order, way, than = ("c.started_ns", "", ">") if session_id else ("c.key", "DESC", "<")
    if session_id:
        values.append(session_id)
        condition += f" AND s.session_id = ?{len(values)}"
    if after:
        values += after
        condition += f" AND ({order}, c.key) {than} (?{len(values) - 1}, ?{len(values)})"
    rows = select(
        db,
        f"SELECT c.*, s.session_id, {order} AS ordered FROM calls AS c JOIN sessions AS s ON s.key = c.session"
        f" WHERE {condition} ORDER BY ordered {way}, c.key {way} LIMIT {limit + 1}",
        values,
    )
    return Page(rows[:limit], _next(rows, limit))


def beside_session(db: sqlite3.Connection, session_id: str, terms: Sequence[Term], sort: str) -> Beside:
    """The sessions above and below that one, which need not be chosen itself."""
    condition, values = choose_sessions(terms)
    order = _ORDER[sort]
    here = db.execute(f"SELECT {order}, s.key FROM sessions AS s WHERE s.session_id = ?", (session_id,)).fetchone()
    if here is None:
        return Beside(None, None)
    values += here
    place = f"({order}, s.key) {{}} (?{len(values) - 1}, ?{len(values)})"
    found = [
        db.execute(
            f"SELECT s.session_id FROM sessions AS s WHERE {_SHOWN} AND {condition} AND {place.format(than)}"
            f" ORDER BY {order} {way}, s.key {way} LIMIT 1",
            values,
        ).fetchone()
        for than, way in ((">", ""), ("<", "DESC"))
    ]
    return Beside(*(row[0] if row else None for row in found))


def beside_call(db: sqlite3.Connection, call_id: str) -> Beside:
    """The calls before and after that one in its session, connections left out."""
    here = db.execute("SELECT session, started_ns, key FROM calls WHERE call_id = ?", (call_id,)).fetchone()
    if here is None:
        return Beside(None, None)
    found = [
        db.execute(
            f"SELECT call_id FROM calls WHERE session = ? AND (started_ns, key) {than} (?, ?) AND turns IS NULL"
            f" ORDER BY started_ns {way}, key {way} LIMIT 1",
            tuple(here),
        ).fetchone()
        for than, way in (("<", "DESC"), (">", ""))
    ]
    return Beside(*(row[0] if row else None for row in found))
