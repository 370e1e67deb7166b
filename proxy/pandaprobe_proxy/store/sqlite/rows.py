"""Rows as values: what every reading needs, on any connection."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.model.call import Cost, Marks, Usage, UsageSource, kind_of
from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text
from pandaprobe_proxy.store.trace_rows import SpanRow, TraceRow

Row = sqlite3.Row

SESSION = "SELECT * FROM sessions"
CALL = "SELECT c.*, s.session_id FROM calls AS c JOIN sessions AS s ON s.key = c.session"
_TRACE = "SELECT t.*, s.session_id FROM traces AS t JOIN sessions AS s ON s.key = t.session"
_SPAN = (
    "SELECT p.*, s.session_id FROM spans AS p JOIN traces AS t ON t.trace_id = p.trace_id"
    " JOIN sessions AS s ON s.key = t.session"
)


def select(db: sqlite3.Connection, statement: str, values: Iterable[Any] = ()) -> list[Row]:
    """All rows of a statement, by name."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(statement, tuple(values)).fetchall()


def to_session(row: Row) -> SessionRow:
    return SessionRow(
        session_id=row["session_id"],
        source=row["source"],
        confidence=row["confidence"],
        user_id=row["user_id"],
        tags=tuple(from_text(row["tags"])),
        started_ns=row["started_ns"],
        last_ns=row["last_ns"],
        calls=row["calls"],
        open_calls=row["open_calls"],
        errors=row["errors"],
        traces=row["traces"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        models=tuple(from_text(row["models"])),
        first_input=row["first_input"],
        cost=row["cost"],
        unpriced=row["unpriced"],
        retries=row["retries"],
        recovered=row["recovered"],
        parent=row["parent"],
        parent_call=row["parent_call"],
        merged_into=row["merged_into"],
        state=State.MERGED if row["merged_into"] else State(row["state"] or State.OPEN),
        closing=row["closed_ns"] is not None and row["state"] != State.CLOSED,
    )


def to_call(row: Row, codec: Codec) -> CallRow:
    marks = codec.read_json(row["marks"]) or {}
    return CallRow(
        call_id=row["call_id"],
        session_id=row["session_id"],
        trace_id=row["trace_id"] or row["call_id"],
        parent_span_id=row["parent_span_id"],
        source=row["source"],
        confidence=row["confidence"],
        started_ns=row["started_ns"],
        ended_ns=row["ended_ns"],
        outcome=row["outcome"],
        error=row["error"] or row["call_error"] or "",
        status=row["status"],
        upstream=row["upstream"],
        method=row["method"],
        path=row["path"],
        dialect=row["dialect"] or "",
        operation=row["operation"] or "",
        model=row["model"] or "",
        streamed=bool(row["streamed"]),
        partial=bool(row["partial"]),
        lossy=bool(row["lossy"]),
        usage=_usage(row),
        marks=Marks(**marks),
        finish_reason=row["finish_reason"] or "",
        user_id=row["user_id"],
        tags=tuple(from_text(row["tags"], [])),
        request_bytes=row["request_bytes"] or 0,
        response_bytes=row["response_bytes"] or 0,
        cost=Cost(**from_text(row["cost"])) if row["cost"] else None,
        response_id=row["response_id"],
        previous_id=row["previous_id"],
        conversation_id=row["conversation_id"],
        pending=bool(row["pending"]),
        attempt=row["attempt"] or 0,
        attempt_of=row["attempt_of"],
        attempt_inferred=bool(row["attempt_inferred"]),
        retrieves=row["retrieves"],
        follows=row["follows"],
        session_path=row["session_path"],
        agent=row["agent_id"],
        parent_agent=row["parent_agent_id"],
        connection=row["connection"],
        turn=row["turn"],
        turns=row["turns"],
    )


def _usage(row: Row) -> Usage:
    return Usage(
        input=row["input_tokens"],
        output=row["output_tokens"],
        cached=row["cached_tokens"],
        reasoning=row["reasoning_tokens"],
        source=UsageSource(row["usage_source"] or UsageSource.NONE),
        cache_written=row["cache_written_tokens"],
        audio_input=row["audio_input_tokens"],
        audio_output=row["audio_output_tokens"],
        sources={name: UsageSource(source) for name, source in from_text(row["usage_sources"], {}).items()},
    )


def read_traces(db: sqlite3.Connection, where: str, values: Iterable[Any]) -> list[TraceRow]:
    """The posted traces that a condition selects, with their spans and those that are calls."""
    return [_to_trace(db, row) for row in select(db, f"{_TRACE} WHERE {where}", values)]


def read_trace(db: sqlite3.Connection, trace_id: str) -> TraceRow | None:
    """A posted trace, or the one that a call without one is."""
    found = read_traces(db, "t.trace_id = ?", (trace_id,))
    if found:
        return found[0]
    alone = select(db, f"{CALL} WHERE c.call_id = ? AND c.trace_id IS NULL AND c.turns IS NULL", (trace_id,))
    return to_own_trace(alone[0]) if alone else None


def _to_trace(db: sqlite3.Connection, row: Row) -> TraceRow:
    spans = [_to_span(span) for span in select(db, f"{_SPAN} WHERE p.trace_id = ?", (row["trace_id"],))]
    calls = select(db, f"{CALL} WHERE c.trace_id = ? AND c.turns IS NULL", (row["trace_id"],))
    spans += [to_call_span(call) for call in calls]
    return TraceRow(
        trace_id=row["trace_id"],
        session_id=row["session_id"],
        name=row["name"],
        status=row["status"],
        started_ns=row["started_ns"],
        ended_ns=row["ended_ns"],
        origin=row["origin"],
        user_id=row["user_id"],
        tags=tuple(from_text(row["tags"])),
        metadata=from_text(row["metadata"]),
        input=from_text(row["input"]),
        output=from_text(row["output"]),
        environment=row["environment"],
        release=row["release"],
        spans=tuple(sorted(spans, key=lambda span: (span.started_ns, span.span_id))),
    )


def to_own_trace(row: Row) -> TraceRow:
    """The trace of a call that nobody opened one for."""
    span = to_call_span(row)
    status = {"open": "RUNNING", "ok": "COMPLETED"}.get(row["outcome"], "ERROR")
    return TraceRow(
        trace_id=row["call_id"],
        session_id=row["session_id"],
        name=span.name,
        status=status,
        started_ns=row["started_ns"],
        ended_ns=row["ended_ns"],
        origin="proxy",
        user_id=row["user_id"],
        tags=tuple(from_text(row["tags"], [])),
        metadata=from_text(row["metadata"], {}),
        input=None,
        output=None,
        environment=None,
        release=None,
        spans=(span,),
    )


def to_call_span(row: Row) -> SpanRow:
    """A call as a span: of kind LLM or EMBEDDING, or OTHER if no dialect knew it."""
    kind = kind_of(row["operation"]) if row["dialect"] else "OTHER"
    usage = {"prompt_tokens": row["input_tokens"], "completion_tokens": row["output_tokens"]}
    return SpanRow(
        span_id=row["call_id"],
        trace_id=row["trace_id"] or row["call_id"],
        session_id=row["session_id"],
        parent_span_id=row["parent_span_id"],
        name=row["dialect"] or f"{row['method']} {row['path']}",
        kind=kind,
        status={"open": "UNSET", "ok": "OK"}.get(row["outcome"], "ERROR"),
        started_ns=row["started_ns"],
        ended_ns=row["ended_ns"],
        first_token_ns=None,
        model=row["model"],
        input=None,
        output=None,
        error=row["error"] or row["call_error"],
        token_usage={name: count for name, count in usage.items() if count is not None} or None,
        cost=_span_cost(row["cost"]),
        parameters=None,
        metadata=from_text(row["metadata"], {}),
        call_id=row["call_id"],
    )


def _span_cost(text: str | None) -> dict[str, float] | None:
    """As PandaProbe has it: numbers only, `total` among its parts."""
    cost = from_text(text)
    return {**cost["parts"], "total": cost["total"]} if cost else None


def read_span(db: sqlite3.Connection, span_id: str) -> SpanRow | None:
    found = select(db, f"{_SPAN} WHERE p.span_id = ?", (span_id,))
    return _to_span(found[0]) if found else None


def _to_span(row: Row) -> SpanRow:
    return SpanRow(
        span_id=row["span_id"],
        trace_id=row["trace_id"],
        session_id=row["session_id"],
        parent_span_id=row["parent_span_id"],
        name=row["name"],
        kind=row["kind"],
        status=row["status"],
        started_ns=row["started_ns"],
        ended_ns=row["ended_ns"],
        first_token_ns=row["first_token_ns"],
        model=row["model"],
        input=from_text(row["input"]),
        output=from_text(row["output"]),
        error=row["error"],
        token_usage=from_text(row["token_usage"]),
        cost=from_text(row["cost"]),
        parameters=from_text(row["parameters"]),
        metadata=from_text(row["metadata"]),
        call_id=None,
    )


def to_score(row: Row) -> Score:
    return Score(**{**dict(row), "metadata": from_text(row["metadata"])})
