"""Bodies written for tests: Ollama's chat and generate."""

import json

from exchanges import make_exchange

NDJSON = ((b"Content-Type", b"application/x-ndjson"),)
CALL = {"id": "c1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Oslo"}}}
REQUEST = {
    "model": "qwen3",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather in Oslo?"}],
    "tools": [{"type": "function", "function": {"name": "weather"}}],
}
NAMES = {"model": "qwen3", "created_at": "2026-01-01T00:00:00Z"}
COUNTS = {"done": True, "done_reason": "stop", "prompt_eval_count": 21, "eval_count": 9, "total_duration": 5}


def line(done=False, **message):
    return NAMES | {"message": {"role": "assistant", "content": ""} | message, "done": done}


LINES = [
    line(thinking="The user "),
    line(thinking="asks."),
    line(content="I look "),
    line(content="it up."),
    line(tool_calls=[CALL]),
    line() | COUNTS,
]
WHOLE = line(content="I look it up.", thinking="The user asks.", tool_calls=[CALL]) | COUNTS
BODY = b"".join(json.dumps(one).encode() + b"\n" for one in LINES)
GENERATED = [NAMES | {"response": text, "done": False} for text in ("Par", "is")] + [
    NAMES | {"response": "", "context": [1, 2]} | COUNTS
]
GENERATED_BODY = b"".join(json.dumps(one).encode() + b"\n" for one in GENERATED)

SAMPLES = [
    (
        "chat",
        make_exchange(json.dumps(REQUEST | {"stream": False}).encode(), json.dumps(WHOLE).encode(), path="/api/chat"),
    ),
    ("chat, streamed", make_exchange(json.dumps(REQUEST).encode(), BODY, path="/api/chat", headers=NDJSON)),
    (
        "generate, streamed",
        make_exchange(
            b'{"model": "qwen3", "prompt": "Capital of France?", "system": "Be brief."}',
            GENERATED_BODY,
            path="/api/generate",
            headers=NDJSON,
        ),
    ),
]
