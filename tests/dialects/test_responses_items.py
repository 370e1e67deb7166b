import pytest
from pandaprobe_proxy.dialects.responses_items import read_call, read_items, read_reasoning
from pandaprobe_proxy.model.call import Message, ToolCall
from responding import call, message, reasoning, text

SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"query": "q"}}


def test_the_items_of_one_turn_are_one_message():
    thought, said = reasoning("Hm.", "So."), text("Look.", annotations=[{"type": "url_citation"}])
    calls = (call(), call("clock", "{}", "call_2", id="fc_2"))
    (answer,) = read_items([thought, SEARCH, message(said, phase="commentary"), *calls])
    assert answer == Message(
        "assistant",
        [thought, SEARCH, said],
        tool_calls=(
            ToolCall("call_1", "weather", '{"city":"Paris"}', extra={"id": "fc_1", "status": "completed"}),
            ToolCall("call_2", "clock", "{}", extra={"id": "fc_2", "status": "completed"}),
        ),
        reasoning="Hm.\n\nSo.",
        extra={"items": [{"id": "msg_1", "status": "completed", "phase": "commentary"}]},
    )
    assert answer.text == "Look."


def test_a_custom_call_has_its_input_as_arguments():
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "sql", "input": "select 1"}
    assert read_call(item) == ToolCall("c", "sql", "select 1", "custom", {"id": "ctc_1"})


def test_arguments_that_are_no_text_become_one():
    assert read_call({"type": "function_call", "arguments": {"a": 1}}) == ToolCall("", "", '{"a": 1}')
    assert read_call({"type": "function_call", "name": 5, "arguments": None}) == ToolCall("", "", "", extra={"name": 5})


def test_a_refusal_is_told_and_stays_a_part():
    part = {"type": "refusal", "refusal": "No."}
    (answer,) = read_items([message(part, {"type": "refusal", "refusal": None})])
    assert (answer.refusal, answer.content[0]) == ("No.", part)


@pytest.mark.parametrize(
    ("item", "texts"),
    [
        ({"content": [{"type": "reasoning_text", "text": "a"}], "summary": [{"text": "b"}]}, ["a"]),
        ({"content": [], "summary": [{"text": "b"}, "c", 5]}, ["b", "c"]),
        ({"content": None, "summary": "d"}, ["d"]),
        ({"summary": "", "encrypted_content": "gAAA"}, []),
        ({"content": [{"text": ""}], "summary": {}}, []),
    ],
)
def test_reasoning_is_what_was_thought_or_its_summary(item, texts):
    assert read_reasoning(item) == texts


def test_what_the_app_says_stands_alone():
    items = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}], "name": "ann"},
        {"role": "user", "content": "there", "id": None, "status": "completed"},
    ]
    assert read_items(items) == (
        Message("developer", "Be brief."),
        Message("user", [{"type": "input_text", "text": "Hi"}], name="ann"),
        Message("user", "there", extra={"status": "completed"}),
    )


def test_a_conversation_alternates_by_who_made_the_items():
    result = {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"}
    history = [{"role": "user", "content": "?"}, reasoning(), call(), result, message(text("Cold.")), {"role": "user"}]
    assert [item.role for item in read_items(history)] == ["user", "assistant", "tool", "assistant", "user"]


def test_an_answer_given_back_as_a_text_stays_one_where_it_is_alone():
    alone, beside = {"role": "assistant", "content": "a"}, {"role": "assistant", "content": None}
    assert read_items([alone, beside]) == (Message("assistant", "a"),)
    (merged,) = read_items([alone, SEARCH])
    assert merged.content == [{"type": "output_text", "text": "a"}, SEARCH]


RESULTS = [
    ({"type": "function_call_output", "call_id": "c", "output": "o", "id": "fco_1"}, "o"),
    ({"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "o"}]}, None),
    ({"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}}, None),
    ({"type": "local_shell_call_output", "call_id": "c", "output": "o"}, "o"),
    ({"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "o"}]}, None),
    ({"type": "apply_patch_call_output", "call_id": "c", "status": "completed"}, None),
    ({"type": "mcp_approval_response", "approval_request_id": "c", "approve": True}, None),
    ({"type": "tool_search_output", "execution": "client", "call_id": "c", "tools": []}, None),
]


@pytest.mark.parametrize(("item", "content"), RESULTS, ids=lambda value: str(value)[:30])
def test_the_result_of_a_tool_names_its_call(item, content):
    (read,) = read_items([item])
    assert (read.role, read.tool_call_id) == ("tool", "c")
    if content is not None:
        assert read.content == content
    elif "output" in item:
        assert read.content == (item["output"] if isinstance(item["output"], list) else [item["output"]])
    else:
        assert read.content == [item]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "shell_call_output", "id": "sho_1", "call_id": "c", "output": []},
        {"type": "tool_search_output", "execution": "server", "tools": []},
        {"type": "program_output", "call_id": "c", "result": "5"},
        {"type": "compaction", "encrypted_content": "gAAA"},
        {"type": "item_reference", "id": "msg_1"},
        {"type": "of_tomorrow", "k": 1},
    ],
)
def test_what_the_providers_own_tools_bring_is_part_of_the_turn(item):
    (read,) = read_items([message(text("a")), item])
    assert read.content[1] == item


@pytest.mark.parametrize(
    ("item", "role"),
    [
        ({"type": "additional_tools", "role": "developer", "tools": []}, "developer"),
        ({"type": "compaction_trigger"}, "system"),
        ({"type": "configuration_update", "tools": []}, "system"),
        ({"type": "of_tomorrow", "role": 5}, "system"),
    ],
)
def test_what_the_app_orders_is_a_message_of_its_own(item, role):
    assert read_items([message(), item])[1] == Message(role, [item])


def test_what_is_no_item_is_kept():
    assert read_items(["hi", 5, {}]) == (Message("user", "hi"), Message("", 5), Message("assistant", [{}]))
    assert read_items([{"role": 5, "content": "x"}]) == (Message("", "x", extra={"role": 5}),)
    assert read_items([]) == ()


def test_a_type_that_is_no_text_loses_no_other_item():
    item = {"type": [[]], "k": 1}
    (read,) = read_items([message(text("a")), item])
    assert read.content == [*message(text("a"))["content"], item]
