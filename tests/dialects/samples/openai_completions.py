import json

from exchanges import SSE, make_exchange, sse

ASKED = {"model": "m", "prompt": "Once"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
WHOLE = {"id": "c1", "model": "m", "choices": [{"index": 0, "text": " upon", "finish_reason": "stop"}], "usage": USAGE}

SAMPLES = [
    ("JSON", make_exchange(json.dumps(ASKED).encode(), json.dumps(WHOLE).encode(), path="/v1/completions")),
    (
        "SSE",
        make_exchange(
            json.dumps(ASKED | {"stream": True}).encode(),
            sse([{"id": "c1", "model": "m", "choices": [{"index": 0, "text": " up"}]}, WHOLE]),
            path="/v1/completions",
            headers=SSE,
        ),
    ),
]
