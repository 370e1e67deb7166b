"""Bodies written for tests: llama.cpp's own completions, one text or several, JSON and a whole stream."""

import json

from exchanges import SSE, make_exchange, sse

REQUEST = {"prompt": "Why is the sky blue?", "n_predict": 32, "cache_prompt": True}
PIECE = {"index": 0, "tokens": [], "stop": False, "id_slot": 0, "tokens_evaluated": 7}
END = {
    "index": 0,
    "content": "",
    "tokens": [],
    "id_slot": 0,
    "stop": True,
    "model": "qwen3-8b",
    "tokens_predicted": 2,
    "tokens_evaluated": 7,
    "generation_settings": {"n_predict": 32},
    "prompt": "Why is the sky blue?",
    "truncated": False,
    "stop_type": "eos",
    "stopping_word": "",
    "tokens_cached": 8,
    "timings": {"cache_n": 4, "prompt_n": 3, "predicted_n": 2},
}
PIECES = [
    PIECE | {"content": " Light", "tokens_predicted": 1},
    PIECE | {"content": " scatters.", "tokens_predicted": 2},
    END,
]
WHOLE = END | {"content": " Light scatters."}


def _exchange(request, response, path="/completion", **rest):
    return make_exchange(json.dumps(request).encode(), response, path=path, **rest)


SAMPLES = [
    ("json", _exchange(REQUEST, json.dumps(WHOLE).encode())),
    ("stream", _exchange(REQUEST | {"stream": True}, sse(PIECES, done=False), headers=SSE)),
    (
        "infill",
        _exchange({"input_prefix": "def f(", "input_suffix": "):"}, json.dumps(WHOLE).encode(), path="/infill"),
    ),
]
