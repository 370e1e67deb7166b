"""An upgraded connection as an exchange: what either side said, a millisecond apart."""

import json
from dataclasses import replace
from typing import Any

from exchanges import make_exchange
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.wire.websocket import TEXT, write_frame

STEP_NS = 1_000_000


def make_connection(path: str, *steps: Any) -> Exchange:
    """The connection on which that was said; what the client sent is in a tuple."""
    sent, received = [], []
    for number, step in enumerate(steps, 1):
        side, value = (sent, step[0]) if isinstance(step, tuple) else (received, step)
        side.append((number * STEP_NS, write_frame(TEXT, json.dumps(value).encode())))
    asked, answered = (b"".join(frame for _, frame in side) for side in (sent, received))
    chunks, request_chunks = (tuple((at, len(frame)) for at, frame in side) for side in (received, sent))
    exchange = make_exchange(asked, answered, method="GET", path=path, status=101, headers=(), chunks=chunks)
    return replace(exchange, request_chunks=request_chunks)
