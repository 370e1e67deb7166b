import pytest
from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.model.call import Message
from responding import call, message, reasoning, text

TOOL = {"type": "function", "name": "weather"}


def test_a_request_is_its_instructions_input_tools_and_parameters():
    read = read_create(
        {
            "model": "m",
            "instructions": "Be brief.",
            "input": "Hi",
            "tools": [TOOL, {"type": "web_search"}],
            "stream": True,
            "store": False,
            "previous_response_id": "resp_0",
        },
        "/v1/responses",
    )
    assert read.messages == (Message("system", "Be brief."), Message("user", "Hi"))
    assert (read.model, read.stream, read.previous_id) == ("m", True, "resp_0")
    assert read.tools == (TOOL, {"type": "web_search"})
    assert read.parameters == {"stream": True, "store": False} and read.operation is None


def test_input_may_be_items_and_instructions_too():
    result = {"type": "function_call_output", "call_id": "call_1", "output": "12"}
    items = [{"role": "user", "content": "?"}, reasoning("r"), call(), result, message(text("a"))]
    read = read_create({"input": items, "instructions": [{"role": "developer", "content": "d"}]}, "/")
    assert [asked.role for asked in read.messages] == ["developer", "user", "assistant", "tool", "assistant"]


@pytest.mark.parametrize("conversation", ["conv_1", {"id": "conv_1"}])
def test_a_conversation_is_named_and_kept(conversation):
    read = read_create({"conversation": conversation}, "/")
    assert (read.conversation_id, read.parameters) == ("conv_1", {"conversation": conversation})


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        ({"prompt_cache_options": {"prewarm": True}}, "prewarm"),
        ({"generate": False}, "prewarm"),
        ({"prompt_cache_options": {"prewarm": False}, "generate": True}, None),
        ({"prompt_cache_options": True}, None),
    ],
)
def test_a_prewarm_is_told_from_a_turn(body, operation):
    assert read_create(body, "/").operation == operation


def test_fields_of_a_wrong_type_are_kept_as_parameters():
    body = {"model": 5, "input": {"a": 1}, "instructions": 5, "tools": "x", "previous_response_id": 1}
    read = read_create(body, "/openai/deployments/d/responses")
    assert (read.model, read.messages, read.parameters) == ("d", (), body)


def test_empty_instructions_are_none():
    assert read_create({"instructions": "", "input": None}, "/").messages == ()
