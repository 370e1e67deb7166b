import pytest
from pandaprobe_proxy.dialects.anthropic_blocks import (
    make_message,
    read_message,
    read_system,
    read_thinking,
    write_arguments,
)
from pandaprobe_proxy.model.call import Message, ToolCall

USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Zürich"}}


def test_the_system_prompt_is_a_message_if_there_is_one():
    blocks = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert read_system("Be brief.") == (Message("system", "Be brief."),)
    assert read_system(blocks) == (Message("system", blocks),)
    assert read_system(None) == read_system("") == read_system([]) == ()


def test_a_text_is_a_message():
    assert read_message({"role": "user", "content": "hi"}) == (Message("user", "hi"),)


def test_tool_uses_are_tool_calls_and_stay_where_they_stood():
    content = [{"type": "text", "text": "I look."}, USE, {"type": "text", "text": "Wait."}]
    (message,) = read_message({"role": "assistant", "content": content})
    assert message.tool_calls == (ToolCall("toolu_1", "weather", '{"city": "Zürich"}'),)
    assert message.content == content and message.text == "I look.\nWait."


def test_tools_that_the_provider_runs_are_told_apart():
    content = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}, "caller": None},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "mcp_tool_use", "id": "m", "name": "echo", "server_name": "e", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m", "content": []},
    ]
    message = make_message("assistant", content)
    assert message.tool_calls == (
        ToolCall("s", "web_search", '{"query": "q"}', "server_tool_use"),
        ToolCall("m", "echo", "{}", "mcp_tool_use", {"server_name": "e"}),
    )


def test_results_of_tools_are_messages_before_the_rest_in_their_order():
    content = [
        {"type": "text", "text": "Here."},
        {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "12"}], "is_error": False},
        {"type": "tool_result", "tool_use_id": "a", "content": "rain", "cache_control": None},
    ]
    assert read_message({"role": "user", "content": content}) == (
        Message("tool", [{"type": "text", "text": "12"}], tool_call_id="b", extra={"is_error": False}),
        Message("tool", "rain", tool_call_id="a"),
        Message("user", [{"type": "text", "text": "Here."}]),
    )


def test_results_alone_leave_no_message_behind():
    content = [{"type": "tool_result", "tool_use_id": "a"}]
    assert read_message({"role": "user", "content": content}) == (Message("tool", tool_call_id="a"),)
    assert read_message({"role": "user", "content": []}) == (Message("user", []),)


def test_thinking_is_reasoning_and_no_text():
    content = [
        {"type": "thinking", "thinking": "First.", "signature": "x"},
        {"type": "redacted_thinking", "data": "abc"},
        {"type": "thinking", "thinking": "", "signature": "y"},
        {"type": "text", "text": "Yes."},
        {"type": "thinking", "thinking": "Then."},
    ]
    message = make_message("assistant", content, "end_turn")
    assert (message.reasoning, message.text, message.finish_reason) == ("First.\n\nThen.", "Yes.", "end_turn")
    assert read_thinking("text") == "" and make_message("assistant", "text").reasoning is None


def test_arguments_are_as_the_model_wrote_them():
    assert make_message("assistant", [USE], written={0: '{"city":'}).tool_calls[0].arguments == '{"city":'
    assert make_message("assistant", [USE], written={0: ""}).tool_calls[0].arguments == '{"city": "Zürich"}'


@pytest.mark.parametrize(("value", "text"), [(None, "{}"), ({}, "{}"), ("raw", "raw"), ([1], "[1]")])
def test_arguments_are_a_text(value, text):
    assert write_arguments(value) == text


def test_fields_without_a_name_are_kept():
    assert read_message({"role": "user", "content": "hi", "name": None, "per_turn": {"a": 1}}) == (
        Message("user", "hi", extra={"per_turn": {"a": 1}}),
    )


def test_what_is_no_message_is_kept():
    assert read_message("hi") == (Message("", "hi"),)
    assert read_message({"role": 5, "content": [None, {"type": []}]}) == (
        Message("", [None, {"type": []}], extra={"role": 5}),
    )
    use = {"type": "tool_use", "id": 5, "name": None}
    assert make_message("assistant", [use]).tool_calls == (ToolCall("", "", "{}"),)
    result = {"type": "tool_result", "tool_use_id": 5, "content": 6}
    assert read_message({"content": [result]}) == (Message("tool", 6, extra={"tool_use_id": 5}),)
