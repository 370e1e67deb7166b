from pandaprobe_proxy.capture.withhold import read_texts, withhold, without_content
from pandaprobe_proxy.model.call import Call, Message, ToolCall, Turn, Usage


def test_a_withheld_body_has_its_size_and_the_reason():
    body = withhold(7, "metadata").body
    assert (body.pieces, body.size, body.complete, body.withheld) == ((), 7, False, "metadata")


def test_a_call_without_content_keeps_its_numbers_and_ends_and_so_do_its_turns():
    said = (Message("assistant", "secret", finish_reason="stop"),)
    call = Call(
        "d", 1, "chat", input=said, output=said, parameters={"a": "secret"}, usage=Usage(3), extra={"b": "secret"}
    )
    bare = without_content(Call("d", 1, "connection", turns=(Turn("t", call, 0, 1, 1),)))
    assert "secret" not in repr(bare)
    assert (bare.turns[0].call.usage.input, bare.turns[0].call.output[0].finish_reason) == (3, "stop")


def test_a_message_speaks_in_many_places():
    tool = ToolCall("c", "f", "{}")
    message = Message("assistant", "text", refusal="no", reasoning="why", tool_calls=(tool,))
    assert read_texts(message) == ["text", "no", "why", "{}"]
    assert read_texts(Message("assistant")) == []
