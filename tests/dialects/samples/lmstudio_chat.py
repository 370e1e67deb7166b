"""Bodies written for tests: LM Studio's own chat."""

import json

from exchanges import SSE, make_exchange

REQUEST = {
    "model": "qwen3",
    "input": "Weather in Oslo?",
    "system_prompt": "Be brief.",
    "previous_response_id": "resp_0",
    "integrations": ["mcp/weather"],
}
CALL = {"tool": "weather", "arguments": {"city": "Oslo"}, "provider_info": {"type": "plugin", "plugin_id": "mcp/w"}}
WHOLE = {
    "model_instance_id": "qwen3",
    "output": [
        {"type": "reasoning", "content": "The user asks."},
        {"type": "tool_call", "output": "rain"} | CALL,
        {"type": "message", "content": "It rains."},
    ],
    "stats": {"input_tokens": 21, "total_output_tokens": 9, "reasoning_output_tokens": 5, "tokens_per_second": 4.5},
    "response_id": "resp_1",
}
EVENTS = [
    {"type": "chat.start", "model_instance_id": "qwen3"},
    {"type": "model_load.start", "model_instance_id": "qwen3"},
    {"type": "prompt_processing.progress", "progress": 0.5},
    {"type": "reasoning.start"},
    {"type": "reasoning.delta", "content": "The user "},
    {"type": "reasoning.delta", "content": "asks."},
    {"type": "reasoning.end"},
    {"type": "tool_call.start"} | {key: CALL[key] for key in ("tool", "provider_info")},
    {"type": "tool_call.arguments"} | CALL,
    {"type": "tool_call.result", "output": "rain"} | CALL,
    {"type": "message.start"},
    {"type": "message.delta", "content": "It "},
    {"type": "message.delta", "content": "rains."},
    {"type": "message.end"},
    {"type": "chat.end", "result": WHOLE},
]
BODY = b"".join(b"event: %s\ndata: %s\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in EVENTS)
PATH = "/api/v1/chat"

SAMPLES = [
    ("JSON", make_exchange(json.dumps(REQUEST).encode(), json.dumps(WHOLE).encode(), path=PATH)),
    ("SSE", make_exchange(json.dumps(REQUEST | {"stream": True}).encode(), BODY, path=PATH, headers=SSE)),
]
