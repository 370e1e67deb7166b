"""An exchange into a call: content-coding undone, the dialect found, both bodies read, moments looked up.

The one place where surprises of the wire become values: whatever the bytes are, nothing is raised, what can be read is
in the call, and the rest is told by `error`, `partial` and `lossy`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.errors import read_failure
from pandaprobe_proxy.dialects.estimate import estimate_usage
from pandaprobe_proxy.dialects.json_values import may_need_mending, mend, parse_json
from pandaprobe_proxy.dialects.marks import Arrivals, read_marks
from pandaprobe_proxy.dialects.registry import find
from pandaprobe_proxy.model.call import Call, CallError, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Exchange, Headers, Outcome
from pandaprobe_proxy.wire.content_coding import ContentDecoder, read_codings
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.sse import SseReader

Json = Any
T = TypeVar("T")
UNDECODABLE = "undecodable"
"""The type of an error that is ours: the answer is there and could not be read."""
_SURPRISES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_BROKEN = frozenset(Outcome) - {Outcome.OK, Outcome.UPSTREAM_ERROR}
_EVENTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")
_SLICE = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Plain:
    """A body without its content-coding."""

    data: bytes
    chunks: tuple[tuple[int, int], ...] = ()
    """As of an exchange, with the lengths of `data`; empty if nobody knows when its bytes arrived."""
    problem: str = ""
    """Why it is not whole."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one body said."""

    answered: Answered
    streamed: bool = False
    problem: str = ""
    first_event: int | None = None


def decode(exchange: Exchange) -> Call | None:
    """The call that an exchange holds; None if no dialect knows it. Never raises."""
    head = exchange.head
    dialect = find(head.method, exchange.path, head.headers)
    if dialect is None or exchange.upgraded:
        return None
    asked, lost = _read_request(dialect, exchange)
    plain = _undo(exchange.response_body, exchange.response.headers if exchange.response else (), exchange.chunks)
    reading = _read_response(dialect, exchange, plain, asked.stream)
    call = _make_call(dialect, asked, reading, exchange)
    call = replace(
        call,
        lossy=bool(lost or plain.problem or reading.problem or reading.answered.lossy),
        error=call.error or _explain(exchange, plain.problem or reading.problem),
        marks=read_marks(exchange, Arrivals(plain.chunks), reading.first_event, reading.answered),
    )
    mending = may_need_mending(exchange.request_body) or may_need_mending(plain.data)
    return mend(call) if mending else call


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
    plain = _undo(exchange.request_body, exchange.head.headers, ())
    nothing: dict[str, Json] = {}
    body, problem = _try(lambda: _parse_object(plain.data), nothing) if plain.data.strip() else (nothing, "")
    asked, surprise = _try(lambda: dialect.asked(body, exchange.path), Asked())
    return asked, plain.problem or problem or surprise


def _parse_object(data: bytes) -> dict[str, Json]:
    value = parse_json(data)
    if not isinstance(value, dict):
        raise ValueError("the body is JSON and no object")
    return value


def _undo(body: bytes, headers: Headers, chunks: tuple[tuple[int, int], ...]) -> _Plain:
    """The body without its coding, as far as that goes. Its pieces are undone one by one, so that times still fit."""
    fits = sum(length for _, length in chunks) == len(body)
    coding = b",".join(value for name, value in headers if name.lower() == b"content-encoding").decode("latin-1")
    try:
        if not read_codings(coding):
            return _Plain(body, chunks if fits else ())
    except WireError as error:
        return _Plain(b"", problem=str(error))
    decoder = ContentDecoder(coding)
    pieces = chunks if fits else tuple((0, _SLICE) for _ in range(0, len(body), _SLICE))
    parts: list[bytes] = []
    problem, at = "", 0
    try:
        for _, length in pieces:
            parts.append(decoder.feed(body[at : at + length]))
            at += length
    except WireError as error:
        problem = str(error)
    if not problem and not decoder.is_complete():
        problem = f"the {coding} body breaks off"
    known = tuple((at_ns, len(part)) for (at_ns, _), part in zip(pieces, parts, strict=False)) if fits else ()
    return _Plain(b"".join(parts), known, problem)


def _read_response(dialect: Dialect, exchange: Exchange, plain: _Plain, stream: bool) -> _Reading:
    response, body = exchange.response, plain.data
    if response is None:
        return _Reading(Answered(finished=False), streamed=stream)
    if response.status >= 400:
        failure = read_failure(body, response.status, response.reason.decode("latin-1"))
        return _Reading(Answered(error=failure[0], extra=failure[1]), streamed=False)
    declared = (exchange.response_header(b"content-type") or b"").lower().startswith(b"text/event-stream")
    if _is_stream(body, declared, stream):
        return _read_stream(dialect, body)
    if not body.strip():
        return _Reading(Answered(), declared, _explain_silence(exchange, plain))
    answered, problem = _try(lambda: dialect.answered(_parse_object(body)), Answered(finished=False))
    return _Reading(answered, False, problem)


def _is_stream(body: bytes, declared: bool, asked: bool) -> bool:
    """By content type, or by its looks where a stream was asked for; but a JSON object is no stream."""
    if declared:
        return bool(body.strip()) and not body.lstrip().startswith((b"{", b"["))
    return asked and _EVENTS.match(body) is not None


def _explain_silence(exchange: Exchange, plain: _Plain) -> str:
    """Nothing to read in a successful answer: its body was withheld from us, or it had none."""
    status = exchange.status or 0
    if exchange.outcome is not Outcome.OK or status >= 300 or status in {204, 205}:
        return ""
    if exchange.chunks and not exchange.response_body:
        return "the body of the answer is not there"
    return "" if plain.problem else "the answer is empty"


def _read_stream(dialect: Dialect, body: bytes) -> _Reading:
    reader = SseReader(body)
    answered, problem = _try(lambda: dialect.streamed(reader), Answered(finished=False, lossy=True))
    if reader.tail is not None and not answered.finished:
        tail = reader.tail.data
        answered = replace(answered, extra=answered.extra | {"tail": tail}, finished=tail.startswith("[DONE]"))
    return _Reading(answered, True, problem or str(reader.error or ""), reader.first_end)


def _make_call(dialect: Dialect, asked: Asked, reading: _Reading, exchange: Exchange) -> Call:
    answered = reading.answered
    # A client may hang up as soon as it has read the last event: then the answer is whole all the same.
    left = exchange.outcome is Outcome.CLIENT_DISCONNECTED and reading.streamed and answered.finished
    broken = exchange.outcome in _BROKEN and not left
    partial = broken or (exchange.response is not None and not answered.finished)
    return Call(
        dialect=dialect.name,
        version=dialect.version,
        operation=dialect.operation,
        requested_model=asked.model,
        model=answered.model,
        response_id=answered.response_id,
        streamed=reading.streamed,
        input=asked.messages,
        output=answered.messages,
        tools=asked.tools,
        parameters=asked.parameters,
        usage=_weigh(dialect, asked, answered),
        error=answered.error,
        partial=partial,
        extra=answered.extra,
    )


def _weigh(dialect: Dialect, asked: Asked, answered: Answered) -> Usage:
    """The usage with how it is known; an estimate where something was answered and nothing was said of it."""
    usage = answered.usage
    if usage.source is UsageSource.REPORTED:
        return usage if answered.finished else replace(usage, source=UsageSource.PARTIAL)
    if not dialect.counts_tokens or not answered.messages:
        return usage
    return replace(estimate_usage(asked, answered), raw=usage.raw)
