import pytest
import recorded
from cuts import check_bytes, check_cuts
from dialects.samples.cohere_chat_v1 import BODY, LINES, LINES_TYPE, SAMPLES, WHOLE, line
from exchanges import delta, events
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.cohere_chat_v1 import answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import CallError, Message, ToolCall


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/v1/chat", ()) and matches("POST", "/co/v1/chat/", ()) and matches("POST", "v1/chat", ())
    assert not matches("GET", "/v1/chat", ())
    assert not matches("POST", "/api/v1/chat", ()) and not matches("POST", "/v1/chat/completions", ())


def test_a_request_is_its_history_and_what_is_said_now():
    call = {"name": "weather", "parameters": {"city": "Oslo"}, "id": None}
    read = asked(
        {
            "model": "m",
            "preamble": "p",
            "chat_history": [
                {"role": "USER", "message": "u"},
                {"role": "CHATBOT", "message": "", "tool_calls": [call, "odd"]},
                {"role": "TOOL", "tool_results": [{"call": call, "outputs": [{"t": "1°"}]}, "odd"]},
                {"role": "SYSTEM", "message": "s", "extra": 1},
                "odd",
            ],
            "message": "now",
            "conversation_id": "v1",
            "tools": [{"name": "weather"}],
            "stream": True,
            "temperature": 0,
        },
        "/v1/chat",
    )
    assert read.messages == (
        Message("system", "p"),
        Message("user", "u"),
        Message("assistant", "", tool_calls=(ToolCall("", "weather", '{"city": "Oslo"}'),)),
        Message("tool", '[{"t": "1°"}]', name="weather", tool_call_id="weather", extra={"call": call}),
        Message("tool", '"odd"'),
        Message("system", "s", extra={"extra": 1}),
        Message("user", "odd"),
        Message("user", "now"),
    )
    assert (read.conversation_id, read.stream, read.tools) == ("v1", True, ({"name": "weather"},))
    assert read.parameters == {"stream": True, "temperature": 0}


def test_results_of_tools_may_be_what_is_said_now():
    results = [{"call": {"name": "f"}, "outputs": []}]
    assert [message.role for message in asked({"message": "", "tool_results": results}, "/v1/chat").messages] == [
        "tool"
    ]
    assert asked({}, "/v1/chat").messages == ()


def test_an_answer_and_its_stream_say_the_same():
    whole, stream = (decode(exchange) for _, exchange in SAMPLES)
    assert (
        whole.output
        == stream.output
        == (
            Message(
                "assistant",
                "I look it up.",
                tool_calls=(ToolCall("", "weather", '{"city": "Oslo"}'),),
                finish_reason="COMPLETE",
                extra={"citations": [{"start": 0, "end": 1}]},
            ),
        )
    )
    for call in (whole, stream):
        assert (call.conversation_id, call.response_id, call.usage.input, call.usage.output) == ("v1", "r1", 205, 12)
        assert (call.partial, call.lossy, call.extra) == (False, False, {"generation_id": "g1"})
    assert stream.streamed and stream.marks.first_content is not None and stream.marks.first_tool is not None


def test_a_stream_may_be_cut_anywhere():
    check_cuts(streamed, events(*LINES, done=False))
    check_bytes(BODY, "/v1/chat", LINES_TYPE)


def test_a_stream_that_breaks_off_is_what_came():
    cut = streamed(events(*LINES[:6], done=False))
    assert cut.messages[0].tool_calls == (ToolCall("", "weather", '{"city": '),)
    assert (cut.messages[0].text, cut.response_id, cut.finished) == ("I look it up.", "g1", False)
    assert not streamed([]).finished
    assert streamed(
        events(
            line("citation-generation", citations=[1]),
            line("citation-generation", citations=[2]),
            line("text-generation", text="a"),
        )
    ).messages[0].extra == {"citations": [1, 2]}


def test_an_end_without_a_response_has_what_came():
    answer = streamed(events(line("text-generation", text="a"), line("stream-end", finish_reason="MAX_TOKENS")))
    assert (answer.messages[0].text, answer.messages[0].finish_reason, answer.finished) == ("a", "MAX_TOKENS", True)


def test_an_error_keeps_what_was_said():
    answer = streamed(events(line("text-generation", text="a"), {"message": "busy"}))
    assert (answer.error, answer.messages[0].text, answer.finished) == (CallError("busy"), "a", False)
    assert answered({"error": "busy"}).error == CallError("busy")


@pytest.mark.parametrize("odd", ["{bad", line("tool-calls-chunk", tool_call_delta="x")])
def test_what_cannot_be_placed_is_told(odd):
    assert streamed(events(odd, LINES[-1])).lossy
    assert answered({}).lossy and answered({"text": "a", "tool_calls": ["odd"]}).lossy


def test_a_piece_of_a_plan_is_left_to_the_whole_of_it():
    answer = streamed(
        events(
            line("tool-calls-chunk", text="I will"), line("tool-calls-generation", text="I will look", tool_calls=[])
        )
    )
    assert answer.messages[0].text == "I will look" and not answer.lossy


def test_openais_chat_is_told_by_its_bodies():
    messages = asked({"messages": [{"role": "user", "content": "u"}]}, "/v1/chat").messages
    assert messages == (Message("user", "u"),)
    chunk = delta(content="a", finish_reason="stop")
    assert streamed(events(chunk)).messages[0].content == "a"
    assert answered({"choices": [{"message": {"content": "a"}}]}).messages[0].content == "a"


@given(st.lists(st.text(min_size=1)), st.lists(st.lists(st.text(min_size=1), min_size=1), max_size=3))
def test_any_stream_gives_what_was_put_in(texts, calls):
    lines = [line("text-generation", text=text) for text in texts]
    for index, parts in enumerate(calls):
        lines.append(line("tool-calls-chunk", tool_call_delta={"index": index, "name": "f"}))
        lines += [line("tool-calls-chunk", tool_call_delta={"index": index, "parameters": part}) for part in parts]
    answer = streamed(events(*lines, line("stream-end", finish_reason="COMPLETE"), done=False))
    if not texts and not calls:
        assert answer.messages == () and answer.finished
        return
    (message,) = answer.messages
    assert (message.text, message.finish_reason) == ("".join(texts), "COMPLETE")
    assert [call.arguments for call in message.tool_calls] == ["".join(parts) for parts in calls]


@pytest.mark.parametrize("name", [*recorded.names("cohere_v1.chat"), *recorded.names("writer_v1.chat")])
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert call.input and call.requested_model and not call.lossy and not call.partial
    assert call.error is not None if "404" in name else call.output[0].finish_reason


def test_a_whole_answer_has_what_its_stream_had():
    assert streamed(events(*LINES, done=False)).messages == answered(WHOLE).messages
