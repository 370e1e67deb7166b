"""Traces and spans: what a piece of work was, told once it is over.

Where one is lies in an immutable context value, so spans of concurrent tasks and threads find their right parents.
With no sidecar in sight `start_trace` gives a trace that does nothing.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from pandaprobe import settings
from pandaprobe.context import (
    Place,
    check_id,
    current_session,
    current_user,
    enter,
    go_back,
    leave,
    place,
    session_scope,
    user_scope,
)
from pandaprobe.encode import to_iso, to_json, to_mapping, to_plain, to_text
from pandaprobe.kinds import SpanKind, SpanStatusCode, TraceStatus
from pandaprobe.transport import transport

SPANS_AT_ONCE = 500
NAME_CHARS, MODEL_CHARS = 512, 255


def _now() -> datetime:
    return datetime.now(UTC)


def _drop_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _count(value: object) -> int:
    """A number of tokens; what a provider left out is none."""
    return value if isinstance(value, int) else 0


def _tags(value: Any) -> list[str]:
    """Words; one that came without its list is one word."""
    listed = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | set) else []
    return [to_text(tag) for tag in listed]


class SpanContext:
    """A step of a trace, for `with` and `async with`. Setters never raise."""

    live = True
    over = False

    def __init__(self, trace: "TraceContext", name: str, kind: str, model: str | None, metadata: Any) -> None:
        self.span_id = str(uuid.uuid4())
        self._trace = trace
        self.outer: Place | None = None
        self.stamped_before = trace.stamped
        self._data: dict[str, Any] = {
            "span_id": self.span_id,
            "name": to_text(name)[:NAME_CHARS] or "span",
            "kind": to_text(kind).upper() if to_text(kind).upper() in SpanKind.__members__ else SpanKind.OTHER.value,
            "model": None if model is None else to_text(model)[:MODEL_CHARS],
            "metadata": to_mapping(metadata) or None,
        }
        self._status = SpanStatusCode.UNSET

    def __enter__(self) -> "SpanContext":
        here = place.get()
        parent = here.span_id if here and here.trace is self._trace else None
        self.outer = here
        self._data["parent_span_id"] = parent
        self._data["started_at"] = to_iso(_now())
        place.set(Place(self._trace.trace_id, self.span_id, self._trace, self))
        return self

    def __exit__(self, kind: Any, error: BaseException | None, _: object) -> None:
        self.over = True
        here = place.get()
        if here is not None and here.owner is self:
            go_back(self.outer)
        if error is not None and not isinstance(error, GeneratorExit):
            self.set_error(error)
        elif self._status is SpanStatusCode.UNSET:
            self._status = SpanStatusCode.OK
        self.finish()

    async def __aenter__(self) -> "SpanContext":
        return self.__enter__()

    async def __aexit__(self, *arguments: Any) -> None:
        self.__exit__(*arguments)

    def finish(self) -> None:
        """Tells the trace that this step is over."""
        self._data["ended_at"] = to_iso(_now())
        self._data["status"] = self._status.value
        self._trace.add(_drop_none(self._data))

    def set_input(self, value: Any) -> None:
        self._data["input"] = to_plain(value)

    def set_output(self, value: Any) -> None:
        self._data["output"] = to_plain(value)

    def set_token_usage(self, prompt_tokens: int = 0, completion_tokens: int = 0, **extra: int) -> None:
        prompt, completion = _count(prompt_tokens), _count(completion_tokens)
        known = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        self._data["token_usage"] = known | _drop_none(to_mapping(extra))

    def set_model(self, model: str) -> None:
        self._data["model"] = to_text(model)[:MODEL_CHARS]

    def set_model_parameters(self, parameters: dict[str, Any]) -> None:
        self._data["model_parameters"] = to_mapping(parameters)

    def set_cost(self, total: float, **extra: float) -> None:
        self._data["cost"] = _drop_none(to_mapping({"total": total, **extra}))

    def set_completion_start_time(self, moment: datetime) -> None:
        self._data["completion_start_time"] = to_iso(moment) if isinstance(moment, datetime) else None

    def set_error(self, error: object) -> None:
        self._status = SpanStatusCode.ERROR
        self._data["error"] = to_text(error) or type(error).__name__

    def set_status(self, status: object) -> None:
        if to_text(status) in SpanStatusCode.__members__:
            self._status = SpanStatusCode(to_text(status))

    def set_metadata(self, metadata: dict[str, Any]) -> None:
        self._data["metadata"] = {**(self._data["metadata"] or {}), **to_mapping(metadata)}


class TraceContext:
    """One operation, for `with` and `async with`; posted once, when it is over."""

    live = True
    over = False

    def __init__(self, name: str, given: dict[str, Any]) -> None:
        self.trace_id = str(uuid.uuid4())
        self.name = to_text(name)[:NAME_CHARS] or "trace"
        self.tags = _tags(given.get("tags"))
        self.metadata = to_mapping(given.get("metadata"))
        self.stamped = 0
        self._session = check_id(given.get("session_id"), "session")
        self._user = check_id(given.get("user_id"), "user")
        self._input, self._output = to_plain(given.get("input")), None
        self._status = TraceStatus.COMPLETED
        self._spans: list[dict[str, Any]] | None = []
        self.outer: Place | None = None
        self._session_id = self._session or current_session()
        self._user_id = self._user or current_user()
        self._started = _now()

    def __enter__(self) -> "TraceContext":
        self._started = _now()
        if self._session:
            enter(session_scope, self._session, self)
        if self._user:
            enter(user_scope, self._user, self)
        self.outer = place.get()
        place.set(Place(self.trace_id, None, self, self))
        return self

    def __exit__(self, kind: Any, error: BaseException | None, _: object) -> None:
        self.over = True
        here = place.get()
        if here is not None and here.trace is self:
            go_back(self.outer)
        leave(session_scope, self)
        leave(user_scope, self)
        if error is not None and not isinstance(error, GeneratorExit):
            self._status = TraceStatus.ERROR
            self.metadata.setdefault("error", to_text(error) or type(error).__name__)
        self.finish()

    async def __aenter__(self) -> "TraceContext":
        return self.__enter__()

    async def __aexit__(self, *arguments: Any) -> None:
        self.__exit__(*arguments)

    def span(
        self, name: str, *, kind: str = "OTHER", model: str | None = None, metadata: dict[str, Any] | None = None
    ) -> SpanContext:
        """A step of this trace; its parent is the span that it is entered in."""
        return SpanContext(self, name, kind, model, metadata)

    def add(self, span: dict[str, Any]) -> None:
        """Takes a finished span. One that ends after the trace is posted on its own."""
        if self._spans is None:
            _post_spans(self.trace_id, [span])
        else:
            self._spans.append(span)

    def add_span_data(self, span: dict[str, Any]) -> None:
        self.add(span)

    def set_input(self, value: Any) -> None:
        self._input = to_plain(value)

    def set_output(self, value: Any) -> None:
        self._output = to_plain(value)

    def set_metadata(self, metadata: dict[str, Any]) -> None:
        self.metadata.update(to_mapping(metadata))

    def set_status(self, status: object) -> None:
        if to_text(status) in TraceStatus.__members__:
            self._status = TraceStatus(to_text(status))

    def finish(self) -> None:
        """Posts the trace; what is beyond one post's worth of spans follows."""
        spans, target = self._spans or [], settings.current()
        self._spans = None
        body = {
            "trace_id": self.trace_id,
            "name": self.name,
            "status": self._status.value,
            "started_at": to_iso(self._started),
            "input": self._input,
            "output": self._output,
            "metadata": self.metadata or None,
            "ended_at": to_iso(_now()),
            "session_id": self._session_id,
            "user_id": self._user_id,
            "tags": self.tags or None,
            "environment": target.environment,
            "release": target.release,
            "spans": spans[:SPANS_AT_ONCE] or None,
        }
        transport.put("/traces", to_json(_drop_none(body)))
        for start in range(SPANS_AT_ONCE, len(spans), SPANS_AT_ONCE):
            _post_spans(self.trace_id, spans[start : start + SPANS_AT_ONCE])


