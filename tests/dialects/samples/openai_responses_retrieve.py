"""Exchanges that show what the dialect offers."""

import json

from exchanges import JSON, SSE, make_exchange
from pandaprobe_proxy.model.exchange import Exchange, Headers
from responding import as_sse, call, events_of, message, response, text


def _get(answer: bytes, headers: Headers = JSON) -> Exchange:
    return make_exchange(b"", answer, method="GET", path="/v1/responses/resp_1", headers=headers)


SAMPLES: list[tuple[str, Exchange]] = [
    ("a response that is to come", _get(json.dumps(response(status="queued", background=True)).encode())),
    ("a response that is done", _get(json.dumps(response(message(text("Cold.")), call())).encode())),
    ("a stream that is resumed", _get(as_sse(events_of(message(text("Let me see.")), call())[4:]), SSE)),
    (
        "a response that is cancelled",
        make_exchange(
            b"", json.dumps(response(status="cancelled")).encode(), path="/v1/responses/resp_1/cancel", headers=JSON
        ),
    ),
]
