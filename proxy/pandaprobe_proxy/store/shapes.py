"""What is read from a store as JSON: one shape per value, for the command line and the web port alike. Pure.

Traces, spans, scores and sessions have PandaProbe's field names; what it does not have stands beside them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pandaprobe_proxy.model.correction import Corrected
from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.sessions.conversation import Addition
from pandaprobe_proxy.sessions.steps import Step
from pandaprobe_proxy.sessions.tools import ToolUse
from pandaprobe_proxy.sessions.tree import Node
from pandaprobe_proxy.store.base import Hit, StoredBody, StoredCall
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.judged import Judged
from pandaprobe_proxy.store.media import shorten, tell
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.trace_rows import SpanRow, TraceRow

Json = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at_ns: int | None) -> str | None:
    """Nanoseconds since 1970 as ISO 8601 in UTC, to the microsecond."""
    return (
        None if at_ns is None else (_EPOCH + timedelta(microseconds=at_ns // 1000)).isoformat(timespec="microseconds")
    )


def _ms(start_ns: int, end_ns: int | None) -> float | None:
    return None if end_ns is None else (end_ns - start_ns) / 1e6


def session_json(row: SessionRow) -> Json:
    return {
        "session_id": row.session_id,
        "trace_count": row.traces,
        "first_trace_at": iso(row.started_ns),
        "last_trace_at": iso(row.last_ns),
        "total_latency_ms": _ms(row.started_ns, row.last_ns),
        "has_error": row.errors > 0,
        "user_id": row.user_id,
        "tags": list(row.tags),
        "total_tokens": row.input_tokens + row.output_tokens,
        "source": row.source,
        "confidence": row.confidence,
        "calls": row.calls,
        "open_calls": row.open_calls,
        "errors": row.errors,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "models": list(row.models),
        "first_input": row.first_input,
        "total_cost": row.cost,
        "unpriced_calls": row.unpriced,
        "retries": row.retries,
        "recovered_errors": row.recovered,
        "parent_session_id": row.parent,
        "parent_call_id": row.parent_call,
        "merged_into": row.merged_into,
        "state": row.state,
        "closing": row.closing,
    }


def trace_json(row: TraceRow) -> Json:
    return {
        "trace_id": row.trace_id,
        "name": row.name,
        "status": row.status,
        "input": row.input,
        "output": row.output,
        "metadata": row.metadata,
        "started_at": iso(row.started_ns),
        "ended_at": iso(row.ended_ns),
        "session_id": row.session_id,
        "user_id": row.user_id,
        "tags": list(row.tags),
        "environment": row.environment,
        "release": row.release,
        "origin": row.origin,
        "latency_ms": _ms(row.started_ns, row.ended_ns),
        "spans": [span_json(span) for span in row.spans],
    }


def span_json(row: SpanRow) -> Json:
    return {
        "span_id": row.span_id,
        "trace_id": row.trace_id,
        "parent_span_id": row.parent_span_id,
        "name": row.name,
        "kind": row.kind,
        "status": row.status,
        "input": row.input,
        "output": row.output,
        "model": row.model,
        "token_usage": row.token_usage,
        "metadata": row.metadata,
        "started_at": iso(row.started_ns),
        "ended_at": iso(row.ended_ns),
        "error": row.error,
        "completion_start_time": iso(row.first_token_ns),
        "model_parameters": row.parameters,
        "cost": row.cost,
        "latency_ms": _ms(row.started_ns, row.ended_ns),
        "time_to_first_token_ms": _ms(row.started_ns, row.first_token_ns),
        "call_id": row.call_id,
    }


def call_json(row: CallRow) -> Json:
    """Field names of CallRow, with ISO times and the duration instead of nanoseconds; marks stay nanoseconds."""
    value: Json = msgspec.to_builtins(row)
    started_ns, ended_ns = value.pop("started_ns"), value.pop("ended_ns")
    value["usage"].pop("raw")
    return {**value, "started_at": iso(started_ns), "ended_at": iso(ended_ns), "latency_ms": _ms(started_ns, ended_ns)}


def stored_call_json(stored: StoredCall) -> Json:
    """A call whole, its bodies described and its messages decoded; what media they hold is told, not shown."""
    return {
        **call_json(stored.row),
        "url": stored.url,
        "reason": stored.reason,
        "client": stored.client,
        "credential": stored.credential,
        "request_headers": [list(line) for line in stored.request_headers],
        "response_headers": [list(line) for line in stored.response_headers],
        "request": _body_json(stored.request),
        "response": _body_json(stored.response),
        "metadata": stored.metadata,
        "warnings": list(stored.warnings),
        "resolution": msgspec.to_builtins(stored.resolution),
        "call": tell(msgspec.to_builtins(stored.call)),
        "history": tell(msgspec.to_builtins(stored.history)),
        "history_broken": stored.history_broken,
        "retrievals": list(stored.retrievals),
        "turn_calls": list(stored.turn_calls),
    }


def _body_json(body: StoredBody) -> Json:
    return {
        "size": body.size,
        "kept": len(body.data),
        "coding": body.coding,
        "redactions": body.redactions,
        "complete": body.complete,
        "withheld": body.withheld,
    }


def to_steps(calls: Iterable[StoredCall]) -> list[Step]:
    """The calls of a session as its conversation and its tools are read from."""
    return [
        Step(
            stored.row.call_id,
            stored.row.started_ns,
            stored.row.ended_ns,
            stored.call,
            history=stored.history,
            follows=stored.row.follows,
            attempt_of=stored.row.attempt_of,
            retrieves=stored.row.retrieves,
            path=stored.row.session_path,
            agent=stored.row.agent,
            parent_agent=stored.row.parent_agent,
        )
        for stored in calls
    ]


def addition_json(addition: Addition) -> Json:
    """What a call adds to the conversation of its session; what media its messages hold is told, not shown."""
    value: Json = tell(msgspec.to_builtins(addition))
    return value


def tool_json(use: ToolUse) -> Json:
    """A tool that ran between two calls, as a span."""
    return {
        "kind": "TOOL",
        "name": use.tool.name,
        "tool_call_id": use.tool.id,
        "input": use.tool.arguments,
        "output": shorten(use.result.text) if use.result else None,
        "asked_by": use.asked_by,
        "used_by": use.used_by,
        "started_at": iso(use.started_ns),
        "ended_at": iso(use.ended_ns),
        "latency_ms": _ms(use.started_ns, use.ended_ns),
    }


def node_json(node: Node) -> Json:
    """A node of a session's tree, with all below it."""
    value: Json = {"kind": node.kind, "name": node.name}
    if node.addition is not None:
        value |= {"after": node.addition.after, "branch": node.addition.branch}
    if node.use is not None:
        value["tool"] = tool_json(node.use)
    return {**value, "children": [node_json(child) for child in node.children]}


