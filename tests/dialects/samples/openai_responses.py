"""Exchanges that show what the dialect offers."""

import json

from exchanges import SSE, make_exchange
from pandaprobe_proxy.model.exchange import Exchange
from responding import as_sse, call, events_of, message, reasoning, response, text

_ASKED = {"model": "gpt-4o-mini", "input": "How is the weather?", "tools": [{"type": "function", "name": "weather"}]}


def _exchange(request: object, answer: bytes, **more: object) -> Exchange:
    return make_exchange(json.dumps(request).encode(), answer, path="/v1/responses", **more)


SAMPLES: list[tuple[str, Exchange]] = [
    ("a tool call as JSON", _exchange(_ASKED, json.dumps(response(reasoning("Hm."), call())).encode())),
    ("a text as JSON", _exchange(_ASKED, json.dumps(response(message(text("Cold.")))).encode())),
    (
        "a whole stream",
        _exchange(_ASKED | {"stream": True}, as_sse(events_of(message(text("Let me see.")), call())), headers=SSE),
    ),
]
