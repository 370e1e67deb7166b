"""Posted traces, spans and scores as rows. Each function runs inside a transaction.

What is None keeps what is there; tags are united and metadata is merged. A trace's session is the one that was posted,
else the one that its calls gave it. Calls whose session is only a default follow their trace; others stay where they
said they belong.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.session import DEFAULTS, Source
from pandaprobe_proxy.model.trace import Span, Trace
from pandaprobe_proxy.store.errors import Refused
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.calls import Calls
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text
from pandaprobe_proxy.store.sqlite.labels import find_place
from pandaprobe_proxy.store.sqlite.lives import Lives
from pandaprobe_proxy.store.sqlite.rows import read_span, read_trace
from pandaprobe_proxy.store.trace_rows import SpanRow, TraceRow

_TRACE_FIELDS = {
    "name": "name",
    "status": "status",
    "started_ns": "started_ns",
    "ended_ns": "ended_ns",
    "user_id": "user_id",
    "environment": "environment",
    "release": "release",
}
_SPAN_FIELDS = (
    "name", "kind", "status", "parent_span_id", "started_ns", "ended_ns", "first_token_ns", "model", "error"
)  # fmt: skip
_SPAN_JSON = ("input", "output", "token_usage", "cost", "parameters")


class Traces:
    """Writes traces through one connection."""

    def __init__(self, connection: sqlite3.Connection, calls: Calls) -> None:
        self._db = connection
        self._calls = calls
        self._lives = Lives(connection)

    def put(self, trace: Trace, at_ns: int) -> None:
        """Adds or completes a trace."""
        row = self._db.execute("SELECT session FROM traces WHERE trace_id = ?", (trace.trace_id,)).fetchone()
        if row is None:
            self._make(trace, at_ns)
        elif trace.session_id is not None:
            self._move(trace.trace_id, row[0], self._session(trace.session_id, trace.started_ns or at_ns))
        self._update(trace)
        self._put_spans(trace.trace_id, trace.spans, at_ns)
        self._touch(trace, at_ns)

    def _session(self, session_id: str, at_ns: int) -> int:
        return self._calls.session(session_id, Source.INGEST, 1.0, at_ns)

    def _make(self, trace: Trace, at_ns: int) -> None:
        started_ns = trace.started_ns or at_ns
        held = self._db.execute("SELECT session FROM calls WHERE trace_id = ? LIMIT 1", (trace.trace_id,)).fetchone()
        if trace.session_id is None and held:
            session = int(held[0])
        else:
            session = self._session(trace.session_id or f"trace-{trace.trace_id}", started_ns)
        self._db.execute(
            "INSERT INTO traces (trace_id, session, name, status, started_ns, origin) VALUES (?, ?, ?, ?, ?, ?)",
            (trace.trace_id, session, trace.name or "trace", trace.status or "PENDING", started_ns, trace.origin),
        )
        self._db.execute("UPDATE sessions SET traces = traces + 1 WHERE key = ?", (session,))
        self._move_calls(trace.trace_id, session)

    def _move(self, trace_id: str, old: int, new: int) -> None:
        if old == new:
            return
        self._db.execute("UPDATE traces SET session = ? WHERE trace_id = ?", (new, trace_id))
        self._db.execute("UPDATE sessions SET traces = traces - 1 WHERE key = ?", (old,))
        self._db.execute("UPDATE sessions SET traces = traces + 1 WHERE key = ?", (new,))
        self._move_calls(trace_id, new)
        totals.drop_if_empty(self._db, old, new)

    def _move_calls(self, trace_id: str, session: int) -> None:
        """Calls of this trace that only a default placed follow it."""
        marks = ",".join("?" * len(DEFAULTS))
        rows = self._db.execute(
            f"SELECT key FROM calls WHERE trace_id = ? AND session != ? AND source IN ({marks})",
            (trace_id, session, *sorted(DEFAULTS)),
        ).fetchall()
        for (key,) in rows:
            old = totals.move(self._db, key, session)
            totals.hand_over(self._db, old, session)
            totals.drop_if_empty(self._db, old, session)

    def _update(self, trace: Trace) -> None:
        values: dict[str, Any] = {
            column: getattr(trace, name) for name, column in _TRACE_FIELDS.items() if getattr(trace, name) is not None
        }
        values |= {
            name: to_text(getattr(trace, name)) for name in ("input", "output") if getattr(trace, name) is not None
        }
        if trace.started_ns is not None or trace.origin != "proxy":
            values["origin"] = trace.origin
        tags, metadata = self._db.execute(
            "SELECT tags, metadata FROM traces WHERE trace_id = ?", (trace.trace_id,)
        ).fetchone()
        if trace.tags:
            values["tags"] = to_text(list(dict.fromkeys([*from_text(tags), *trace.tags])))
        if trace.metadata:
            values["metadata"] = to_text({**from_text(metadata), **trace.metadata})
        self._set("traces", "trace_id", trace.trace_id, values)

    def _set(self, table: str, column: str, key: str, values: dict[str, Any]) -> None:
        if values:
            assignments = ", ".join(f"{name} = :{name}" for name in values)
            statement = f"UPDATE {table} SET {assignments} WHERE {column} = :_key"
            self._db.execute(statement, {**values, "_key": key})

    def _touch(self, trace: Trace, at_ns: int) -> None:
        """The session has seen activity; it takes the user and the tags of the trace."""
        (session,) = self._db.execute("SELECT session FROM traces WHERE trace_id = ?", (trace.trace_id,)).fetchone()
        (text,) = self._db.execute("SELECT tags FROM sessions WHERE key = ?", (session,)).fetchone()
        tags = to_text(sorted({*from_text(text), *(trace.tags or ())}))
        self._db.execute(
            "UPDATE sessions SET last_ns = max(last_ns, ?), started_ns = min(started_ns, ?), tags = ?,"
            " user_id = coalesce(user_id, ?) WHERE key = ?",
            (trace.ended_ns or trace.started_ns or at_ns, trace.started_ns or at_ns, tags, trace.user_id, session),
        )
        self._lives.traced(session, trace.started_ns or at_ns)

    def add_spans(self, trace_id: str, spans: Sequence[Span], at_ns: int) -> bool:
        if self._db.execute("SELECT 1 FROM traces WHERE trace_id = ?", (trace_id,)).fetchone() is None:
            return False
        self._put_spans(trace_id, spans, at_ns)
        self._stir(trace_id)
        return True

    def _stir(self, trace_id: str) -> None:
        """More came of a trace that is known."""
        session, started_ns = self._db.execute(
            "SELECT session, started_ns FROM traces WHERE trace_id = ?", (trace_id,)
        ).fetchone()
        self._lives.traced(session, started_ns)

    def _put_spans(self, trace_id: str, spans: Sequence[Span], at_ns: int) -> None:
        for span in spans:
            self._db.execute(
                "INSERT OR IGNORE INTO spans (span_id, trace_id, name, kind, status, started_ns)"
                " VALUES (?, ?, ?, 'OTHER', 'UNSET', ?)",
                (span.span_id, trace_id, span.name or "span", span.started_ns or at_ns),
            )
            self._update_span(span)

    def _update_span(self, span: Span) -> None:
        values: dict[str, Any] = {name: getattr(span, name) for name in _SPAN_FIELDS if getattr(span, name) is not None}
        values |= {name: to_text(getattr(span, name)) for name in _SPAN_JSON if getattr(span, name) is not None}
        if span.metadata:
            row = self._db.execute("SELECT metadata FROM spans WHERE span_id = ?", (span.span_id,)).fetchone()
            values["metadata"] = to_text({**from_text(row[0]), **span.metadata})
        self._set("spans", "span_id", span.span_id, values)

    def patch(self, trace: Trace) -> TraceRow | None:
        row = self._db.execute("SELECT session FROM traces WHERE trace_id = ?", (trace.trace_id,)).fetchone()
        if row is None:
            return None
        if trace.session_id is not None:
            self._move(trace.trace_id, row[0], self._session(trace.session_id, trace.started_ns or 0))
        self._update(trace)
        self._clear("traces", "trace_id", trace.trace_id, trace.nulls)
        self._stir(trace.trace_id)
        return read_trace(self._db, trace.trace_id)

    def patch_span(self, trace_id: str, span: Span) -> SpanRow | None:
        found = self._db.execute(
            "SELECT 1 FROM spans WHERE span_id = ? AND trace_id = ?", (span.span_id, trace_id)
        ).fetchone()
        if found is None:
            return None
        self._update_span(span)
        self._clear("spans", "span_id", span.span_id, span.nulls)
        self._stir(trace_id)
        return read_span(self._db, span.span_id)

    def _clear(self, table: str, column: str, key: str, names: frozenset[str]) -> None:
        empty = {"tags": "[]", "metadata": "{}"}
        clearable = {
            "traces": {"ended_ns", "user_id", "tags", "metadata", "input", "output", "environment", "release"},
            "spans": {"ended_ns", "first_token_ns", "parent_span_id", "metadata", "model", "error", *_SPAN_JSON},
        }
        self._set(table, column, key, {name: empty.get(name) for name in sorted(names & clearable[table])})

    def add_score(self, score: Score) -> Score:
        if score.span_id is not None and score.trace_id is None:
            trace_id = find_place(self._db, score.span_id)
            if trace_id is None:
                raise Refused(f"there is no span {score.span_id}; name its trace, too.")
            score = replace(score, trace_id=trace_id)
        self._db.execute(
            "INSERT OR REPLACE INTO scores (score_id, name, value, data_type, at_ns, trace_id, session_id, source,"
            " reason, metadata, span_id, author) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                score.score_id,
                score.name,
                score.value,
                score.data_type,
                score.at_ns,
                score.trace_id,
                score.session_id,
                score.source,
                score.reason,
                to_text(score.metadata),
                score.span_id,
                score.author,
            ),
        )
        self._lives.judged(score.session_id, score.trace_id)
        return score
