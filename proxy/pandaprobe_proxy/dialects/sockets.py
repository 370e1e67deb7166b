"""Upgraded connections: the messages of both directions in the order in which they came, and the turns among them.

A connection is one exchange, and each of its turns a call. What a turn is, a socket dialect knows.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from heapq import merge
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.estimate import estimate_usage
from pandaprobe_proxy.dialects.json_values import may_need_mending, mend, parse_json
from pandaprobe_proxy.dialects.limits import read_limits, read_request_id
from pandaprobe_proxy.dialects.marks import Arrivals, read_marks
from pandaprobe_proxy.model.call import CONNECTION, PREWARM, Call, CallError, Marks, Turn, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Exchange, Headers
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.websocket import BINARY, CLOSE, WebSocketMessage, read_messages

Json = Any
STEP_NS = 1000
"""Times are whole microseconds, as a store keeps them, so that they are the same when a connection is read again."""
_GOOD = frozenset({1000, 1001})
"""Codes of a close that is no error (RFC 6455 §7.4.1)."""


@dataclass(frozen=True, slots=True)
class SocketMessage:
    """One message of either side, parsed."""

    sent: bool
    """By the client."""
    at_ns: int
    """Nanoseconds since the connection's request; when it was there whole."""
    data: dict[str, Json]


@dataclass(frozen=True, slots=True)
class SocketTurn:
    """What was asked and answered once on a connection. Times are nanoseconds since the connection's request."""

    asked: Asked
    answered: Answered
    started_ns: int
    ended_ns: int | None
    """None if the answer never ended."""
    first_content_ns: int | None = None
    first_tool_ns: int | None = None


