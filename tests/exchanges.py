"""Exchanges and streams of events, built from what matters of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.model.exchange import Ended, Exchange, Headers, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.wire.stream import StreamEvent
from pandaprobe_proxy.wire.websocket import TEXT, write_frame

SSE: Headers = ((b"Content-Type", b"text/event-stream; charset=utf-8"),)
JSON: Headers = ((b"content-type", b"application/json"),)


def events(*chunks: Any, done: bool = True) -> list[StreamEvent]:
    """One event per chunk, each ending one byte further; texts are data as they are."""
    datas = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return [StreamEvent("message", data, "", at) for at, data in enumerate([*datas, *(["[DONE]"] if done else [])], 1)]


def sse(chunks: Iterable[Any], done: bool = True) -> bytes:
    """The same as bytes of a stream."""
    return b"".join(b"data: %s\n\n" % event.data.encode() for event in events(*chunks, done=done))


def delta(index: int | None = 0, finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk with one choice."""
    choice = {"delta": fields, "finish_reason": finish_reason} | ({} if index is None else {"index": index})
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m1", "choices": [choice]}


def make_exchange(
    request: bytes = b"{}",
    response: bytes | None = b"{}",
    *,
    method: str = "POST",
    path: str = "/v1/chat/completions",
    status: int = 200,
    headers: Headers = JSON,
    request_headers: Headers = (),
    chunks: tuple[tuple[int, int], ...] | None = None,
    outcome: Outcome | None = Outcome.OK,
) -> Exchange:
    """An exchange that began at 1000 ns. `response` None: there was none. `outcome` None: it has not ended."""
    body = response or b""
    whole = ((700, len(body)),) if body else ()
    return Exchange(
        head=RequestHead("e1", 1000, 0, "127.0.0.1:1", "openai", "", method, path.encode(), request_headers),
        request_body=request,
        response=None if response is None else ResponseHead("e1", 1500, status, b"Reason", headers),
        response_body=body,
        chunks=whole if chunks is None else chunks,
        ended=None if outcome is None else Ended("e1", 1900, outcome, sent_ns=1200),
    )


def frame(value: Any, opcode: int = TEXT) -> bytes:
    """A message of a WebSocket: bytes as they are, else as JSON."""
    return write_frame(opcode, value if isinstance(value, bytes) else json.dumps(value).encode())


def make_connection(
    sent: Sequence[tuple[int, bytes]],
    received: Sequence[tuple[int, bytes]],
    path: str = "/v1/realtime",
    headers: Headers = (),
    outcome: Outcome | None = Outcome.OK,
) -> Exchange:
    """An upgraded connection of (nanoseconds since its start, frame) of either side."""
    exchange = make_exchange(
        b"".join(data for _, data in sent),
        b"".join(data for _, data in received),
        method="GET",
        path=path,
        status=101,
        headers=headers,
        chunks=tuple((at, len(data)) for at, data in received),
        outcome=outcome,
    )
    return replace(exchange, request_chunks=tuple((at, len(data)) for at, data in sent))
