import json

from exchanges import SSE, make_exchange

RUN = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "model": "m", "status": "queued"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
WAITING = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
MESSAGE = {"id": "msg_1", "object": "thread.message", "role": "assistant", "status": "completed"}
EVENTS = (
    ("thread.run.created", RUN),
    (
        "thread.message.delta",
        {"id": "msg_1", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "x"}}]}},
    ),
    ("thread.message.completed", MESSAGE | {"content": [{"type": "text", "text": {"value": "x = 1"}}]}),
    ("thread.run.completed", RUN | {"status": "completed", "usage": USAGE}),
)
STREAM = (
    "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in EVENTS) + "event: done\ndata: [DONE]\n\n"
)

SAMPLES = [
    (
        "waiting for tools",
        make_exchange(
            b'{"assistant_id": "asst_1"}',
            json.dumps(RUN | {"status": "requires_action", "required_action": WAITING}).encode(),
            path="/v1/threads/thread_1/runs",
        ),
    ),
    (
        "SSE",
        make_exchange(
            b'{"assistant_id": "asst_1", "stream": true}',
            STREAM.encode(),
            path="/v1/threads/thread_1/runs",
            headers=SSE,
        ),
    ),
]
