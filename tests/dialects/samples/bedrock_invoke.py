"""Calls of Bedrock's InvokeModel API: a text of Llama, and a stream of Anthropic's that uses a tool."""

import json

from exchanges import make_exchange
from frames import EVENT_STREAM, chunk, frame

_CLAUDE = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream"
_LLAMA = "/model/meta.llama3-1-70b-instruct-v1%3A0/invoke"
_REQUEST = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "How is the weather in Paris?"}],
    "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
}
_MESSAGE = {
    "id": "msg_bdrk_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [],
    "usage": {"input_tokens": 20, "output_tokens": 1},
}
_DELTA = {"type": "input_json_delta", "partial_json": '{"city": "Paris"}'}
_METRICS = {"inputTokenCount": 20, "outputTokenCount": 30, "invocationLatency": 900, "firstByteLatency": 300}
_EVENTS = [
    {"type": "message_start", "message": _MESSAGE},
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "tool_use", "id": "toolu_bdrk_1", "name": "weather", "input": {}},
    },
    {"type": "content_block_delta", "index": 0, "delta": _DELTA},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 30}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": _METRICS},
]
_STREAM = b"".join(frame("chunk", chunk(event)) for event in _EVENTS)
_TEXT = {"generation": "Blue.", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "stop"}

SAMPLES = [
    ("text", make_exchange(b'{"prompt": "Which colour?"}', json.dumps(_TEXT).encode(), path=_LLAMA)),
    ("stream", make_exchange(json.dumps(_REQUEST).encode(), _STREAM, path=_CLAUDE, headers=EVENT_STREAM)),
]