def _post_spans(trace_id: str, spans: list[dict[str, Any]]) -> None:
    transport.put(f"/traces/{trace_id}/spans", to_json(spans))


class _Nothing:
    """A trace and a span that do nothing, quickly."""

    live = False
    """Whether anybody wants to know its input and output."""

    trace_id = span_id = "00000000-0000-0000-0000-000000000000"
    stamped = stamped_before = 0

    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    async def __aenter__(self) -> "_Nothing":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def span(self, *_: Any, **__: Any) -> "_Nothing":
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("set_", "add")):
            return _ignore
        raise AttributeError(name)


def _ignore(*_: Any, **__: Any) -> None:
    return None


NOTHING = _Nothing()


def start_trace(  # noqa: PLR0913 - the official signature
    name: str,
    *,
    input: Any = None,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    **_: Any,
) -> Any:
    """A trace for `with` and `async with`.

    Args:
        name: What the operation is called.
        input: Any value, as JSON.
        session_id: The session of the trace and of everything inside it; else the one that is current.
        user_id: The same for the user.
        tags: Any words.
        metadata: Any values.
    """
    if not settings.current().enabled:
        return _Scoped(session_id, user_id) if session_id or user_id else NOTHING
    given = {"input": input, "session_id": session_id, "user_id": user_id, "tags": tags, "metadata": metadata}
    return TraceContext(name, given)


class _Scoped(_Nothing):
    """Nothing is posted, but its session and user hold for what is inside."""

    def __init__(self, session_id: str | None, user_id: str | None) -> None:
        self._session = check_id(session_id, "session")
        self._user = check_id(user_id, "user")

    def __enter__(self) -> "_Scoped":
        if self._session:
            enter(session_scope, self._session, self)
        if self._user:
            enter(user_scope, self._user, self)
        return self

    def __exit__(self, *_: object) -> None:
        leave(session_scope, self)
        leave(user_scope, self)

    async def __aenter__(self) -> "_Scoped":
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()


def current_trace() -> TraceContext | None:
    """The trace that is open here, if it is of this process."""
    here = place.get()
    return here.trace if here else None
