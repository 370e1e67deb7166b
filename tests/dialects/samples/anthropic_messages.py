"""Calls of Anthropic messages: an answer in JSON that uses a tool, a whole stream, and a count of tokens."""

import json

from exchanges import SSE, make_exchange

_REQUEST = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "How is the weather in Paris?"}],
    "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
}
_USAGE = {"input_tokens": 20, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 100, "output_tokens": 30}
_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929"}
_USE = {"type": "tool_use", "id": "toolu_1", "name": "weather"}
_ANSWER = _MESSAGE | {
    "content": [{"type": "text", "text": "I look."}, _USE | {"input": {"city": "Paris"}}],
    "stop_reason": "tool_use",
    "usage": _USAGE,
}
EVENTS = [
    {"type": "message_start", "message": _MESSAGE | {"content": [], "usage": _USAGE | {"output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I look."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": _USE | {"input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '"Paris"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 30}},
    {"type": "message_stop"},
]


def _write(event: dict[str, object]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _exchange(request, response, path="/v1/messages", **rest):
    return make_exchange(json.dumps(request).encode(), response, path=path, **rest)


SAMPLES = [
    ("json", _exchange(_REQUEST, json.dumps(_ANSWER).encode())),
    ("stream", _exchange(_REQUEST | {"stream": True}, b"".join(map(_write, EVENTS)), headers=SSE)),
    ("count_tokens", _exchange(_REQUEST, b'{"input_tokens": 120}', "/v1/messages/count_tokens")),
]
