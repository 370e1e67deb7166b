"""An open connection as far as it is settled: up to a moment at which everything that was asked had been answered.

What is said after it may be half of something, even half of a secret, so nobody reads that before it is settled, too.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from pandaprobe_proxy.dialects.registry import find_socket
from pandaprobe_proxy.dialects.sockets import SocketTurn, read_conversation, round_down
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.wire.websocket import read_frames

Chunks = tuple[tuple[int, int], ...]


def find_settled(exchange: Exchange) -> Exchange | None:
    """The beginning of a connection that is settled; None if nothing is, or nobody can tell."""
    dialect = find_socket(exchange.head.method, exchange.path, exchange.head.headers) if exchange.upgraded else None
    if dialect is None:
        return None
    conversation = read_conversation(exchange)
    rest_ns = None if conversation.lossy else find_rest(dialect.turns(conversation.messages))
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


def find_rest(turns: Sequence[SocketTurn]) -> int | None:
    """The last moment at which a turn ended and none ran; None if there is none."""
    rest_ns, latest_ns = None, 0
    ordered = sorted(turns, key=lambda turn: turn.started_ns)
    for at, turn in enumerate(ordered, 1):
        if turn.ended_ns is None:
            break
        latest_ns = max(latest_ns, turn.ended_ns)
        if at == len(ordered) or ordered[at].started_ns > latest_ns:
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
