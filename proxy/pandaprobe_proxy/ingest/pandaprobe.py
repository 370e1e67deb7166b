"""The PandaProbe SDK's endpoints: posted JSON to values of the model, and what is answered. No I/O of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from pandaprobe_proxy.evaluate.labels import find_problem
from pandaprobe_proxy.ingest.wire import PostedScore, PostedSpan, PostedTrace, SpanChange, TraceChange
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.trace import Span, Trace
from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.shapes import score_json, span_json, trace_json

Json = Any
M = TypeVar("M", bound=BaseModel)
SPANS_AT_ONCE = 500

_RENAMED = {
    "started_at": "started_ns",
    "ended_at": "ended_ns",
    "completion_start_time": "first_token_ns",
    "model_parameters": "parameters",
}
_spans = TypeAdapter(list[PostedSpan])


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `answer` takes what was asked (see web.api.Asked) and the writer."""

    method: str
    path: str
    answer: Callable[[Any, Writer], Reply]


def _post_trace(asked: Any, writer: Writer) -> Reply:
    posted = PostedTrace.model_validate(asked.body)
    origin = "shim" if asked.agent.startswith("pandaprobe-shim") else "sdk"
    fields = _fields(posted, {"spans", "tags"})
    spans = tuple(Span(**_fields(span)) for span in posted.spans)
    trace = Trace(**fields, tags=tuple(posted.tags or ()) or None, spans=spans, origin=origin)
    writer.put_trace(trace, asked.at_ns)
    return Reply(202, {"trace_id": posted.trace_id, "task_id": asked.new_id()})


def _post_spans(asked: Any, writer: Writer) -> Reply:
    trace_id = _uuid(asked.params["trace_id"])
    spans = _spans.validate_python(asked.body)
    if not 1 <= len(spans) <= SPANS_AT_ONCE:
        return Reply(422, {"detail": f"send 1 to {SPANS_AT_ONCE} spans at once; these are {len(spans)}."})
    if not writer.add_spans(trace_id, [Span(**_fields(span)) for span in spans]):
        return _missing("trace", trace_id)
    return Reply(201, {"span_ids": [span.span_id for span in spans]})


def _patch_trace(asked: Any, writer: Writer) -> Reply:
    trace_id = _uuid(asked.params["trace_id"])
    change = TraceChange.model_validate(asked.body)
    fields = _fields(change, {"tags"})
    tags = tuple(change.tags) if change.tags else None
    row = writer.patch_trace(Trace(trace_id, **fields, tags=tags, nulls=_nulls(change), origin="proxy"))
    return Reply(200, trace_json(row)) if row else _missing("trace", trace_id)


def _patch_span(asked: Any, writer: Writer) -> Reply:
    span_id = _uuid(asked.params["span_id"])
    change = SpanChange.model_validate(asked.body)
    span = Span(span_id, **_fields(change), nulls=_nulls(change))
    row = writer.patch_span(_uuid(asked.params["trace_id"]), span)
    return Reply(200, span_json(row)) if row else _missing("span", span_id)


def _post_score(asked: Any, writer: Writer) -> Reply:
    posted = PostedScore.model_validate(asked.body)
    value = str(posted.value).lower() if posted.data_type == "BOOLEAN" else str(posted.value)
    problem = find_problem(value, posted.data_type)
    if problem:
        return invalid([{"field": "value", "message": problem}])
    score = Score(
        score_id=asked.new_id(),
        name=posted.name,
        value=value[:255],
        data_type=posted.data_type,
        at_ns=asked.at_ns,
        trace_id=str(posted.trace_id),
        source=posted.source,
        reason=posted.reason,
        metadata=posted.metadata or {},
    )
    writer.add_score(score)
    return Reply(201, score_json(score))


def _fields(posted: BaseModel, without: set[str] = frozenset()) -> dict[str, Json]:  # type: ignore[assignment]
    """What was said, under the model's names."""
    said = posted.model_fields_set - without
    return {_RENAMED.get(name, name): getattr(posted, name) for name in said}


def _nulls(change: BaseModel) -> frozenset[str]:
    said = change.model_fields_set
    return frozenset(_RENAMED.get(name, name) for name in said if getattr(change, name) is None)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return text


def _missing(what: str, name: str) -> Reply:
    return Reply(404, {"detail": f"There is no {what} {name}."})


def invalid(errors: list[dict[str, str]]) -> Reply:
    return Reply(422, {"detail": "Validation error", "errors": errors})


def checked(answer: Callable[[Any, Writer], Reply]) -> Callable[[Any, Writer], Reply]:
    """The endpoint, with what does not validate told field by field."""

    def answered(asked: Any, writer: Writer) -> Reply:
        try:
            return answer(asked, writer)
        except ValidationError as error:
            fields = [
                {"field": " -> ".join(map(str, item["loc"])) or "body", "message": item["msg"]}
                for item in error.errors()
            ]
            return invalid(fields)

    return answered


ROUTES = (
    Route("POST", "/traces", checked(_post_trace)),
    Route("POST", "/traces/{trace_id}/spans", checked(_post_spans)),
    Route("PATCH", "/traces/{trace_id}", checked(_patch_trace)),
    Route("PATCH", "/traces/{trace_id}/spans/{span_id}", checked(_patch_span)),
    Route("POST", "/evaluations/trace-scores", checked(_post_score)),
)
