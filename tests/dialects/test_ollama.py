import json

import pytest
import recorded
from cuts import check_bytes, check_cuts
from dialects.samples.ollama import BODY, CALL, LINES, NDJSON, SAMPLES
from exchanges import events, make_exchange
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.ollama import DIALECT, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, UsageSource


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate", "/ollama/api/chat/", "api/chat"])
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ()) and not matches("GET", path, ())


@pytest.mark.parametrize("path", ["/api/v1/chat", "/api/chat/completions", "/v1/chat", "/xapi/chat", "/api/chats"])
def test_other_paths_are_not(path):
    assert not matches("POST", path, ())


def test_a_request_is_its_messages_tools_and_parameters():
    read = asked(
        {
            "model": "m",
            "messages": [
                {"role": "user", "content": "see", "images": ["AA=="]},
                {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [CALL]},
                {"role": "tool", "content": "rain", "tool_name": "weather"},
                {"role": "tool", "content": "sun", "tool_name": "weather", "tool_call_id": "c2"},
            ],
            "tools": [{"type": "function"}],
            "options": {"seed": 1},
        },
        "/api/chat",
    )
    assert read.messages == (
        Message("user", [{"type": "text", "text": "see"}, {"type": "image", "image": "AA=="}]),
        Message("assistant", "", tool_calls=(ToolCall("c1", "weather", '{"city": "Oslo"}'),), reasoning="hm"),
        Message("tool", "rain", name="weather", tool_call_id="weather"),
        Message("tool", "sun", name="weather", tool_call_id="c2"),
    )
    assert (read.model, read.tools, read.parameters) == ("m", ({"type": "function"},), {"options": {"seed": 1}})


@pytest.mark.parametrize(("given", "stream"), [({}, True), ({"stream": True}, True), ({"stream": False}, False)])
def test_it_streams_unless_it_is_told_not_to(given, stream):
    assert asked(given, "/api/chat").stream is stream


def test_a_prompt_is_a_message_and_so_is_its_system():
    read = asked({"prompt": "p", "system": "s", "images": ["AA=="], "raw": True}, "/api/generate")
    assert read.messages == (
        Message("system", "s"),
        Message("user", [{"type": "text", "text": "p"}, {"type": "image", "image": "AA=="}]),
    )
    assert (read.operation, read.parameters) == ("text_completion", {"raw": True})
    assert asked({"model": "m"}, "/api/generate").messages == ()
    assert asked({"images": ["x"]}, "/api/generate").messages[0].content == [{"type": "image", "image": "x"}]


def test_odd_messages_are_kept():
    assert asked({"messages": ["x", {"role": "user", "images": "y"}]}, "/api/chat").messages == (
        Message("", "x"),
        Message("user", extra={"images": "y"}),
    )


def test_an_answer_and_its_stream_say_the_same():
    whole, stream = (decode(exchange) for _, exchange in SAMPLES[:2])
    assert whole.output == stream.output and whole.usage == stream.usage
    (message,) = whole.output
    assert (message.text, message.reasoning, message.finish_reason) == ("I look it up.", "The user asks.", "stop")
    assert message.tool_calls == (ToolCall("c1", "weather", '{"city": "Oslo"}'),)
    assert (whole.streamed, stream.streamed, whole.extra) == (False, True, stream.extra)
    assert (stream.usage.input, stream.usage.output, stream.partial, stream.lossy) == (21, 9, False, False)


def test_a_generated_text_is_an_answer():
    call = decode(SAMPLES[2][1])
    assert (call.operation, call.output[0].text, call.extra["context"]) == ("text_completion", "Paris", [1, 2])
    assert [message.role for message in call.input] == ["system", "user"]


def test_a_stream_may_be_cut_anywhere():
    check_cuts(streamed, events(*LINES, done=False))
    check_bytes(BODY, "/api/chat", NDJSON)


def test_an_error_in_a_line_is_the_error_of_the_call():
    body = BODY.splitlines(keepends=True)[2] + b'{"error":"an error was encountered"}\n'
    call = decode(make_exchange(b"{}", body, path="/api/chat", headers=NDJSON))
    assert call.error == CallError("an error was encountered")
    assert (call.output[0].text, call.partial) == ("I look ", True)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=6), st.lists(st.dictionaries(st.text(), st.integers())))
def test_any_stream_gives_what_was_put_in(texts, calls):
    lines = [{"message": {"content": content, "thinking": thinking}} for content, thinking in texts]
    lines += [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": call}}]}} for call in calls]
    answer = check_cuts(streamed, events(*lines, {"message": {}, "done": True}, done=False))
    (message,) = answer.messages
    assert message.text == "".join(content for content, _ in texts)
    assert (message.reasoning or "") == "".join(thinking for _, thinking in texts)
    assert [json.loads(call.arguments) for call in message.tool_calls] == calls
    assert answer.finished and not answer.lossy


@pytest.mark.parametrize("name", recorded.names("_ollama_api."))
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.partial) == (DIALECT.name, False, False)
    assert call.input and call.requested_model
    if call.error is None:
        assert call.output[0].finish_reason == "stop" and call.usage.source is UsageSource.REPORTED
