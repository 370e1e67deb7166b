"""Bodies written for tests: Cohere's first chat."""

import json

from exchanges import make_exchange

LINES_TYPE = ((b"Content-Type", b"application/stream+json"),)
REQUEST = {
    "model": "command-r-08-2024",
    "preamble": "Be brief.",
    "chat_history": [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Hello."}],
    "message": "Weather in Oslo?",
    "conversation_id": "v1",
    "tools": [{"name": "weather"}],
}
META = {"billed_units": {"input_tokens": 5, "output_tokens": 9}, "tokens": {"input_tokens": 205, "output_tokens": 12}}
WHOLE = {
    "response_id": "r1",
    "generation_id": "g1",
    "text": "I look it up.",
    "finish_reason": "COMPLETE",
    "tool_calls": [{"name": "weather", "parameters": {"city": "Oslo"}}],
    "citations": [{"start": 0, "end": 1}],
    "conversation_id": "v1",
    "meta": META,
}


def line(kind, **fields):
    return {"is_finished": kind == "stream-end", "event_type": kind} | fields


LINES = [
    line("stream-start", generation_id="g1"),
    line("text-generation", text="I look "),
    line("text-generation", text="it up."),
    line("citation-generation", citations=[{"start": 0, "end": 1}]),
    line("tool-calls-chunk", tool_call_delta={"index": 0, "name": "weather"}),
    line("tool-calls-chunk", tool_call_delta={"index": 0, "parameters": '{"city": '}),
    line("tool-calls-chunk", tool_call_delta={"index": 0, "parameters": '"Oslo"}'}),
    line("tool-calls-generation", tool_calls=WHOLE["tool_calls"]),
    line("stream-end", finish_reason="COMPLETE", response=WHOLE),
]
BODY = b"".join(json.dumps(one).encode() + b"\n" for one in LINES)

SAMPLES = [
    ("JSON", make_exchange(json.dumps(REQUEST).encode(), json.dumps(WHOLE).encode(), path="/v1/chat")),
    (
        "NDJSON",
        make_exchange(json.dumps(REQUEST | {"stream": True}).encode(), BODY, path="/v1/chat", headers=LINES_TYPE),
    ),
]
