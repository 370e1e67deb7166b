"""Upgraded connections: the messages of both directions in the order in which they came, and the turns among them.

A connection is one exchange and one call, whose turns follow one another. What a turn is, a socket dialect knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.marks import Arrivals, read_marks
from pandaprobe_proxy.model.call import Call, Marks, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Exchange, Headers
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.websocket import BINARY, CLOSE, read_messages

Json = Any
_COUNTS = ("input", "output", "cached", "reasoning", "cache_written", "audio_input", "audio_output")


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
    """One answer on a connection. Times are nanoseconds since the connection's request."""

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


def join_turns(dialect: SocketDialect, exchange: Exchange) -> Call | None:
    """The connection as one call: the conversation before its last turn, that turn's answer, and the usage of all.

    None if nothing was asked on it.
    """
    conversation = read_conversation(exchange)
    turns = dialect.turns(conversation.messages)
    if not turns:
        return None
    last = turns[-1]
    asked, answered = last.asked, last.answered
    usage = _add([turn.answered.usage for turn in turns])
    if usage.source is UsageSource.REPORTED and not all(turn.answered.finished for turn in turns):
        usage = replace(usage, source=UsageSource.PARTIAL)
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
        usage=usage,
        error=next((turn.answered.error for turn in turns if turn.answered.error), None),
        marks=_read_marks(exchange, turns),
        partial=not answered.finished,
        lossy=conversation.lossy or any(turn.answered.lossy for turn in turns),
        extra=answered.extra | {"turns": len(turns)},
        previous_id=turns[0].asked.previous_id,
        conversation_id=answered.conversation_id or asked.conversation_id,
    )


def _read_marks(exchange: Exchange, turns: Sequence[Turn]) -> Marks:
    """Of the connection; the firsts are those of the first turn that had any."""
    content = [turn.first_content_ns for turn in turns if turn.first_content_ns is not None]
    tools = [turn.first_tool_ns for turn in turns if turn.first_tool_ns is not None]
    marks = read_marks(exchange, Arrivals(exchange.chunks), None, Answered())
    return replace(marks, first_content=min(content, default=None), first_tool=min(tools, default=None))


def _add(usages: Sequence[Usage]) -> Usage:
    """The sum of what was reported, each number where anybody said it."""
    known = [usage for usage in usages if usage.source is not UsageSource.NONE]
    if not known:
        return Usage()
    counts: dict[str, Json] = {
        name: sum(count for usage in known if (count := getattr(usage, name)) is not None)
        for name in _COUNTS
        if any(getattr(usage, name) is not None for usage in known)
    }
    return Usage(**counts, source=known[-1].source, raw=known[-1].raw)
