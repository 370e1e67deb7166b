import json
import time

import pytest
from alike import claims
from exchanges import events
from pandaprobe_proxy.dialects.anthropic_stream import ALIKE, MessageStream
from pandaprobe_proxy.model.call import CallError, UsageSource
from pandaprobe_proxy.wire.stream import StreamEvent

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m-1",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 10, "output_tokens": 1, "service_tier": "standard"},
    },
}
PING = {"type": "ping"}
STOP = {"type": "message_stop"}


def block(index, **fields):
    return {"type": "content_block_start", "index": index, "content_block": fields}


def delta(index, kind, **fields):
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(reason="end_turn", usage=None, **beside):
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": usage or {"output_tokens": 9}, **beside}


def stop(index):
    return {"type": "content_block_stop", "index": index}


WHOLE = [
    START,
    block(0, type="thinking", thinking="", signature=""),
    PING,
    delta(0, "thinking_delta", thinking="hm"),
    delta(0, "signature_delta", signature="s"),
    stop(0),
    block(1, type="text", text=""),
    delta(1, "text_delta", text=""),
    delta(1, "text_delta", text="I "),
    delta(1, "text_delta", text="look."),
    stop(1),
    block(2, type="tool_use", id="toolu_1", name="weather", input={}),
    delta(2, "input_json_delta", partial_json='{"city":'),
    delta(2, "input_json_delta", partial_json='"Paris"}'),
    stop(2),
    end("tool_use", {"output_tokens": 9, "input_tokens": 6}),
    STOP,
]


def read(*chunks, done=False):
    return MessageStream().read(events(*chunks, done=done))


def test_a_stream_is_the_message_that_it_tells_of():
    answer = read(*WHOLE)
    (message,) = answer.messages
    assert (answer.model, answer.response_id, answer.finished, answer.lossy) == ("m-1", "msg_1", True, False)
    assert (message.role, message.text, message.reasoning) == ("assistant", "I look.", "hm")
    assert message.finish_reason == "tool_use"
    assert message.content == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}},
    ]
    assert message.tool_calls[0].arguments == '{"city":"Paris"}'
    assert (answer.first_content, answer.first_tool, answer.extra) == (9, 12, {})


def test_later_counts_overwrite_earlier_ones():
    usage = read(*WHOLE).usage
    assert (usage.input, usage.cached, usage.output) == (16, 10, 9) and usage.raw["service_tier"] == "standard"


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_stream_that_breaks_off_gives_what_came(length):
    answer = read(*WHOLE[:length])
    assert answer.finished == (length >= 16) and not answer.lossy
    assert len(answer.messages) == (1 if length else 0)
    if answer.messages:
        text = "".join(chunk["delta"].get("text", "") for chunk in WHOLE[:length] if "delta" in chunk)
        assert answer.messages[0].text == text
        assert (answer.usage.source_of("input"), answer.usage.sources != {}) == (UsageSource.REPORTED, length < 16)


def test_arguments_that_broke_off_are_as_far_as_they_came():
    (message,) = read(*WHOLE[:13]).messages
    assert message.tool_calls[0].arguments == '{"city":' and message.content[2]["partial_json"] == '{"city":'


def test_blocks_may_grow_in_turns_and_stand_by_their_index():
    answer = read(
        START,
        block(1, type="text", text="b"),
        block(0, type="text", text="a"),
        delta(1, "text_delta", text="B"),
        delta(0, "text_delta", text="A"),
        end(),
        STOP,
    )
    assert answer.messages[0].text == "aA\nbB" and answer.first_content == 2


def test_two_blocks_of_one_index_are_two_blocks():
    answer = read(
        START, block(0, type="text", text="a"), block(0, type="text", text="b"), delta(0, "text_delta", text="c")
    )
    assert answer.messages[0].text == "a\nbc"


def test_deltas_without_an_index_belong_to_the_last_block():
    loose = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "!"}}
    assert read(START, block(None, type="text", text="a"), loose).messages[0].text == "a!"
    assert read(START, loose, loose).messages[0].text == "!!"


def test_deltas_without_a_start_imply_one():
    answer = read(START, delta(3, "text_delta", text="a"), delta(3, "text_delta", text="b"))
    assert answer.messages[0].content == [{"type": "text", "text": "ab"}] and not answer.lossy


def test_a_message_may_start_with_content():
    answer = read({"type": "message_start", "message": {"content": [{"type": "text", "text": "a"}], "usage": 5}})
    assert answer.messages[0].text == "a" and answer.usage.raw == {}


def test_a_stream_may_begin_without_a_message():
    answer = read(block(0, type="text", text="a"), end(), STOP)
    assert answer.messages[0].text == "a" and answer.model is None and answer.finished


def test_a_message_that_was_given_up_is_kept():
    second = {"type": "message_start", "message": {"id": "msg_2", "model": "m-2"}}
    answer = read(START, block(0, type="text", text="x"), second, block(0, type="text", text="y"), end(), STOP)
    assert (answer.response_id, answer.messages[0].text, answer.usage.input) == ("msg_2", "y", None)
    (earlier,) = answer.extra["earlier"]
    assert earlier["id"] == "msg_1" and earlier["content"] == [{"type": "text", "text": "x"}]
    assert earlier["usage"]["input_tokens"] == 5 and not answer.lossy


