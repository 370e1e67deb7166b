"""Calls of Anthropic models on Vertex: an answer in JSON, and a whole stream, each using a tool."""

import json

from exchanges import SSE, make_exchange

_PATH = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929"
_REQUEST = {
    "anthropic_version": "vertex-2023-10-16",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "How is the weather in Paris?"}],
    "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
}
_USE = {"type": "tool_use", "id": "toolu_vrtx_1", "name": "weather", "input": {}}
_MESSAGE = {"id": "msg_vrtx_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929"}
_ANSWER = _MESSAGE | {
    "content": [_USE | {"input": {"city": "Paris"}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 20, "output_tokens": 30},
}
_EVENTS = [
    {"type": "message_start", "message": _MESSAGE | {"content": [], "usage": {"input_tokens": 20, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": _USE},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "input_json_delta", "partial_json": '{"city": "Paris"}'},
    },
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 30}},
    {"type": "message_stop"},
]
_STREAM = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in _EVENTS)

SAMPLES = [
    ("json", make_exchange(json.dumps(_REQUEST).encode(), json.dumps(_ANSWER).encode(), path=f"{_PATH}:rawPredict")),
    (
        "stream",
        make_exchange(json.dumps(_REQUEST).encode(), _STREAM, path=f"{_PATH}:streamRawPredict", headers=SSE),
    ),
]
