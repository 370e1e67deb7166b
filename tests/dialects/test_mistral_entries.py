import pytest
from pandaprobe_proxy.dialects.mistral_entries import EntryFold, read_inputs, read_outputs
from pandaprobe_proxy.model.call import Message, ToolCall


@pytest.mark.parametrize(
    ("inputs", "messages"),
    [
        (None, []),
        ("hi", [Message("user", "hi")]),
        ([5], [Message("user", 5)]),
        ([{"role": "user", "content": "hi"}], [Message("user", "hi")]),
        (
            [{"type": "message.input", "role": "system", "content": "s", "id": "x"}],
            [Message("system", "s", extra={"id": "x"})],
        ),
        (
            [{"role": "assistant", "content": "a"}],
            [Message("assistant", "a", extra={"outputs": [{"role": "assistant"}]})],
        ),
        ([{"type": "function.result", "tool_call_id": "c1", "result": "r"}], [Message("tool", "r", tool_call_id="c1")]),
        ([{"type": "function.result", "tool_call_id": 5, "result": {"ü": 1}}], [Message("tool", '{"ü": 1}')]),
    ],
)
def test_inputs_are_messages(inputs, messages):
    assert [*read_inputs(inputs)] == messages


CALL = {
    "type": "function.call",
    "object": "entry",
    "id": "f1",
    "tool_call_id": "c1",
    "name": "f",
    "arguments": {"x": 1},
}


def test_entries_of_the_model_in_a_row_are_one_message():
    search = {"type": "tool.execution", "name": "web_search"}
    chunks = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, "a", {"type": "text", "text": "b"}, 5]
    said = {"type": "message.output", "id": "m1", "content": chunks}
    first, second, third = read_inputs(
        [{"role": "user", "content": "?"}, search, said, CALL, {"type": "function.result"}]
    )
    assert (first.role, third.role) == ("user", "tool")
    assert second == Message(
        "assistant",
        [search, chunks[0], {"type": "text", "text": "a"}, chunks[2], {"type": "unknown", "value": 5}],
        tool_calls=(ToolCall("c1", "f", '{"x": 1}', extra={"id": "f1"}),),
        reasoning="hm",
        extra={"outputs": [{"id": "m1"}]},
    )


def test_a_text_alone_is_a_text():
    assert read_outputs([{"content": "a"}]) == Message("assistant", "a")
    assert read_outputs([{"content": ["a", "b"]}]).text == "a\nb"
    assert read_outputs([{"type": "message.output"}]) == Message("assistant")
    assert read_outputs([{"type": "function.call", "name": 5}]).tool_calls == (ToolCall("", "", ""),)


def test_an_entry_is_gathered_from_its_events():
    held = EntryFold("message.output")
    for content in ("a", {"type": "tool_reference", "title": "t"}, "b", "c", None):
        held.add({"type": "message.output.delta", "id": "m1", "content": content, "output_index": 0, "agent_id": None})
    assert held.finish() == {
        "type": "message.output",
        "id": "m1",
        "content": [
            {"type": "text", "text": "a"},
            {"type": "tool_reference", "title": "t"},
            {"type": "text", "text": "bc"},
        ],
    }
    call = EntryFold("function.call")
    for arguments in ('{"x": ', "1}", None):
        call.add({"name": "f", "arguments": arguments})
    assert call.finish() == {"type": "function.call", "name": "f", "arguments": '{"x": 1}'}