@dataclass(frozen=True, slots=True)
class SocketDialect:
    """One format of messages over an upgraded connection."""

    name: str
    version: int
    operation: str
    """Of its turns."""
    matches: Callable[[str, str, Headers], bool]
    """(method, path without query, request headers)."""
    turns: Callable[[Sequence[SocketMessage]], list[SocketTurn]]
    """In the order in which they began."""
    piece: Callable[[SocketMessage], tuple[str, bool] | None] = lambda message: None
    """(what a message is a piece of, whether that is whole then), of what is said in pieces at any time beside the
    turns; None if it is no such piece."""
    counts_tokens: bool = False
    """Whether a turn without a usage has one that is worth an estimate."""
    endpoints: tuple[str, ...] = ()
    offers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of a connection, and whether that is all of them."""

    messages: tuple[SocketMessage, ...]
    lossy: bool = False
    mending: bool = False
    """Whether it may have halves of characters, which another message may complete."""
    failure: CallError | None = None
    """Why the server closed it, if that was no good end."""


def read_conversation(exchange: Exchange) -> Conversation:
    """The messages of both sides by their times; what is no JSON object is left out, and told as a loss."""
    extensions = exchange.response_header(b"sec-websocket-extensions") or b""
    asked, lost = _read(exchange.request_body, b"client_no_context" in extensions)
    answered, missed = _read(exchange.response_body, b"server_no_context" in extensions)
    sides = [
        [*_parse_all(answered, exchange.response_body, exchange.chunks, sent=False)],
        [*_parse_all(asked, exchange.request_body, exchange.request_chunks, sent=True)],
    ]
    ordered = merge(*sides, key=lambda item: item[0])
    return Conversation(
        tuple(SocketMessage(sent, at_ns, data) for at_ns, sent, data in ordered if data is not None),
        mending=any(may_need_mending(message.payload) for message in (*asked, *answered)),
        lossy=lost or missed or any(data is None for side in sides for _, _, data in side),
        failure=next((_read_close(message.payload) for message in answered if message.opcode == CLOSE), None),
    )


def _read(body: bytes, fresh_context: bool) -> tuple[list[WebSocketMessage], bool]:
    """The messages of one side, and whether they could not be read at all."""
    try:
        return read_messages(body, fresh_context), False
    except WireError:
        return [], True


def _parse_all(
    messages: Sequence[WebSocketMessage], body: bytes, chunks: tuple[tuple[int, int], ...], sent: bool
) -> list[tuple[int, bool, dict[str, Json] | None]]:
    """(time, by the client, object or None if it is none) of each that is no control frame."""
    reaches = sum(length for _, length in chunks) >= len(body)  # what is kept may be cut off at the end
    arrivals = Arrivals(chunks if reaches else ())
    said = [message for message in messages if message.opcode < CLOSE]
    return [(round_down(arrivals.find(message.end) or 0), sent, _parse(message)) for message in said]


def round_down(at_ns: int) -> int:
    """The moment as a store keeps it."""
    return at_ns // STEP_NS * STEP_NS


def _parse(message: WebSocketMessage) -> dict[str, Json] | None:
    try:
        value = parse_json(message.payload)
    except ValueError:
        return {"type": "binary", "bytes": len(message.payload)} if message.opcode == BINARY else None
    return value if isinstance(value, dict) else None


def _read_close(payload: bytes) -> CallError | None:
    """What a close frame says, if it is of an error."""
    code = int.from_bytes(payload[:2])
    if len(payload) < 2 or code in _GOOD:
        return None
    reason = payload[2:].decode("utf-8", "replace")
    return CallError(reason or f"the connection was closed with code {code}", "closed", str(code))


def read_connection(dialect: SocketDialect, exchange: Exchange) -> Call | None:
    """The connection with its turns as calls; None if nothing was asked on it."""
    conversation = read_conversation(exchange)
    found = dialect.turns(conversation.messages)
    if not found:
        return None
    turns = _number(exchange, [(turn, _make_call(dialect, turn, conversation.failure)) for turn in found])
    headers = exchange.response.headers if exchange.response else ()
    call = Call(
        dialect=dialect.name,
        version=dialect.version,
        operation=CONNECTION,
        streamed=True,
        marks=read_marks(exchange, Arrivals(exchange.chunks), None, Answered()),
        partial=any(turn.call.partial for turn in turns),
        lossy=conversation.lossy or any(turn.call.lossy for turn in turns),
        request_id=read_request_id(headers),
        limits=read_limits(headers),
        turns=turns,
    )
    return mend(call) if conversation.mending else call


def _number(exchange: Exchange, found: Sequence[tuple[SocketTurn, Call]]) -> tuple[Turn, ...]:
    """The turns with their numbers and ids. A later decoder may find others before one, which keeps its id."""
    turns: list[Turn] = []
    same: Counter[int] = Counter()
    answered: dict[str, str] = {}
    number = 0
    for turn, call in found:
        is_turn = call.operation != PREWARM
        number += is_turn
        call_id = _make_id(exchange, turn.started_ns, same[turn.started_ns])
        same[turn.started_ns] += 1
        follows = _find_followed(call, answered, turns)
        turns.append(Turn(call_id, call, turn.started_ns, turn.ended_ns, number if is_turn else None, follows))
        if call.response_id:
            answered[call.response_id] = (follows if not is_turn else None) or call_id
    return tuple(turns)


def _find_followed(call: Call, answered: Mapping[str, str], before: Sequence[Turn]) -> str | None:
    """The turn that one goes on from: that of the answer which it names, else the one before, if it states the same
    conversation again, or the provider holds that."""
    if call.previous_id is not None or not before:
        return answered.get(call.previous_id or "")
    last = before[-1]
    held = call.conversation_id is not None and call.conversation_id == last.call.conversation_id
    stated = call.input[:1] == last.call.input[:1] != ()
    return last.call_id if held or stated else None


def _make_id(exchange: Exchange, started_ns: int, nth: int) -> str:
    """The id of the `nth` turn that began at that moment."""
    name = f"{exchange.id}:{started_ns}:{nth}".encode()
    return make_id(exchange.head.wall_ns + started_ns, blake2b(name, digest_size=10).digest())


def _make_call(dialect: SocketDialect, turn: SocketTurn, failure: CallError | None) -> Call:
    asked, answered = turn.asked, turn.answered
    return Call(
        dialect=dialect.name,
        version=dialect.version,
        operation=asked.operation or dialect.operation,
        requested_model=asked.model,
        model=answered.model,
        response_id=answered.response_id,
        streamed=True,
        input=asked.messages,
        output=answered.messages,
        tools=asked.tools,
        parameters=asked.parameters,
        usage=_weigh(dialect, turn),
        error=answered.error or (None if answered.finished else failure),
        marks=_read_marks(turn),
        partial=not answered.finished,
        lossy=answered.lossy,
        extra=answered.extra,
        previous_id=asked.previous_id,
        conversation_id=answered.conversation_id or asked.conversation_id,
        pending=answered.pending,
    )


def _read_marks(turn: SocketTurn) -> Marks:
    content, tool, ended = (
        None if at_ns is None else max(0, at_ns - turn.started_ns)
        for at_ns in (turn.first_content_ns, turn.first_tool_ns, turn.ended_ns)
    )
    return Marks(first_content=content, first_tool=tool, ended=ended)


def _weigh(dialect: SocketDialect, turn: SocketTurn) -> Usage:
    """The usage with how it is known; an estimate where something was answered and nothing was said of it."""
    usage, answered = turn.answered.usage, turn.answered
    if usage.source is UsageSource.REPORTED and not answered.finished:
        return replace(usage, source=UsageSource.PARTIAL)
    if usage.source is not UsageSource.NONE or not dialect.counts_tokens or not answered.messages:
        return usage
    return replace(estimate_usage(turn.asked, answered), raw=usage.raw)
