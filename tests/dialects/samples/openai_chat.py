import json

from exchanges import SSE, delta, make_exchange, sse

ASKED = {"model": "m", "messages": [{"role": "user", "content": "weather?"}]}
CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}

SAMPLES = [
    (
        "JSON",
        make_exchange(
            json.dumps(ASKED).encode(),
            json.dumps(
                {
                    "id": "c1",
                    "model": "m",
                    "choices": [
                        {
                            "index": 0,
                            "message": {"role": "assistant", "tool_calls": [CALL]},
                            "finish_reason": "tool_calls",
                        }
                    ],
                    "usage": USAGE,
                }
            ).encode(),
        ),
    ),
    (
        "SSE",
        make_exchange(
            json.dumps(ASKED | {"stream": True}).encode(),
            sse(
                [
                    delta(role="assistant", content="It is "),
                    delta(content="12 °C"),
                    delta(finish_reason="stop"),
                    {"id": "c1", "choices": [], "usage": USAGE},
                ]
            ),
            headers=SSE,
        ),
    ),
]
