import pytest
from pandaprobe_proxy.dialects.bedrock_blocks import make_message, read_answer, read_message, read_request
from pandaprobe_proxy.model.call import Message, ToolCall, UsageSource

USE = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Paris"}}}
CALL = ToolCall("t1", "weather", '{"city": "Paris"}')


def test_a_request_is_its_system_prompt_messages_tools_and_parameters():
    spec = {"toolSpec": {"name": "weather"}}
    body = {
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "toolConfig": {"tools": [spec], "toolChoice": {"any": {}}},
        "inferenceConfig": {"maxTokens": 5},
    }
    read = read_request(body, "m", stream=True)
    assert (read.model, read.stream, read.tools) == ("m", True, (spec,))
    assert [(message.role, message.text) for message in read.messages] == [("system", "Be brief."), ("user", "hi")]
    assert read.parameters == {"inferenceConfig": {"maxTokens": 5}, "toolConfig": {"toolChoice": {"any": {}}}}


def test_a_request_may_have_little():
    read = read_request({"toolConfig": {"tools": [USE]}}, None, stream=False)
    assert (read.messages, read.parameters) == ((), {})


def test_results_of_tools_are_messages_before_the_rest_in_their_order():
    content = [
        {"toolResult": {"toolUseId": "b", "content": [{"text": "12"}], "status": "success"}},
        {"text": "Here."},
        {"toolResult": {"toolUseId": "a", "content": [{"json": {"rain": True}}], "status": None}},
    ]
    tools = (
        Message("tool", [{"text": "12"}], tool_call_id="b", extra={"status": "success"}),
        Message("tool", [{"json": {"rain": True}}], tool_call_id="a"),
    )
    assert read_message({"role": "user", "content": content}) == (*tools, Message("user", [{"text": "Here."}]))
    assert read_message({"role": "user", "content": content[:1]}) == tools[:1]


def test_results_of_the_provider_stay_where_they_stand():
    use = {"toolUse": {"toolUseId": "s", "name": "code", "input": {}, "type": "server_tool_use"}}
    content = [use, {"toolResult": {"toolUseId": "s", "content": [], "type": "code_result"}}, USE]
    (message,) = read_message({"role": "assistant", "content": content})
    assert message.content == content
    assert message.tool_calls == (ToolCall("s", "code", "{}", "server_tool_use"), CALL)


def test_arguments_are_as_the_model_wrote_them():
    assert make_message("assistant", [USE], written={0: '{"city":'}).tool_calls[0].arguments == '{"city":'


def test_reasoning_is_no_text():
    content = [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "abc"}},
        {"text": "Yes."},
    ]
    message = make_message("assistant", content, "end_turn")
    assert (message.reasoning, message.text, message.finish_reason) == ("hm", "Yes.", "end_turn")


def test_a_text_with_citations_is_a_text():
    cited = {"citationsContent": {"content": [{"text": "Par"}, {"text": "is."}, {"x": 1}, 5], "citations": []}}
    message = make_message("assistant", [cited])
    assert message.text == "Paris." and message.content == [{"text": "Paris."} | cited]
    assert make_message("assistant", message.content) == message
    for odd in ({"citationsContent": {"content": "x"}}, {"citationsContent": {"content": []}}):
        assert make_message("assistant", [odd]).content == [odd]


def test_an_answer_is_one_message():
    read = read_answer(
        {
            "output": {"message": {"role": "assistant", "content": [USE]}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
            "metrics": {"latencyMs": 9},
        }
    )
    assert read.messages == (Message("assistant", [USE], tool_calls=(CALL,), finish_reason="tool_use"),)
    assert (read.usage.input, read.usage.source, read.extra) == (3, UsageSource.REPORTED, {"metrics": {"latencyMs": 9}})
    assert read_answer({"output": {"message": {"role": 5, "content": []}}}).messages[0].role == "assistant"


@pytest.mark.parametrize("body", [{}, {"output": "x"}, {"output": {"message": {"content": "x"}}}])
def test_an_answer_of_a_wrong_shape_is_told_and_kept(body):
    assert read_answer(body).lossy and read_answer(body).extra == body


def test_what_is_no_message_is_kept():
    assert read_message("hi") == (Message("", "hi"),)
    assert read_message({"role": 5, "content": "x"}) == (Message("", "x", extra={"role": 5}),)
    assert make_message("user", [None, {"toolUse": 5}]).tool_calls == ()
