import pytest
from pandaprobe_proxy.evaluate.session import Line
from pandaprobe_proxy.evaluate.tool_uses import find_uses, read_text
from pandaprobe_proxy.model.call import Message, ToolCall
from talks import asks, says, talk, used, user


def line(number, message, answered=True):
    return Line(number, "t", f"k{number}", message, read_text(message), answered)


def call(identifier, name="get", arguments="{}"):
    return ToolCall(identifier, name, arguments)


def ask(*calls):
    return Message("assistant", tool_calls=calls)


def told(*messages, answered=True):
    uses = find_uses([line(number, message, answered) for number, message in enumerate(messages, 1)])
    return [(use.name, use.tool.id, use.result and use.result.number) for use in uses]


def test_a_result_belongs_to_the_call_of_its_id():
    results = [Message("tool", "2", tool_call_id="b"), Message("tool", "1", tool_call_id="a")]
    assert told(ask(call("a"), call("b")), *results) == [("get", "a", 3), ("get", "b", 2)]


def test_an_id_that_is_used_again_means_the_newest_and_of_several_the_first():
    result = Message("tool", "x", tool_call_id="get")
    assert told(ask(call("get")), ask(call("get"), call("get")), result, result) == [
        ("get", "get", None), ("get", "get", 3), ("get", "get", 4),
    ]  # fmt: skip


def test_a_result_without_an_id_belongs_to_the_tool_of_its_name_or_to_the_first():
    first, named = Message("tool", "x"), Message("function", "y", name="put")
    assert told(ask(call("a"), call("b", "put")), named, first) == [("get", "a", 3), ("put", "b", 2)]
    assert told(first, Message("tool", "x", tool_call_id="z")) == []


def test_an_answer_that_is_shown_again_in_other_words_asks_for_nothing():
    again = find_uses([line(1, ask(call("a"))), line(2, ask(call("a", arguments='{"x": 1}')), answered=False)])
    assert len(list(again)) == 1


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("Thought: hm\nAction: Search\nAction Input: cats", "Search", "cats"),
        ("Action: Search[cats]", "Search", "cats]"),
        ("<execute>print(1)</execute>", "execute", "print(1)"),
        ("just words", None, None),
    ],
)
def test_agents_without_tool_calls_write_them(text, name, arguments):
    session = talk(user("go"), says(text), user("Observation: 1"), says("done"))
    assert [(use.name, use.tool.arguments, use.result.number) for use in session.uses] == (
        [(name, arguments, 3)] if name else []
    )


def test_what_is_observed_without_anything_asked_is_no_result():
    assert talk(user("Observation: 1"), says("ok")).uses == ()


def test_calls_that_are_the_same_have_the_same_key():
    session = talk(user("go"), asks("get", '{"a": 1, "b": 2}'), asks("get", '{"b":2,"a":1}'), asks("get", "{bad"))
    one, other, bad = session.uses
    assert one.key == other.key != bad.key
    assert (one.arguments, bad.arguments, bad.key) == ({"a": 1, "b": 2}, None, "get({bad)")


@pytest.mark.parametrize(
    "name", ["transfer_to_human_agents", "finish", "submit_answer", "end_call", "task_complete", "escalate", "handoff"]
)
def test_some_tools_are_how_an_agent_ends(name):
    assert talk(user("go"), asks(name)).uses[0].ends


@pytest.mark.parametrize(
    "name", ["get_order", "send_email", "stop_service", "complete_order", "transfer_funds", "submit_order"]
)
def test_others_are_not(name):
    assert not talk(user("go"), asks(name)).uses[0].ends


def test_what_can_be_read_of_a_message():
    assert read_text(Message("assistant", None, refusal="no")) == "no"
    assert read_text(Message("tool", [{"json": {"a": 1}}])) == '[{"json": {"a": 1}}]'
    assert read_text(Message("tool", [])) == read_text(Message("user", [{"image": 1}])) == ""


def test_a_result_tells_whether_the_tool_failed():
    session = talk(user("go"), used("get", "Error: none"), used("get", "3"))
    assert [use.failed for use in session.uses] == [True, False]
