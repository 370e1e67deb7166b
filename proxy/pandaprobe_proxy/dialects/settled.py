"""An open connection as far as it is settled: up to a moment at which nothing was half said.

What comes after it may be half of something, even half of a secret, so nobody reads that before it is settled, too.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from pandaprobe_proxy.dialects.registry import find_socket
from pandaprobe_proxy.dialects.sockets import SocketDialect, SocketMessage, read_conversation, round_down
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.wire.websocket import read_frames

Chunks = tuple[tuple[int, int], ...]
Span = tuple[int, int | None]
"""When something began and ended; None if it goes on."""


def find_settled(exchange: Exchange) -> Exchange | None:
    """The beginning of a connection that is settled; None if nothing is, or nobody can tell."""
    dialect = find_socket(exchange.head.method, exchange.path, exchange.head.headers) if exchange.upgraded else None
    if dialect is None:
        return None
    conversation = read_conversation(exchange)
    rest_ns = None if conversation.lossy else find_rest(_find_spans(dialect, conversation.messages))
    if rest_ns is None:
        return None
    asked, request_chunks = _cut(exchange.request_body, exchange.request_chunks, rest_ns)
    answered, chunks = _cut(exchange.response_body, exchange.chunks, rest_ns)
    return replace(
        exchange,
        request_body=asked,
        request_chunks=request_chunks,
        response_body=answered,
        chunks=chunks,
        ended=None,
    )


def _find_spans(dialect: SocketDialect, messages: Sequence[SocketMessage]) -> list[Span]:
    """Of the turns, and of what is said in pieces beside them; none if there is no turn."""
    spans: list[Span] = [(turn.started_ns, turn.ended_ns) for turn in dialect.turns(messages)]
    begun: dict[str, int] = {}
    for message in messages if spans else ():
        name, whole = dialect.piece(message) or ("", False)
        if whole and name in begun:
            spans.append((begun.pop(name), message.at_ns))
        elif name and not whole:
            begun.setdefault(name, message.at_ns)
    return spans + [(at_ns, None) for at_ns in begun.values()]


def find_rest(spans: Sequence[Span]) -> int | None:
    """The last moment at which one of these ended and none went on; None if there is none."""
    rest_ns, latest_ns = None, 0
    ordered = sorted(spans, key=lambda span: span[0])
    for at, (_, ended_ns) in enumerate(ordered, 1):
        if ended_ns is None:
            break
        latest_ns = max(latest_ns, ended_ns)
        if at == len(ordered) or ordered[at][0] > latest_ns:
            rest_ns = latest_ns
    return rest_ns


def _cut(body: bytes, chunks: Chunks, rest_ns: int) -> tuple[bytes, Chunks]:
    """The whole frames that had come by then, and when."""
    came = [*takewhile(lambda chunk: round_down(chunk[0]) <= rest_ns, chunks)]
    body = body[: sum(length for _, length in came)]
    end = max((frame.end for frame in read_frames(body)), default=0)
    over = len(body) - end
    while over > 0:
        at_ns, length = came.pop()
        came += [(at_ns, length - over)] * (length > over)
        over -= length
    return body[:end], tuple(came)
