"""Items of a realtime conversation."""

import pytest
from pandaprobe_proxy.dialects.realtime_items import MAX_PARTS, Item
from pandaprobe_proxy.model.call import Message, ToolCall


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"id": "a", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
            Message("assistant", tool_calls=(ToolCall("c", "f", "{}"),), extra={"id": "a"}),
        ),
        (
            {"id": "a", "type": "function_call_output", "call_id": "c", "output": {"x": 1}},
            Message("tool", '{"x": 1}', tool_call_id="c", extra={"id": "a"}),
        ),
        (
            {"type": "message", "role": "system", "content": ["plain", {"type": "input_text", "text": "t"}], "odd": 1},
            Message(
                "system", [{"type": "text", "text": "plain"}, {"type": "input_text", "text": "t"}], extra={"odd": 1}
            ),
        ),
        ({"role": 7, "id": 5}, Message("user", [])),
        ({"id": "a", "type": "mcp_call"}, Message("assistant", [{"id": "a", "type": "mcp_call"}], extra={"id": "a"})),
    ],
)
def test_an_item_is_a_message(data, message):
    assert Item(data).message() == message


def test_arguments_that_came_in_pieces_are_joined():
    item = Item({"type": "function_call", "call_id": "c", "name": "f", "arguments": ""})
    item.grow(0, "arguments", "{")
    item.grow(0, "arguments", "}")
    assert item.message().tool_calls == (ToolCall("c", "f", "{}"),)


def test_a_part_of_audio_reads_as_its_transcript():
    item = Item({"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "hi"}]})
    assert item.message().text == "hi"
    item.grow(1, "transcript", "x")
    item.finish(1, "transcript", "there")
    item.grow(0, "transcript", "ignored, since the whole is known")
    assert item.message().text == "hi\nthere"


def test_a_later_telling_adds_what_it_knows():
    item = Item({"id": "a", "role": "assistant", "content": [{"type": "text", "text": "x"}]})
    item.set({"id": "a", "status": "completed", "content": [], "role": None})
    assert item.message().text == "x" and item.message().role == "assistant"


def test_a_place_beyond_reason_is_not_filled():
    item = Item({"type": "message", "role": "user"})
    item.grow(MAX_PARTS * 1000, "text", "x")
    assert len(item.message().content) <= MAX_PARTS
