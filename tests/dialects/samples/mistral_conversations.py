"""Bodies written for tests: Mistral's conversations."""

import json

from exchanges import SSE, make_exchange

REQUEST = {"model": "mistral-medium-latest", "inputs": "Weather in Oslo?", "instructions": "Be brief.", "tools": [{}]}
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, "connector_tokens": None}
ENTRY = {"object": "entry", "model": "mistral-medium-latest"}
OUTPUTS = [
    {"type": "tool.execution", "id": "t1", "name": "web_search", "arguments": "{}"} | ENTRY,
    {"type": "message.output", "id": "m1", "role": "assistant", "content": "I look it up."} | ENTRY,
    {"type": "function.call", "id": "f1", "tool_call_id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}
    | ENTRY,
]
WHOLE = {"object": "conversation.response", "conversation_id": "conv_1", "outputs": OUTPUTS, "usage": USAGE}
EVENTS = [
    {"type": "conversation.response.started", "conversation_id": "conv_1", "created_at": "t"},
    {"type": "tool.execution.started", "id": "t1", "output_index": 0, "name": "web_search", "arguments": "{"} | ENTRY,
    {"type": "tool.execution.delta", "id": "t1", "output_index": 0, "name": "web_search", "arguments": "}"},
    {"type": "tool.execution.done", "id": "t1", "output_index": 0, "name": "web_search"},
    {"type": "message.output.delta", "id": "m1", "output_index": 1, "role": "assistant", "content": "I look "} | ENTRY,
    {"type": "message.output.delta", "id": "m1", "output_index": 1, "role": "assistant", "content": "it up."} | ENTRY,
    {"type": "function.call.delta", "id": "f1", "output_index": 2, "tool_call_id": "c1", "name": "weather"}
    | {"arguments": '{"city": '}
    | ENTRY,
    {"type": "function.call.delta", "id": "f1", "output_index": 2, "tool_call_id": "c1", "name": "weather"}
    | {"arguments": '"Oslo"}'},
    {"type": "conversation.response.done", "usage": USAGE, "created_at": "t"},
]
BODY = b"".join(b"event: %s\ndata: %s\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in EVENTS)
PATH = "/mistral/v1/conversations"

SAMPLES = [
    ("JSON", make_exchange(json.dumps(REQUEST).encode(), json.dumps(WHOLE).encode(), path=PATH)),
    (
        "SSE",
        make_exchange(json.dumps(REQUEST | {"stream": True}).encode(), BODY, path=f"{PATH}/conv_1", headers=SSE),
    ),
]
