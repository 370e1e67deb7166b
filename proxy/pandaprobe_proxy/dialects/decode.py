"""An exchange into a call: content-coding undone, the dialect found, both bodies read, moments looked up.

The one place where surprises of the wire become values: whatever the bytes are, nothing is raised, what can be read is
in the call, and the rest is told by `error`, `partial` and `lossy`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.bodies import Plain, read_body, read_type, undo
from pandaprobe_proxy.dialects.bounds import BoundedEvents, may_exceed, trim
from pandaprobe_proxy.dialects.errors import read_failure
from pandaprobe_proxy.dialects.estimate import estimate_usage
from pandaprobe_proxy.dialects.framings import SSE, Framing, find_framing, open_stream
from pandaprobe_proxy.dialects.json_values import may_need_mending, mend
from pandaprobe_proxy.dialects.limits import read_limits, read_request_id
from pandaprobe_proxy.dialects.marks import Arrivals, read_marks
from pandaprobe_proxy.dialects.registry import find, find_socket
from pandaprobe_proxy.dialects.sockets import SocketDialect, read_connection
from pandaprobe_proxy.model.call import CONNECTION, Call, CallError, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Exchange, Outcome
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.runs import RunError

Json = Any
T = TypeVar("T")
_TOO_MUCH = "there are more entries than are decoded"
UNDECODABLE = "undecodable"
"""The type of an error that is ours: the answer is there and could not be read."""
_SURPRISES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_BROKEN = frozenset(Outcome) - {Outcome.OK, Outcome.UPSTREAM_ERROR}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one body said."""

    answered: Answered
    streamed: bool = False
    problem: str = ""
    first_event: int | None = None


def decode(exchange: Exchange) -> Call | None:
    """The call that an exchange holds, a connection with its turns; None if no dialect knows it. Never raises."""
    head = exchange.head
    if exchange.upgraded:
        return _decode_connection(find_socket(head.method, exchange.path, head.headers), exchange)
    dialect = find(head.method, exchange.path, head.headers)
    if dialect is None:
        return None
    asked, lost = _read_request(dialect, exchange)
    plain = undo(exchange.response_body, exchange.response.headers if exchange.response else (), exchange.chunks)
    reading = _read_headers(dialect, exchange, _read_response(dialect, exchange, plain, asked.stream))
    call = _make_call(dialect, asked, reading, exchange)
    call = replace(
        call,
        lossy=bool(lost or plain.problem or reading.problem or reading.answered.lossy),
        error=call.error or _explain(exchange, plain.problem or reading.problem),
        marks=read_marks(exchange, Arrivals(plain.chunks), reading.first_event, reading.answered),
    )
    mending = may_need_mending(exchange.request_body) or may_need_mending(plain.data)
    return mend(call) if mending else call


def _decode_connection(dialect: SocketDialect | None, exchange: Exchange) -> Call | None:
    if dialect is None:
        return None
    call, surprise = _try(lambda: read_connection(dialect, exchange), None)
    if surprise:
        error = CallError(surprise, UNDECODABLE)
        return Call(dialect.name, dialect.version, CONNECTION, streamed=True, lossy=True, error=error)
    return call


def _explain(exchange: Exchange, problem: str) -> CallError | None:
    """An answer that broke off explains itself; one that came whole and makes no sense is an error."""
    return CallError(problem, UNDECODABLE) if problem and exchange.outcome not in _BROKEN else None


def _try(read: Callable[[], T], default: T) -> tuple[T, str]:
    try:
        return read(), ""
    except _SURPRISES as error:
        return default, f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)


def _read_request(dialect: Dialect, exchange: Exchange) -> tuple[Asked, str]:
    """What was asked, as far as it can be read, and why that is not all."""
    headers = exchange.head.headers
    plain = undo(exchange.request_body, headers, ())
    nothing: dict[str, Json] = {}
    body, problem = nothing, ""
    if plain.data.strip():
        body, problem = _try(lambda: read_body(plain.data, read_type(headers)), nothing)
    trimmed = may_exceed(plain.data) and trim(body, len(plain.data))
    asked, surprise = _try(lambda: dialect.asked(body, exchange.path), Asked())
    return asked, plain.problem or problem or surprise or _TOO_MUCH * trimmed


