import pytest
from pandaprobe_proxy.dialects.anthropic_bodies import read_answer, read_request
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, Usage, UsageSource

ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-m-2025",
    "content": [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": None,
    "container": {"id": "c"},
    "usage": {"input_tokens": 3, "cache_read_input_tokens": 10, "output_tokens": 4},
}


def test_a_request_is_its_system_prompt_messages_tools_and_parameters():
    body = {
        "model": "claude-m",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}, {"role": "user", "content": [{"type": "tool_result"}]}],
        "tools": [{"name": "weather"}],
        "stream": True,
        "max_tokens": 5,
    }
    read = read_request(body)
    assert (read.model, read.stream, read.previous_id) == ("claude-m", True, None)
    assert [message.role for message in read.messages] == ["system", "user", "tool"]
    assert read.tools == ({"name": "weather"},)
    assert read.parameters == {"stream": True, "max_tokens": 5}


def test_the_path_may_say_the_model_and_the_stream():
    read = read_request({"anthropic_version": "bedrock-2023-05-31"}, "m", stream=True)
    assert (read.model, read.stream) == ("m", True)
    assert not read_request({"stream": True}, "m", stream=False).stream


@pytest.mark.parametrize(
    ("thread", "previous"),
    [
        ({"type": "continue", "previous_message_id": "msg_1"}, "msg_1"),
        ({"type": "create"}, None),
        ({"previous_message_id": 5}, None),
        ("msg_1", None),
    ],
)
def test_a_thread_that_the_provider_holds_goes_on_from_an_answer(thread, previous):
    read = read_request({"thread": thread})
    assert read.previous_id == previous and read.parameters == {"thread": thread}


def test_diagnostics_name_an_answer_whose_history_comes_along():
    body = {"diagnostics": {"previous_message_id": "msg_1"}}
    assert read_request(body).previous_id is None and read_request(body).parameters == body


def test_an_answer_is_one_message():
    read = read_answer(ANSWER)
    assert (read.model, read.response_id, read.extra) == ("claude-m-2025", "msg_1", {"container": {"id": "c"}})
    assert read.messages == (
        Message(
            "assistant",
            ANSWER["content"],
            tool_calls=(ToolCall("toolu_1", "weather", '{"city": "Paris"}'),),
            finish_reason="tool_use",
        ),
    )
    assert read.usage == Usage(13, 4, 10, source=UsageSource.REPORTED, raw=ANSWER["usage"])
    assert read.finished and not read.lossy and read.error is None


def test_what_tells_of_the_end_stays_with_the_message():
    read = read_answer(ANSWER | {"stop_reason": "stop_sequence", "stop_sequence": "|", "stop_details": {"type": "t"}})
    assert read.messages[0].extra == {"stop_sequence": "|", "stop_details": {"type": "t"}}


def test_the_usage_of_an_answer_that_broke_off_says_so():
    read = read_answer(ANSWER, whole=False, written={1: '{"city":'})
    assert read.usage.sources and read.messages[0].tool_calls[0].arguments == '{"city":'


def test_an_error_in_a_successful_answer_is_an_error():
    error = {"type": "overloaded_error", "message": "Overloaded"}
    read = read_answer({"type": "error", "error": error, "request_id": "req_1"})
    assert read.error == CallError("Overloaded", "overloaded_error") and not read.lossy
    assert read.extra == {"error": error, "request_id": "req_1"}
    beside = read_answer(ANSWER | {"error": error})
    assert beside.error is not None and beside.messages


@pytest.mark.parametrize("body", [{"input_tokens": 5}, {"context_management": {"original_input_tokens": 7}}])
def test_a_count_of_tokens_is_no_usage(body):
    read = read_answer(body)
    assert read.usage == Usage() and read.extra == body and not read.lossy


@pytest.mark.parametrize("body", [{}, {"type": "message", "content": "text"}, {"content": 5}])
def test_an_answer_of_a_wrong_shape_is_told_and_kept(body):
    assert read_answer(body).lossy and read_answer(body).extra == body


def test_values_of_a_wrong_type_are_kept():
    read = read_answer({"content": [None, 5], "model": 5, "usage": "none", "role": 1, "stop_reason": ["x"]})
    assert read.extra == {"model": 5, "usage": "none", "role": 1, "stop_reason": ["x"]}
    assert read.messages[0].content == [None, 5] and read.usage == Usage()
