"""Bodies written for tests: Cohere's chat."""

import json

from exchanges import SSE, make_exchange

REQUEST = {
    "model": "command-r-08-2024",
    "messages": [{"role": "user", "content": "Weather in Oslo?"}],
    "tools": [{"type": "function", "function": {"name": "weather"}}],
}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
USAGE = {
    "billed_units": {"input_tokens": 5, "output_tokens": 9},
    "tokens": {"input_tokens": 1205, "output_tokens": 12},
    "cached_tokens": 400,
}
CITATION = {"start": 0, "end": 1, "text": "I", "sources": [], "type": "TEXT_CONTENT"}
WHOLE = {
    "id": "r1",
    "message": {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "I look it up."}],
        "tool_plan": "I will look.",
        "tool_calls": [CALL],
        "citations": [CITATION],
    },
    "finish_reason": "TOOL_CALL",
    "usage": USAGE,
}


def event(kind, index=None, **message):
    fields = {"type": kind} | ({} if index is None else {"index": index})
    return fields | ({"delta": {"message": message}} if message else {})


def call(**fields):
    return event("tool-call-delta", 0, tool_calls={"function": fields})


EVENTS = [
    event("message-start", role="assistant", content=[], tool_plan="", tool_calls=[], citations=[]) | {"id": "r1"},
    event("content-start", 0, content={"type": "thinking", "thinking": ""}),
    event("content-delta", 0, content={"thinking": "Hm."}),
    event("content-end", 0),
    event("content-start", 1, content={"type": "text", "text": ""}),
    event("content-delta", 1, content={"text": "I look "}),
    event("content-delta", 1, content={"text": "it up."}),
    event("citation-start", 0, citations=CITATION),
    event("citation-end", 0),
    event("content-end", 1),
    event("tool-plan-delta", tool_plan="I will "),
    event("tool-plan-delta", tool_plan="look."),
    event("tool-call-start", 0, tool_calls={"id": "c1", "type": "function", "function": {"name": "weather"}}),
    call(arguments='{"city": '),
    call(arguments='"Oslo"}'),
    event("tool-call-end", 0),
    {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": USAGE}},
]
BODY = b"".join(b"event: %s\ndata: %s\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in EVENTS)
BODY += b"data: [DONE]\n\n"

SAMPLES = [
    ("JSON", make_exchange(json.dumps(REQUEST).encode(), json.dumps(WHOLE).encode(), path="/v2/chat")),
    (
        "SSE",
        make_exchange(json.dumps(REQUEST | {"stream": True}).encode(), BODY, path="/v2/chat", headers=SSE),
    ),
]
