"""Calls of Anthropic's text completions: an answer in JSON, and a whole stream."""

import json

from exchanges import SSE, make_exchange

_REQUEST = {"model": "claude-2.1", "prompt": "\n\nHuman: Why is the sky blue?\n\nAssistant:", "max_tokens_to_sample": 9}
_PIECE = {"type": "completion", "id": "compl_1", "model": "claude-2.1", "stop_reason": None, "stop": None}
_END = {"stop_reason": "stop_sequence", "stop": "\n\nHuman:"}
_PIECES = [_PIECE | {"completion": " Light"}, _PIECE | {"completion": " scatters."}, _PIECE | {"completion": ""} | _END]
_STREAM = b"".join(b"event: completion\ndata: %s\n\n" % json.dumps(piece).encode() for piece in _PIECES)


def _exchange(request, response, **rest):
    return make_exchange(json.dumps(request).encode(), response, path="/v1/complete", **rest)


SAMPLES = [
    ("json", _exchange(_REQUEST, json.dumps(_PIECE | {"completion": " Light scatters."} | _END).encode())),
    ("stream", _exchange(_REQUEST | {"stream": True}, _STREAM, headers=SSE)),
]
