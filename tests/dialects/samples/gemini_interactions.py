"""Bodies written for tests: Gemini's interactions."""

import json

from exchanges import SSE, make_exchange

REQUEST = {
    "model": "gemini-2.5-flash",
    "input": "Weather in Oslo?",
    "previous_interaction_id": "v1_0",
    "tools": [{"type": "function", "name": "weather"}],
}
USAGE = {"total_input_tokens": 9, "total_output_tokens": 13, "total_thought_tokens": 20, "total_tokens": 42}
NAMES = {"id": "v1_1", "object": "interaction", "model": "gemini-2.5-flash"}
STEPS = [
    {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "The user asks."}]},
    {"type": "model_output", "content": [{"type": "text", "text": "I look it up."}]},
    {"type": "function_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}},
]
WHOLE = NAMES | {"status": "requires_action", "usage": USAGE, "steps": STEPS}


def event(kind, **fields):
    return {"event_type": kind} | fields


def start(index, **step):
    return event("step.start", index=index, step=step)


def delta(index, **fields):
    return event("step.delta", index=index, delta=fields)


def stop(index):
    return event("step.stop", index=index)


EVENTS = [
    event("interaction.created", interaction=NAMES | {"status": "in_progress"}),
    event("interaction.status_update", interaction_id="v1_1", status="in_progress"),
    start(0, type="thought"),
    delta(0, type="thought_summary", content={"type": "text", "text": "The user "}),
    delta(0, type="thought_summary", content={"type": "text", "text": "asks."}),
    delta(0, type="thought_signature", signature="c2ln"),
    stop(0),
    start(1, type="model_output"),
    delta(1, type="text", text="I look "),
    delta(1, type="text", text="it up."),
    stop(1),
    start(2, type="function_call", id="c1", name="weather", arguments={}),
    delta(2, type="arguments_delta", arguments='{"city":'),
    delta(2, type="arguments_delta", arguments=' "Oslo"}'),
    stop(2),
    event("interaction.completed", interaction=NAMES | {"status": "requires_action", "usage": USAGE}),
]
BODY = b"".join(b"event: %s\ndata: %s\n\n" % (one["event_type"].encode(), json.dumps(one).encode()) for one in EVENTS)
BODY += b"event: done\ndata: [DONE]\n\n"
PATH = "/v1beta/interactions"

SAMPLES = [
    ("JSON", make_exchange(json.dumps(REQUEST).encode(), json.dumps(WHOLE).encode(), path=PATH)),
    ("SSE", make_exchange(json.dumps(REQUEST | {"stream": True}).encode(), BODY, path=PATH, headers=SSE)),
    ("poll", make_exchange(b"", json.dumps(WHOLE).encode(), method="GET", path=f"{PATH}/v1_1")),
]
