"""Calls of Bedrock's Converse API: an answer in JSON and a whole stream, each using a tool, and a count of tokens."""

import json

from exchanges import make_exchange
from frames import EVENT_STREAM, frame

_PATH = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
_REQUEST = {
    "system": [{"text": "Be brief."}],
    "messages": [{"role": "user", "content": [{"text": "How is the weather in Paris?"}]}],
    "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}]},
}
_USE = {"toolUseId": "tooluse_1", "name": "weather"}
_USAGE = {"inputTokens": 20, "outputTokens": 30, "totalTokens": 150, "cacheReadInputTokens": 100}
_CONTENT = [{"text": "I look."}, {"toolUse": _USE | {"input": {"city": "Paris"}}}]
_ANSWER = {
    "output": {"message": {"role": "assistant", "content": _CONTENT}},
    "stopReason": "tool_use",
    "usage": _USAGE,
    "metrics": {"latencyMs": 900},
}
_STREAM = b"".join(
    [
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "I look."}}),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": _USE}}),
        frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"city": "Paris"}'}}}),
        frame("contentBlockStop", {"contentBlockIndex": 1}),
        frame("messageStop", {"stopReason": "tool_use"}),
        frame("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 900}}),
    ]
)


def _exchange(request, response, verb, **rest):
    return make_exchange(json.dumps(request).encode(), response, path=f"{_PATH}/{verb}", **rest)


SAMPLES = [
    ("json", _exchange(_REQUEST, json.dumps(_ANSWER).encode(), "converse")),
    ("stream", _exchange(_REQUEST, _STREAM, "converse-stream", headers=EVENT_STREAM)),
    ("count_tokens", _exchange({"input": {"converse": _REQUEST}}, b'{"inputTokens":120}', "count-tokens")),
]
