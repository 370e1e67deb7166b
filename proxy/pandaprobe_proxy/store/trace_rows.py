"""Traces and spans as a store shows them: those that were posted, and calls in their shape."""

from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class SpanRow:
    span_id: str
    trace_id: str
    session_id: str
    parent_span_id: str | None
    name: str
    kind: str
    status: str
    started_ns: int
    ended_ns: int | None
    first_token_ns: int | None
    model: str | None
    input: Json
    output: Json
    error: str | None
    token_usage: dict[str, Json] | None
    cost: dict[str, Json] | None
    parameters: dict[str, Json] | None
    metadata: dict[str, Json]
    call_id: str | None
    """The call that this span is, if it was relayed; then input and output are None here and in the call."""


@dataclass(frozen=True, slots=True)
class TraceRow:
    trace_id: str
    session_id: str
    name: str
    status: str
    started_ns: int
    ended_ns: int | None
    origin: str
    user_id: str | None
    tags: tuple[str, ...]
    metadata: dict[str, Json]
    input: Json
    output: Json
    environment: str | None
    release: str | None
    spans: tuple[SpanRow, ...]
    """By start, then id."""
