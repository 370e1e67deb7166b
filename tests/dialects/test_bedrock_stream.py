import time

import pytest
from exchanges import events
from frames import named_events
from pandaprobe_proxy.dialects.bedrock_stream import ConverseStream, read_exception
from pandaprobe_proxy.model.call import CallError, ToolCall, UsageSource


def begin(index, **start):
    return "contentBlockStart", {"contentBlockIndex": index, "start": start, "p": "ab"}


def delta(index, **fields):
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": fields, "p": "abc"}


def stop(index):
    return "contentBlockStop", {"contentBlockIndex": index}


START = ("messageStart", {"role": "assistant", "p": "a"})
END = ("messageStop", {"stopReason": "tool_use", "p": "a"})
USAGE = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
WHOLE = [
    START,
    delta(0, reasoningContent={"text": "hm"}),
    stop(0),
    delta(1, text="I "),
    delta(1, text="look."),
    stop(1),
    begin(2, toolUse={"toolUseId": "t1", "name": "weather"}),
    delta(2, toolUse={"input": '{"city":'}),
    delta(2, toolUse={"input": '"Paris"}'}),
    stop(2),
    END,
    ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 9}, "p": "a"}),
]


def read(*pairs):
    return ConverseStream().read(named_events(*pairs))


def test_a_stream_is_the_message_that_it_tells_of():
    answer = read(*WHOLE)
    (message,) = answer.messages
    assert (message.role, message.text, message.reasoning) == ("assistant", "I look.", "hm")
    assert message.tool_calls == (ToolCall("t1", "weather", '{"city":"Paris"}'),)
    assert message.content[2] == {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Paris"}}}
    assert (message.finish_reason, answer.finished, answer.lossy) == ("tool_use", True, False)
    assert (answer.usage.input, answer.usage.source) == (3, UsageSource.REPORTED)
    assert (answer.first_content, answer.first_tool, answer.extra) == (4, 7, {"metrics": {"latencyMs": 9}})


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_stream_that_breaks_off_gives_what_came(length):
    answer = read(*WHOLE[:length])
    assert answer.finished == (length == 11) and not answer.lossy and len(answer.messages) == (length > 0)
    if length == 8:
        assert answer.messages[0].tool_calls[0].arguments == '{"city":'


def test_events_may_be_named_by_their_one_key():
    chunks = [{name: value} for name, value in WHOLE]
    assert ConverseStream().read(events(*chunks, done=False)) == read(*WHOLE)


def test_blocks_may_grow_in_turns_and_stand_by_their_index():
    answer = read(START, delta(1, text="b"), delta(0, text="a"), delta(1, text="B"), delta(0, text="A"), END)
    assert answer.messages[0].text == "aA\nbB"


def test_blocks_without_an_index_are_the_last_one():
    loose = ("contentBlockDelta", {"delta": {"text": "!"}})
    assert read(START, loose, delta(4, text="b"), loose).messages[0].text == "!\nb!"


def test_two_blocks_of_one_index_are_two_blocks():
    answer = read(START, delta(0, text="a"), begin(0), delta(0, text="b"), END)
    assert answer.messages[0].text == "a\nb"


def test_a_block_of_nothing_is_none():
    assert read(START, begin(0), stop(0), delta(1, text="a"), END).messages[0].content == [{"text": "a"}]


def test_an_exception_ends_a_stream_that_began_well():
    answer = read(*WHOLE[:5], ("throttlingException", {"message": "Slow down"}), ("serverException", {}))
    assert answer.error == CallError("Slow down", "throttlingException")
    assert not answer.finished and not answer.lossy and answer.messages[0].text == "I look."


def test_an_exception_may_be_all_and_may_be_no_json():
    assert read(("modelStreamErrorException", "boom")).error == CallError("boom", "modelStreamErrorException")
    inline = ConverseStream().read(events({"internalServerException": {"message": "m"}}, done=False))
    assert inline.error == CallError("m", "internalServerException") and inline.messages == () and not inline.lossy


def test_an_exception_may_name_its_own_type():
    assert read_exception("exception:x", {"message": "m", "type": "own"}) == CallError("m", "own")


def test_unknown_events_are_kept():
    answer = read(START, ("newEvent", {"x": 1, "p": "a"}), END)
    assert answer.extra == {"events": [{"x": 1}]} and not answer.lossy
    assert read(("newEvent", {"x": 1})).lossy and read(("metadata", {"usage": USAGE})).lossy


@pytest.mark.parametrize(
    "pair",
    [
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": "x"}),
        ("contentBlockStart", {"contentBlockIndex": 0, "start": "x"}),
        delta(0, new=1),
        ("contentBlockDelta", "{broken"),
        ("message", {"messageStop": 5}),
    ],
)
def test_what_cannot_be_placed_is_told(pair):
    answer = read(START, delta(0, text="a"), pair, END)
    assert answer.lossy and answer.finished and answer.messages[0].text == "a"


def test_a_stream_of_many_events_is_read_quickly():
    stream = named_events(START, *[delta(0, text="word ")] * 100_000, END)
    began = time.process_time()
    assert len(ConverseStream().read(stream).messages[0].text) == 500_000
    assert time.process_time() - began < 3
