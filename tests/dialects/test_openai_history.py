import pytest
from pandaprobe_proxy.dialects.openai_history import read_item, read_items
from pandaprobe_proxy.model.call import Message, ToolCall


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"type": "message", "role": "user", "content": "a"}, Message("user", "a")),
        (
            {"role": "user", "content": [{"type": "input_text", "text": "a"}], "x": 1, "y": None},
            Message("user", [{"type": "input_text", "text": "a"}], extra={"x": 1}),
        ),
        (
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "id": "i"},
            Message("assistant", tool_calls=(ToolCall("c", "f", "{}", "function_call", {"id": "i"}),)),
        ),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": {"ü": 1}},
            Message("assistant", tool_calls=(ToolCall("c", "f", '{"ü": 1}', "custom_tool_call"),)),
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": "12"},
            Message("tool", "12", tool_call_id="c", extra={"type": "function_call_output"}),
        ),
        ({"type": "reasoning", "summary": []}, Message("", None, extra={"type": "reasoning", "summary": []})),
        ({"type": ["x"], "role": {}}, Message("", None, extra={"type": ["x"], "role": {}})),
        ("text", Message("", "text")),
    ],
)
def test_an_item_is_a_message(item, message):
    assert read_item(item) == message


def test_items_are_a_list_or_a_text():
    assert read_items("a") == (Message("user", "a"),)
    assert read_items([{"role": "user", "content": "a"}]) == (Message("user", "a"),)
    assert read_items(None) == read_items(5) == ()
