"""PandaProbe's terms as values: a trace is one operation, spans are its steps. Times are nanoseconds since 1970."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any


class SpanKind(StrEnum):
    AGENT = "AGENT"
    TOOL = "TOOL"
    LLM = "LLM"
    RETRIEVER = "RETRIEVER"
    CHAIN = "CHAIN"
    EMBEDDING = "EMBEDDING"
    OTHER = "OTHER"


class SpanStatus(StrEnum):
    UNSET = "UNSET"
    OK = "OK"
    ERROR = "ERROR"


class TraceStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Span:
    """A step of a trace as somebody posted it. None means: not said."""

    span_id: str
    name: str | None = None
    kind: SpanKind | None = None
    status: SpanStatus | None = None
    parent_span_id: str | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    first_token_ns: int | None = None
    model: str | None = None
    input: Json = None
    output: Json = None
    error: str | None = None
    token_usage: dict[str, Json] | None = None
    cost: dict[str, Json] | None = None
    parameters: dict[str, Json] | None = None
    metadata: dict[str, Json] | None = None
    nulls: frozenset[str] = frozenset()
    """Names of fields that were said to be null, which clears them; used by updates only."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as somebody posted it, whole or as an update. None means: not said, keep what is there."""

    trace_id: str
    name: str | None = None
    status: TraceStatus | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    session_id: str | None = None
    user_id: str | None = None
    input: Json = None
    output: Json = None
    tags: tuple[str, ...] | None = None
    metadata: dict[str, Json] | None = None
    environment: str | None = None
    release: str | None = None
    spans: tuple[Span, ...] = field(default=())
    origin: str = "sdk"
    """`sdk` (the official SDK or any client of its wire), `shim`, or `proxy` (seen on the wire only)."""
    nulls: frozenset[str] = frozenset()
    """As in Span."""
