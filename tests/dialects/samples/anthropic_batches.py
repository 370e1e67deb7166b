"""Calls of Anthropic's message batches: one that is made, and the results of one, an answer and a failure."""

import json

from exchanges import make_exchange

_PARAMS = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
_REQUEST = {"requests": [{"custom_id": "a", "params": _PARAMS}]}
_BATCH = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress", "results_url": None}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 20, "output_tokens": 30, "service_tier": "batch"},
}
_RESULTS = [
    {"custom_id": "a", "result": {"type": "succeeded", "message": _MESSAGE}},
    {"custom_id": "b", "result": {"type": "expired"}},
]
_JSONL = b"".join(json.dumps(line).encode() + b"\n" for line in _RESULTS)

SAMPLES = [
    ("create", make_exchange(json.dumps(_REQUEST).encode(), json.dumps(_BATCH).encode(), path="/v1/messages/batches")),
    (
        "results",
        make_exchange(
            b"",
            _JSONL,
            method="GET",
            path="/v1/messages/batches/msgbatch_1/results",
            headers=((b"content-type", b"application/x-jsonl"),),
        ),
    ),
]
