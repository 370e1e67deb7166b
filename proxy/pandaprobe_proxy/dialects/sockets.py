"""Upgraded connections: the messages of both directions in the order in which they came, and the turns among them.

A connection is one exchange and holds many calls: its turns. What a turn is, a socket dialect knows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.marks import Arrivals
from pandaprobe_proxy.model.call import Call, Marks, UsageSource
from pandaprobe_proxy.model.exchange import Exchange, Headers
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.websocket import BINARY, CLOSE, read_messages

Json = Any


@dataclass(frozen=True, slots=True)
class SocketMessage:
    """One message of either side, parsed."""

    sent: bool
    """By the client."""
    at_ns: int
    """Nanoseconds since the connection's request; when it was there whole."""
    data: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Turn:
    """One call of a connection. Times are nanoseconds since the connection's request."""

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
    matches: Callable[[str, str, Headers], bool]
    """(method, path without query, request headers)."""
    turns: Callable[[Sequence[SocketMessage]], list[Turn]]
    endpoints: tuple[str, ...] = ()
    offers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of a connection, and whether that is all of them."""

    messages: tuple[SocketMessage, ...]
    lossy: bool = False


def read_conversation(exchange: Exchange) -> Conversation:
    """The messages of both sides by their times; what is no JSON object is left out, and told as a loss."""
    extensions = exchange.response_header(b"sec-websocket-extensions") or b""
    asked = _read(exchange.request_body, exchange.request_chunks, b"client_no_context" in extensions)
    answered = _read(exchange.response_body, exchange.chunks, b"server_no_context" in extensions)
    sides = [[(at_ns, sent, data) for at_ns, data in side[0]] for sent, side in ((False, answered), (True, asked))]
    ordered = merge(*sides, key=lambda item: item[0])
    return Conversation(
        tuple(SocketMessage(sent, at_ns, data) for at_ns, sent, data in ordered if data is not None),
        lossy=asked[1] or answered[1] or any(data is None for side in sides for _, _, data in side),
    )


def _read(
    body: bytes, chunks: tuple[tuple[int, int], ...], fresh_context: bool
) -> tuple[list[tuple[int, dict[str, Json] | None]], bool]:
    """(time, object or None if it is none) of each message of one side, and whether some could not be read at all."""
    try:
        messages = read_messages(body, fresh_context)
    except WireError:
        return [], True
    fits = sum(length for _, length in chunks) == len(body)
    arrivals = Arrivals(chunks if fits else ())
    said = [message for message in messages if message.opcode < CLOSE]
    return [(arrivals.find(message.end) or 0, _parse(message.payload, message.opcode)) for message in said], False


def _parse(payload: bytes, opcode: int) -> dict[str, Json] | None:
    try:
        value = parse_json(payload)
    except ValueError:
        return {"type": "binary", "bytes": len(payload)} if opcode == BINARY else None
    return value if isinstance(value, dict) else None


def to_calls(dialect: SocketDialect, conversation: Conversation) -> Iterator[tuple[Turn, Call]]:
    """Each turn with the call that it is; the marks are since the turn's own start."""
    for turn in dialect.turns(conversation.messages):
        asked, answered = turn.asked, turn.answered
        usage = answered.usage
        if usage.source is UsageSource.REPORTED and not answered.finished:
            usage = replace(usage, source=UsageSource.PARTIAL)
        yield (
            turn,
            Call(
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
                usage=usage,
                error=answered.error,
                marks=Marks(
                    first_content=_since(turn, turn.first_content_ns),
                    first_tool=_since(turn, turn.first_tool_ns),
                    ended=_since(turn, turn.ended_ns),
                ),
                partial=not answered.finished,
                lossy=answered.lossy,
                extra=answered.extra,
                previous_id=asked.previous_id,
                conversation_id=answered.conversation_id or asked.conversation_id,
            ),
        )


def _since(turn: Turn, at_ns: int | None) -> int | None:
    return None if at_ns is None else max(0, at_ns - turn.started_ns)