def corrected_json(made: Corrected) -> Json:
    """A correction that was made, and whether it still stands."""
    value: Json = msgspec.to_builtins(made)
    return {**value, "at": iso(value.pop("at_ns")), "undone_at": iso(value.pop("undone_ns"))}


def change_json(change: Change) -> Json:
    """As hooks are told it, too."""
    value: Json = msgspec.to_builtins(change)
    return {"number": value.pop("number"), "at": iso(value.pop("at_ns")), **value}


def encode_change(change: Change) -> bytes:
    """A change as hooks are told it."""
    return msgspec.json.encode(change_json(change))


def score_json(score: Score) -> Json:
    value: Json = msgspec.to_builtins(score)
    return {**value, "created_at": iso(value.pop("at_ns"))}


def judged_json(judged: Judged) -> Json:
    """What an evaluator said of a session, with its evidence."""
    value: Json = msgspec.to_builtins(judged)
    return {**value.pop("judgement"), **value, "at": iso(value.pop("at_ns"))}


def hit_json(hit: Hit) -> Json:
    value: Json = msgspec.to_builtins(hit)
    return {**value, "at": iso(value.pop("at_ns"))}


def items_json(items: Sequence[Json], limit: int) -> Json:
    """A list as one document."""
    return {"items": list(items), "limit": limit}
