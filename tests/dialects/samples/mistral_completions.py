"""Bodies written for tests: Mistral's completions of code and of agents."""

import json

from exchanges import SSE, delta, make_exchange, sse

CALL = {"id": "c1", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
FILL = {"model": "codestral-latest", "prompt": "def f():", "suffix": "return x", "temperature": 0}
AGENT = {"agent_id": "ag_1", "messages": [{"role": "user", "content": "Weather in Oslo?"}], "tools": [{}]}
WHOLE = {
    "id": "r1",
    "model": "codestral-latest",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": " x = 1"}}],
    "usage": USAGE,
}
CHUNKS = [
    delta(role="assistant", content=""),
    delta(content=" x "),
    delta(content="= 1"),
    delta(tool_calls=[CALL], finish_reason="tool_calls") | {"usage": USAGE},
]

SAMPLES = [
    ("code", make_exchange(json.dumps(FILL).encode(), json.dumps(WHOLE).encode(), path="/v1/fim/completions")),
    (
        "agent, streamed",
        make_exchange(
            json.dumps(AGENT | {"stream": True}).encode(), sse(CHUNKS), path="/v1/agents/completions", headers=SSE
        ),
    ),
]
