from time import process_time

import pytest
from alike import claims
from cuts import check_bytes, check_cuts
from dialects.samples.lmstudio_chat import BODY, EVENTS, PATH, SAMPLES, WHOLE
from exchanges import JSON, SSE, events, make_exchange
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.lmstudio_chat import ALIKE, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/api/v1/chat", ()) and matches("POST", "/lm/api/v1/chat/", ())
    assert not matches("GET", "/api/v1/chat", ()) and not matches("POST", "/v1/chat", ())


def test_a_request_is_its_input_and_parameters():
    image = {"type": "image", "data_url": "data:image/png;base64,AA=="}
    read = asked({"model": "m", "input": [{"type": "text", "content": "a", "x": 1}, image, "b"], "store": True}, PATH)
    assert read.messages == (Message("user", [{"type": "text", "text": "a", "x": 1}, image, "b"]),)
    assert (read.previous_id, read.parameters, asked({}, PATH).messages) == (None, {"store": True}, ())


def test_an_answer_and_its_stream_say_the_same():
    whole, stream = (decode(exchange) for _, exchange in SAMPLES)
    assert whole.output == stream.output
    (message,) = whole.output
    assert (message.text, message.reasoning, message.content[1]["output"]) == ("It rains.", "The user asks.", "rain")
    for call in (whole, stream):
        assert (call.response_id, call.model, call.previous_id) == ("resp_1", "qwen3", "resp_0")
        assert (call.usage.input, call.usage.output, call.usage.reasoning) == (21, 9, 5)
        assert (call.partial, call.lossy, call.extra, call.tools) == (False, False, {}, ("mcp/weather",))
    assert [message.role for message in whole.input] == ["system", "user"]
    assert stream.marks.first_content is not None and stream.marks.first_tool is not None


def test_a_stream_that_breaks_off_is_what_came():
    check_cuts(streamed, events(*EVENTS))
    check_bytes(BODY, PATH, SSE)
    cut = streamed(events(*EVENTS[:-1]))
    assert cut.messages == answered(WHOLE).messages and not cut.finished


def test_an_error_keeps_what_was_said():
    error = {"type": "error", "error": {"type": "internal_error", "message": "m"}}
    answer = streamed(events(*EVENTS[:-2], error, EVENTS[-1]))
    assert (answer.error, answer.finished) == (CallError("m", "internal_error"), True)
    assert answered({"error": "m"}).error == CallError("m")


def test_unknown_events_and_odd_orders_are_kept():
    odd = {"type": "weather.report"}
    call = {"type": "tool_call.result", "tool": "f"}
    answer = streamed(events(odd, call, {"type": "message.delta"}))
    assert answer.extra == {"events": [odd]} and not answer.lossy
    assert answer.messages[0].content == [{"type": "tool_call", "tool": "f"}, {"type": "text", "text": ""}]


@pytest.mark.parametrize("odd", ["{bad", {"type": "message.delta", "content": 5}, {"type": "chat.end"}])
def test_what_cannot_be_placed_is_told(odd):
    assert streamed(events(odd, EVENTS[-1])).lossy


@pytest.mark.parametrize("body", [{}, {"output": "x"}, {"output": ["x"]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_answer_may_say_nothing_of_tokens():
    assert answered({"output": [], "stats": {"tokens_per_second": 1}}).usage.raw == {"tokens_per_second": 1}


@given(st.lists(st.tuples(st.sampled_from(["message", "reasoning"]), st.text(min_size=1)), max_size=6))
def test_any_stream_gives_what_was_put_in(pieces):
    answer = check_cuts(streamed, events(*[{"type": f"{kind}.delta", "content": text} for kind, text in pieces]))
    said = answer.messages[0] if answer.messages else Message("assistant")
    assert said.text.replace("\n", "") == "".join(t for k, t in pieces if k == "message").replace("\n", "")
    assert (said.reasoning or "") == "".join(text for kind, text in pieces if kind == "reasoning")


def test_a_stream_of_a_hundred_thousand_events_is_read_in_one_pass():
    began = process_time()
    answer = streamed(events(*[{"type": "message.delta", "content": "word "}] * 100_000))
    assert len(answer.messages[0].text) == 500_000 and process_time() - began < 5


def test_what_it_serves_under_api_v0_is_openais():
    body = b'{"id": "c", "choices": [{"index": 0, "message": {"content": "a"}}], "stats": {"tokens_per_second": 5}}'
    call = decode(make_exchange(b"{}", body, path="/api/v0/chat/completions", headers=JSON))
    assert (call.dialect, call.output[0].text, call.lossy) == ("openai_chat", "a", False)
    assert call.extra == {"stats": {"tokens_per_second": 5}}


_DELTAS = (
    b'"type":"message.delta","content":"<>"',
    b'"type":"reasoning.delta","content":"<>"',
    b'"type":"message.delta","content":""',
    b'"type":"message.delta","content":#',
    b'"type":"message.delta","content":null',
    b'"type":["message.delta"],"content":"<>"',
    b'"type":"message.delta","content":"<>","model_instance_id":"<>"',
    b'"type":"message.start"',
    b'"type":"tool_call.arguments","arguments":{"a":"<>"}',
    b'"type":"chat.end","result":{"output":[{"type":"message","content":"<>"}]}',
    b'"content":"<>"',
)
ALIKES = tuple(b"event: message.delta\ndata: {%b}" % told for told in _DELTAS)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(streamed, ALIKE, ALIKES, long=2)
)
