import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.openai_messages import (
    read_choice,
    read_details,
    read_message,
    read_thinking,
    read_tool_call,
)
from pandaprobe_proxy.model.call import Message, ToolCall


def test_a_message_is_read_whole():
    value = {
        "role": "assistant",
        "content": "hi",
        "name": "ada",
        "refusal": "no",
        "reasoning_content": "hm",
        "tool_calls": [{"id": "a", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}"}}],
        "annotations": [],
        "audio": None,
    }
    assert read_message(value) == Message(
        "assistant",
        "hi",
        name="ada",
        tool_calls=(ToolCall("a", "f", "{}"),),
        refusal="no",
        reasoning="hm",
        extra={"annotations": []},
    )
    assert "annotations" in value, "what was parsed is not changed"


def test_a_tool_result_names_its_call():
    assert read_message({"role": "tool", "tool_call_id": "a", "content": "4"}) == Message("tool", "4", tool_call_id="a")


@pytest.mark.parametrize("value", [None, "text", 5, ["a"]])
def test_what_is_no_message_is_kept_as_content(value):
    assert read_message(value) == Message("", value)


def test_fields_of_a_wrong_type_are_kept_as_they_are():
    odd = {"role": 5, "name": ["x"], "refusal": {}, "tool_calls": "none", "function_call": 1, "reasoning": 2}
    assert read_message(odd) == Message("", extra=odd)
    assert read_message({"role": "user", "tool_calls": [1]}).extra == {"tool_calls": [1]}


def test_an_old_function_call_is_a_tool_call_without_an_id():
    message = read_message({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}})
    assert message.tool_calls == (ToolCall("", "f", "{}", "function_call"),)


@pytest.mark.parametrize(
    ("entry", "call"),
    [
        (
            {"type": "custom", "id": "a", "custom": {"name": "sql", "input": "select"}},
            ToolCall("a", "sql", "select", "custom"),
        ),
        ({"id": "a", "function": {"name": "f", "arguments": {"k": "ü"}}}, ToolCall("a", "f", '{"k": "ü"}')),
        ({"id": "a", "function": {"name": "f", "arguments": None}}, ToolCall("a", "f", "")),
        ({"id": 5, "type": None, "function": "f"}, ToolCall("", "", "", extra={"id": 5, "function": "f"})),
        (
            {"id": "a", "function": {"name": "f", "arguments": "", "parsed": 1}, "extra_content": {"g": 2}},
            ToolCall("a", "f", "", extra={"extra_content": {"g": 2}, "function": {"parsed": 1}}),
        ),
        ({}, ToolCall("", "", "")),
    ],
)
def test_a_tool_call_is_read_whole(entry, call):
    assert read_tool_call(entry) == call


def test_reasoning_is_found_under_all_its_names():
    thinking = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"text": "m"}]},
        {"type": "text", "text": "a"},
    ]
    assert read_message({"reasoning": "hm"}).reasoning == "hm"
    assert read_message({"reasoning": "hm", "reasoning_content": "hm"}) == Message("", reasoning="hm")
    assert read_message({"reasoning": "x", "reasoning_content": "y"}) == Message(
        "", reasoning="y", extra={"reasoning": "x"}
    )
    assert read_message({"content": thinking}).reasoning == "hm"
    assert read_message({"reasoning_details": [{"text": "h"}, {"summary": "m"}, {"data": "e"}, 1]}).reasoning == "hm"
    assert read_message({"reasoning": "", "reasoning_details": []}).reasoning is None


@pytest.mark.parametrize("value", [None, "x", 5, {}, [1], [{"text": 5}]])
def test_reasoning_that_cannot_be_read_is_none(value):
    assert read_details(value) == "" and read_thinking(value) == ""
    assert read_thinking([{"thinking": value}]) == (value if isinstance(value, str) else "")


def test_a_choice_is_its_message_with_what_stands_beside_it():
    choice = {
        "index": 1,
        "finish_reason": "stop",
        "logprobs": None,
        "stop_reason": 7,
        "seed": 1,
        "message": {"role": "assistant", "content": "hi", "seed": 2},
    }
    extra = {"seed": 2, "choice.seed": 1, "stop_reason": 7}
    assert read_choice(choice) == Message("assistant", "hi", finish_reason="stop", extra=extra)


@pytest.mark.parametrize("choice", [{}, {"message": None}, {"message": {}, "finish_reason": ""}])
def test_a_choice_of_nothing_is_an_empty_answer(choice):
    assert read_choice(choice) == Message("assistant")


@given(
    st.dictionaries(
        st.sampled_from(["role", "content", "tool_calls", "reasoning_details", "function_call"]), st.just([{}])
    )
)
def test_lists_of_nothing_are_read(value):
    assert isinstance(read_message(value), Message)
