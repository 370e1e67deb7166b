"""The PandaProbe SDK's JSON, validated leniently: what can be understood is taken, what is unknown is ignored.

Shapes as the official SDK 0.6 posts them. Naive times are UTC, numbers are seconds since 1970, ids are UUIDs in any
form, and what is longer than its field is cut rather than refused with the whole trace.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pandaprobe_proxy.model.trace import SpanKind, SpanStatus, TraceStatus

Json = Any


def _cut(limit: int) -> Any:
    return BeforeValidator(lambda value: value[:limit] if isinstance(value, str) else value)


def _to_ns(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


Id = Annotated[UUID, AfterValidator(str)]
Moment = Annotated[datetime, AfterValidator(_to_ns)]
Short = Annotated[str, _cut(255)]
Name = Annotated[str, _cut(512), Field(min_length=1)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class PostedSpan(_Lenient):
    """A span as it is posted."""

    span_id: Id
    parent_span_id: Id | None = None
    name: Name
    kind: SpanKind = SpanKind.OTHER
    status: SpanStatus = SpanStatus.UNSET
    input: Json = None
    output: Json = None
    model: Short | None = None
    token_usage: dict[str, Json] | None = None
    metadata: dict[str, Json] | None = None
    started_at: Moment
    ended_at: Moment | None = None
    error: str | None = None
    completion_start_time: Moment | None = None
    model_parameters: dict[str, Json] | None = None
    cost: dict[str, Json] | None = None


class PostedTrace(_Lenient):
    """A trace as it is posted."""

    trace_id: Id
    name: Name
    status: TraceStatus = TraceStatus.COMPLETED
    started_at: Moment
    ended_at: Moment | None = None
    input: Json = None
    output: Json = None
    metadata: dict[str, Json] | None = None
    session_id: Short | None = None
    user_id: Short | None = None
    tags: list[str] | None = None
    environment: Short | None = None
    release: Short | None = None
    spans: list[PostedSpan] = []


class TraceChange(_Lenient):
    """What a PATCH of a trace may say; only fields that are there change."""

    name: Name | None = None
    status: TraceStatus | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    input: Json = None
    output: Json = None
    metadata: dict[str, Json] | None = None
    session_id: Short | None = None
    user_id: Short | None = None
    tags: list[str] | None = None
    environment: Short | None = None
    release: Short | None = None


class SpanChange(_Lenient):
    """The same for a span."""

    parent_span_id: Id | None = None
    name: Name | None = None
    kind: SpanKind | None = None
    status: SpanStatus | None = None
    input: Json = None
    output: Json = None
    model: Short | None = None
    token_usage: dict[str, Json] | None = None
    metadata: dict[str, Json] | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    error: str | None = None
    completion_start_time: Moment | None = None
    model_parameters: dict[str, Json] | None = None
    cost: dict[str, Json] | None = None


class PostedScore(_Lenient):
    """A score as it is posted. NUMERIC is any finite number, BOOLEAN `true` or `false`."""

    trace_id: Id
    name: Name
    value: str | float | bool
    data_type: Annotated[str, Field(pattern="^(NUMERIC|BOOLEAN|CATEGORICAL)$")] = "NUMERIC"
    source: Annotated[str, Field(pattern="^(PROGRAMMATIC|ANNOTATION|AUTOMATED)$")] = "PROGRAMMATIC"
    reason: str | None = None
    metadata: dict[str, Json] | None = None