def _read_response(dialect: Dialect, exchange: Exchange, plain: Plain, stream: bool) -> _Reading:
    response, body = exchange.response, plain.data
    if response is None:
        return _Reading(Answered(finished=False), streamed=stream)
    if response.status >= 400:
        failure = read_failure(body, response.status, response.reason.decode("latin-1"))
        return _Reading(Answered(error=failure[0], extra=failure[1]), streamed=False)
    content_type = read_type(response.headers)
    framing = find_framing(body, content_type, stream)
    if framing is not None:
        try:
            return _read_stream(dialect, framing, body, dialect.alike)
        except RunError:
            return _read_stream(dialect, framing, body, None)
    if not body.strip():
        stream = content_type.lower().startswith(SSE)
        nothing_came = stream and not exchange.chunks  # else it came and is not kept, and may have been whole
        return _Reading(Answered(finished=not nothing_came), stream, _explain_silence(exchange, plain))
    answered, problem = _try(lambda: _read_whole(dialect, body, content_type), Answered(finished=False))
    return _Reading(answered, False, problem)


def _read_whole(dialect: Dialect, body: bytes, content_type: str) -> Answered:
    value = read_body(body, content_type, dialect.blobs)
    trimmed = may_exceed(body) and isinstance(value, dict) and trim(value, len(body))
    answered = dialect.answered(value)
    return replace(answered, lossy=True) if trimmed else answered


def _read_headers(dialect: Dialect, exchange: Exchange, reading: _Reading) -> _Reading:
    """The reading with what only the answer's headers say."""
    answer = exchange.response
    if answer is None:
        return reading
    answered, surprise = _try(lambda: dialect.headed(reading.answered, answer.headers), reading.answered)
    return replace(reading, answered=answered, problem=reading.problem or surprise)


def _explain_silence(exchange: Exchange, plain: Plain) -> str:
    """Nothing to read in a successful answer: its body was withheld from us, or it had none."""
    status = exchange.status or 0
    if exchange.outcome is not Outcome.OK or status >= 300 or status in {204, 205}:
        return ""
    if exchange.chunks and not exchange.response_body:
        return "the body of the answer is not there"
    return "" if plain.problem else "the answer is empty"


def _read_stream(dialect: Dialect, framing: Framing, body: bytes, alike: Alike | None) -> _Reading:
    reader = open_stream(framing, body, alike)
    events = BoundedEvents(reader)
    answered, problem = _try(lambda: dialect.streamed(events), Answered(finished=False, lossy=True))
    answered = replace(answered, lossy=True) if events.trimmed else answered
    if reader.tail is not None and not answered.finished:
        tail = reader.tail.data
        answered = replace(answered, extra=answered.extra | {"tail": tail}, finished=tail.startswith("[DONE]"))
    return _Reading(answered, True, problem or str(reader.error or ""), reader.first_end)


def _make_call(dialect: Dialect, asked: Asked, reading: _Reading, exchange: Exchange) -> Call:
    answered = reading.answered
    headers = exchange.response.headers if exchange.response else ()
    # A client may hang up as soon as it has read the last event: then the answer is whole all the same.
    left = exchange.outcome is Outcome.CLIENT_DISCONNECTED and reading.streamed and answered.finished
    broken = exchange.outcome in _BROKEN and not left
    partial = broken or (exchange.response is not None and not answered.finished)
    return Call(
        dialect=dialect.name,
        version=dialect.version,
        operation=asked.operation or dialect.operation,
        requested_model=asked.model,
        model=answered.model,
        response_id=answered.response_id or (None if answered.error else asked.fetched_id),
        streamed=reading.streamed,
        input=asked.messages,
        output=answered.messages,
        tools=asked.tools,
        parameters=asked.parameters,
        usage=_weigh(dialect, asked, answered, exchange),
        error=answered.error,
        partial=partial,
        extra=answered.extra,
        previous_id=asked.previous_id,
        conversation_id=answered.conversation_id or asked.conversation_id,
        pending=answered.pending,
        request_id=read_request_id(headers),
        limits=read_limits(headers),
    )


def _weigh(dialect: Dialect, asked: Asked, answered: Answered, exchange: Exchange) -> Usage:
    """The usage with how it is known; an estimate where something was answered and nothing was said of it."""
    usage = answered.usage
    if usage.source is UsageSource.REPORTED:
        if not answered.finished:
            return replace(usage, source=UsageSource.PARTIAL)
        injected = exchange.ended is not None and exchange.ended.asked_usage
        return replace(usage, source=UsageSource.INJECTED) if injected else usage
    if usage.source is not UsageSource.NONE or not dialect.counts_tokens or not answered.messages:
        return usage
    return replace(estimate_usage(asked, answered), raw=usage.raw)
