from time import process_time

import pytest
from alike import claims
from dialects.samples.cohere_chat import EVENTS, event
from pandaprobe_proxy.dialects.cohere_stream import ALIKE, CohereStream
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.model.call import CallError, ToolCall


def read(*given):
    stream = CohereStream()
    for end, value in enumerate(given, 1):
        stream.take(value, end)
    return stream.finish()


def end(**delta):
    return {"type": "message-end", "delta": delta}


def test_a_whole_stream_is_its_message_and_its_usage():
    answer = read(*EVENTS)
    assert (answer.response_id, answer.usage.input, answer.usage.output) == ("r1", 1205, 12)
    assert (answer.first_content, answer.first_tool, answer.finished, answer.lossy) == (6, 13, True, False)


def test_contents_are_kept_apart_by_index():
    answer = read(
        event("content-start", 1, content={"type": "text", "text": "b"}),
        event("content-delta", 0, content={"text": "a"}),
        event("content-delta", 1, content={"text": "c"}),
        event("content-delta", 2, content={"extra": 5}),
        end(finish_reason="COMPLETE"),
    )
    assert answer.messages[0].content == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "bc"},
        {"extra": 5},
    ]
    assert (answer.messages[0].finish_reason, answer.first_content, answer.finished) == ("COMPLETE", 1, True)


def test_calls_are_kept_apart_by_index():
    parts = [(0, {"id": "a", "function": {"name": "f"}}), (1, {"id": "b", "function": {"name": "g"}})]
    parts += [(0, {"function": {"arguments": "1"}}), (1, {"function": {"arguments": "2"}})]
    answer = read(*[event("tool-call-delta", index, tool_calls=value) for index, value in parts])
    assert answer.messages[0].tool_calls == (ToolCall("a", "f", "1"), ToolCall("b", "g", "2"))
    assert (answer.first_tool, answer.first_content, answer.finished) == (1, None, False)


def test_a_plan_is_reasoning_unless_there_are_thoughts():
    plan = event("tool-plan-delta", tool_plan="look")
    assert read(plan).messages[0].reasoning == "look"
    thought = read(plan, event("content-start", 0, content={"type": "thinking", "thinking": "hm"})).messages[0]
    assert (thought.reasoning, thought.extra, thought.text) == ("hm", {"tool_plan": "look"}, "")


def test_citations_come_one_by_one_or_many_at_once():
    answer = read(event("citation-start", 0, citations={"n": 1}), event("citation-start", 1, citations=[{"n": 2}]))
    assert answer.messages[0].extra == {"citations": [{"n": 1}, {"n": 2}]}


def test_unknown_events_and_fields_are_kept():
    odd = {"type": "debug", "prompt": "p"}
    answer = read(odd, event("content-delta", 0, mood="x"), end(more=5, none=None))
    assert answer.extra == {"events": [odd], "more": 5} and answer.messages[0].extra == {"mood": "x"}
    assert not answer.lossy


def test_errors_are_told():
    assert read(end(error="busy", finish_reason="ERROR")).error == CallError("busy")
    assert read(end(finish_reason="TIMEOUT")).error == CallError("the answer ended with finish_reason TIMEOUT")
    assert read({"message": "too many tokens", "id": "x"}).error == CallError("too many tokens")
    assert read().messages == () and read(end()).error is None


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        {"type": "content-delta", "delta": "x"},
        {"id": "x"},
        event("content-delta", 0, content="x"),
        event("tool-plan-delta", tool_plan=5),
        event("tool-call-start", 0, tool_calls="x"),
    ],
)
def test_what_cannot_be_placed_is_told(odd):
    assert read(odd).lossy


def test_a_start_need_not_say_anything():
    assert read({"type": "message-start", "id": 5}).messages[0].content is None


def test_a_hundred_thousand_events_are_read_in_one_pass():
    began = process_time()
    answer = read(*[event("content-delta", 0, content={"text": "word "})] * 100_000)
    assert len(answer.messages[0].text) == 500_000 and process_time() - began < 5


def streamed(events):
    stream = CohereStream()
    for value, told in read_objects(events):
        stream.take(value, told.end)
    return stream.finish()


_DELTAS = (
    b'"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"<>"}}}',
    b'"type":"content-delta","index":1,"delta":{"message":{"content":{"thinking":"<>"}}}',
    b'"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"<>"}}}}',
    b'"type":"tool-plan-delta","delta":{"message":{"tool_plan":"<>"}}',
    b'"type":"content-delta","index":@,"delta":{"message":{"content":{"text":"<>"}}}',
    b'"type":"content-delta","index":true,"delta":{"message":{"content":{"text":"<>"}}}',
    b'"type":"content-delta","index":0,"delta":{"message":{"content":{"text":""}}}',
    b'"type":"content-delta","index":0,"delta":{"message":{"content":{"text":#}}}',
    b'"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"<>","type":"text"}}}',
    b'"type":"content-delta","index":0,"delta":{"message":{"content":{"arguments":"<>"}}}',
    b'"type":"content-delta","index":0,"delta":{"message":{"content":"<>"}}',
    b'"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"<>"}},"x":#}',
    b'"type":"content-delta","index":0,"delta":["<>"]',
    b'"type":["content-delta"],"index":0,"delta":{"message":{"content":{"text":"<>"}}}',
    b'"type":"content-delta","index":0,"x":#,"delta":{"message":{"content":{"text":"<>"}}}',
    b'"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":#}}}}',
    b'"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"id":"<>","function":{"arguments":"<>"}}}}',
    b'"type":"tool-plan-delta","delta":{"message":{"tool_plan":"<>"}},"id":"<>"',
    b'"message":"<>"',
)
ALIKES = (
    *(b"event: content-delta\ndata: {%b}" % told for told in _DELTAS),
    b'event: content-start\ndata: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text"}}}}',
    b'data: {"type":"message-end","delta":{"finish_reason":"<>"}}',
)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(streamed, ALIKE, ALIKES, long=4)
)
