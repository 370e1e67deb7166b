from time import process_time

import pytest
from alike import claims
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.ollama_answer import ALIKE, OllamaAnswer, read_call
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, Usage, UsageSource
from pandaprobe_proxy.wire.ndjson import NdjsonReader


def read(*lines, streamed=True):
    answer = OllamaAnswer()
    for end, line in enumerate(lines, 1):
        answer.take(line, end)
    return answer.finish(streamed)


def chat(**message):
    return {"model": "m", "message": {"role": "assistant"} | message}


END = {"done": True, "done_reason": "length", "prompt_eval_count": 5, "eval_count": 7}


def test_texts_and_thoughts_grow_and_calls_are_added():
    first, second = ({"function": {"index": 0, "name": name, "arguments": {}}} for name in "fg")
    answer = read(
        chat(thinking="h"),
        chat(thinking="m", content=""),
        chat(content="a", tool_calls=[first]),
        chat(content="b", tool_calls=[second]),
        END,
    )
    assert answer.messages == (
        Message(
            "assistant",
            "ab",
            tool_calls=(ToolCall("", "f", "{}"), ToolCall("", "g", "{}")),
            reasoning="hm",
            finish_reason="length",
        ),
    )
    counts = {"prompt_eval_count": 5, "eval_count": 7}
    assert answer.usage == Usage(5, 7, source=UsageSource.REPORTED, raw=counts)
    assert (answer.first_content, answer.first_tool, answer.model) == (3, 3, "m")
    assert answer.finished and not answer.lossy


def test_a_generated_text_is_a_message_too():
    answer = read(
        {"model": "m", "response": "a", "created_at": "t1"}, {"response": "b", "thinking": "h", "created_at": "t2"}
    )
    assert answer.messages == (Message("assistant", "ab", reasoning="h"),)
    assert (answer.extra, answer.finished) == ({"created_at": "t1"}, False)


def test_an_end_without_a_reason_is_a_stop():
    assert read(chat(content="a"), {"done": True}).messages[0].finish_reason == "stop"
    assert read(chat(content="a"), {"done": False}).messages[0].finish_reason is None


def test_a_prompt_that_was_cached_is_not_counted():
    usage = read(chat(), {"eval_count": 7, "done": True}).usage
    assert (usage.input, usage.output) == (None, 7)


def test_an_error_keeps_what_was_said():
    answer = read(chat(content="a"), {"error": "out of memory"})
    assert answer.error == CallError("out of memory")
    assert (answer.messages[0].text, answer.finished) == ("a", False)


def test_unknown_fields_are_kept_and_lists_grow():
    answer = read(chat(content="a", mood="x"), {"logprobs": [1]}, {"logprobs": [2], "other": 5, "nothing": None})
    assert answer.extra == {"logprobs": [1, 2], "other": 5}
    assert answer.messages[0].extra == {"mood": "x"}


@pytest.mark.parametrize(
    "line",
    [
        None,
        {"message": "x"},
        {"response": 5},
        {"thinking": []},
        chat(content=5),
        chat(thinking={}),
        chat(tool_calls="x"),
        chat(tool_calls=["x"]),
    ],
)
def test_what_cannot_be_placed_is_told(line):
    assert read(line, END).lossy


def test_an_object_that_answers_nothing_is_told_unless_it_is_an_error():
    assert read({}, streamed=False).lossy and not read({"error": "x"}, streamed=False).lossy
    assert not read(chat(content=None), streamed=False).lossy
    assert read(chat(content="a"), streamed=False).finished


def test_a_call_keeps_what_it_has_beside():
    assert read_call({"id": "c1", "function": {"index": 3, "name": "f", "arguments": {"x": 1}, "y": 2}}) == ToolCall(
        "c1", "f", '{"x": 1}', extra={"function": {"y": 2}}
    )
    assert read_call({"id": "c1", "function": "odd"}).extra == {"function": "odd"}


def test_a_hundred_thousand_lines_are_read_in_one_pass():
    began = process_time()
    assert len(read(*[chat(content="word ")] * 100_000).messages[0].text) == 500_000
    assert process_time() - began < 5


def read_stream(told):
    answer = OllamaAnswer()
    for line, event in read_objects(told):
        answer.take(line, event.end)
    return answer.finish(streamed=True)


_LINE = b'{"model":"l","created_at":"2024-05-24T20:26:46.#Z",%b,"done":false}'
_TOLD = (
    b'"message":{"role":"assistant","content":"<>"}',
    b'"message":{"role":"assistant","content":"","thinking":"<>"}',
    b'"message":{"content":"<>","response":"<>"}',
    b'"message":{"content":"<>","tool_calls":[{"function":{"name":"x"}}]}',
    b'"message":{"content":#}',
    b'"message":{"content":null}',
    b'"message":"<>"',
    b'"message":"<>","response":"<>"',
    b'"response":"<>"',
    b'"response":"","thinking":"<>"',
    b'"response":"<>","x":[#]',
)
_TEXT = b'"message":{"content":"<>"},"done":false'
ALIKES = (
    *(_LINE % told for told in _TOLD),
    *(
        b"{%b,%b}" % (name, _TEXT)
        for name in (b'"model":["l"]', b'"created_at":#', b'"created_at":"<>"', b'"model":"m"')
    ),
    *(b'{"message":{"content":"<>"},"done":true,"eval_count":#}', b"  ", b'{"error":"<>"}', b"[]", b"{%b}" % _TEXT),
)
"""Lines that may be of a run and lines that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(read_stream, ALIKE, ALIKES, framing=NdjsonReader)
)