def test_a_fallback_names_the_model_that_answers():
    fallback = {"type": "fallback", "from": {"model": "m-1"}, "to": {"model": "m-2"}}
    answer = read(START, block(0, **fallback), end(), STOP)
    assert answer.model == "m-2" and answer.messages[0].content == [fallback]
    assert read(START, block(0, type="fallback", to="m-3")).model == "m-1"
    assert read(START, block(0, type="fallback", to={"model": None})).model == "m-1"


def test_an_error_ends_a_stream_that_began_well():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    answer = read(*WHOLE[:9], error)
    assert answer.error == CallError("Overloaded", "overloaded_error") and not answer.finished and not answer.lossy
    assert answer.messages[0].text == "I " and answer.extra["request_id"] == "req_1"


def test_a_stream_may_be_an_error_only():
    assert read({"error": "down"}).error == CallError("down") and read({"error": "down"}).messages == ()
    assert read("upstream timed out").error == CallError("upstream timed out")
    first = read({"type": "error", "message": "a"}, "b")
    assert first.error is not None and first.error.message == "a" and not first.lossy


def test_the_event_names_what_its_data_does_not():
    message = json.dumps({"message": START["message"]})
    answer = MessageStream().read(
        [StreamEvent("message_start", message, "", 1), StreamEvent("error", '{"message":"x"}', "", 2)]
    )
    assert answer.response_id == "msg_1" and answer.error == CallError("x")


def test_fields_beside_the_known_ones_are_of_the_message():
    answer = read(
        START,
        end(context_management={"applied_edits": []}, input_transformations=None),
        STOP | {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 5}},
    )
    assert answer.extra == {
        "context_management": {"applied_edits": []},
        "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5},
    }


def test_unknown_events_are_kept():
    new, odd = {"type": "new_event", "x": 1}, {"type": ["odd"]}
    answer = read(START, new, odd, end(), STOP)
    assert answer.extra == {"events": [new, odd]} and not answer.lossy
    assert read(new).lossy


def test_a_stream_may_end_as_those_of_openai_do():
    answer = read(START, block(0, type="text", text="a"), done=True)
    assert answer.finished and answer.messages[0].text == "a"


@pytest.mark.parametrize(
    "chunk",
    [
        '{"type": "content_block_delta", "in',
        "5",
        {"type": "message_start", "message": 5},
        {"type": "content_block_start", "index": 0, "content_block": "x"},
        {"type": "content_block_delta", "index": 0, "delta": "x"},
        delta(0, "new_delta", x=1),
    ],
)
def test_what_cannot_be_placed_is_told(chunk):
    answer = read(START, block(0, type="text", text="a"), chunk, end(), STOP)
    assert answer.lossy and answer.messages[0].text == "a" and answer.finished


def test_an_end_of_a_wrong_shape_surprises_nobody():
    answer = read(START, "", {"type": "message_delta", "delta": 5, "usage": "x"}, STOP)
    assert answer.finished and answer.messages[0].finish_reason is None


def test_a_stream_of_many_events_is_read_quickly():
    many = [delta(0, "text_delta", text="word "), delta(1, "input_json_delta", partial_json="1")] * 50_000
    stream = events(START, block(0, type="text", text=""), block(1, type="tool_use", input={}), *many, end(), STOP)
    began = time.process_time()
    answer = MessageStream().read(stream)
    assert len(answer.messages[0].text) == 250_000 and time.process_time() - began < 3


_EVENT = b'event: content_block_delta\ndata: {"type":"content_block_delta",%b~}'
_DELTAS = (
    b'"type":"text_delta","text":"<>"',
    b'"type":"thinking_delta","thinking":"<>"',
    b'"type":"input_json_delta","partial_json":"<>"',
    b'"type":"thinking_delta","thinking":"<>","estimated_tokens":#',
    b'"type":"signature_delta","signature":"<>"',
    b'"type":"citations_delta","citation":{"text":"<>"}',
    b'"type":"text_delta","text":#',
    b'"type":"text_delta","thinking":"<>"',
    b'"text":"<>"',
)
_TEXT = b'"delta":{"type":"text_delta","text":"<>"}'
_OTHERS = (
    b'ping\ndata: {"type": "ping"}',
    b'content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
    b'content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t"}}',
    b'message_start\ndata: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":#}}}',
    b'message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":#}}',
    b'message_stop\ndata: {"type":"message_stop"}',
    b'error\ndata: {"type":"content_block_delta","index":0,%b~}' % _TEXT,
    b'content_block_delta\ndata: {"index":0,%b~}' % _TEXT,
    b'x\ndata: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "<>"}}',
)
ALIKES = (
    *(_EVENT % (b'"index":0,"delta":{%b}' % delta) for delta in _DELTAS),
    *(_EVENT % (index + _TEXT) for index in (b'"index":1,', b'"index":#,', b'"index":"0",', b'"index":true,', b"")),
    *(_EVENT % (b'"index":0,' + _TEXT + beside) for beside in (b',"x":"<>"', b',"text":"<>"', b',"index":1')),
    *(b"event: " + other for other in _OTHERS),
    *(b'data: {"type":"content_block_delta","index":0,%b}' % _TEXT, b": c", b"data: [DONE]"),
)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(lambda told: MessageStream().read(told), ALIKE, ALIKES)
)
