import pytest
from pandaprobe_proxy.model.call import Call, Message, ToolCall
from pandaprobe_proxy.sessions.steps import Step
from pandaprobe_proxy.sessions.tools import find_uses

QUESTION = Message("user", "what is the weather?")


def asks(*identifiers, arguments="{}"):
    return Message("assistant", tool_calls=tuple(ToolCall(name, "weather", arguments) for name in identifiers))


def result(identifier, text="rain"):
    return Message("tool", text, tool_call_id=identifier)


def step(number, *messages, output=(), ended=True):
    call = Call("d", 1, "chat", input=messages, output=tuple(output))
    return Step(f"c{number}", number * 100, number * 100 + 10 if ended else None, call)


def told(*steps):
    """(id, asked by, used by, what came, how long it took) of each use."""
    uses = find_uses(steps)
    took = [use.ended_ns and use.ended_ns - use.started_ns for use in uses]
    said = [use.result and use.result.text for use in uses]
    return [(use.tool.id, use.asked_by, use.used_by, *rest) for use, *rest in zip(uses, said, took, strict=True)]


def test_a_tool_runs_from_the_call_that_asked_to_the_call_that_used_its_result():
    one = step(1, QUESTION, output=[asks("a")])
    two = step(2, QUESTION, asks("a"), result("a"), output=[Message("assistant", "rain")])
    assert told(one, two) == told(two, one) == [("a", "c1", "c2", "rain", 90)]


def test_the_history_that_is_sent_again_is_not_another_use():
    history = [QUESTION, asks("a"), result("a")]
    one, two = step(1, QUESTION, output=[asks("a")]), step(2, *history, output=[Message("assistant", "rain")])
    three = step(3, *history, Message("assistant", "rain"), Message("user", "sure?"))
    assert told(one, two, three) == [("a", "c1", "c2", "rain", 90)]


def test_a_result_that_no_call_has_shown_is_missing():
    assert told(step(1, QUESTION, output=[asks("a")])) == [("a", "c1", None, None, None)]


def test_tools_at_once_have_each_their_result():
    one = step(1, QUESTION, output=[asks("a", "b")])
    two = step(2, QUESTION, asks("a", "b"), result("b", "second"), result("a", "first"))
    assert [use[3] for use in told(one, two)] == ["first", "second"]


def test_an_id_that_is_used_again_is_another_use():
    one = step(1, QUESTION, output=[asks("x", arguments='{"n":1}')])
    two = step(2, QUESTION, asks("x", arguments='{"n":1}'), result("x", "1"), output=[asks("x", arguments='{"n":2}')])
    three = step(
        3, QUESTION, asks("x", arguments='{"n":1}'), result("x", "1"), asks("x", arguments='{"n":2}'), result("x", "2")
    )
    assert [(use[1], use[2], use[3]) for use in told(one, two, three)] == [("c1", "c2", "1"), ("c2", "c3", "2")]


@pytest.mark.parametrize("before", [(), (asks("z"),)], ids=["held by the provider", "an answer that is not known"])
def test_a_result_without_its_answer_belongs_to_the_newest_use(before):
    steps = step(1, QUESTION, output=[asks("x")]), step(2, QUESTION, output=[asks("x")]), step(3, *before, result("x"))
    assert [use[2] for use in told(*steps)] == [None, "c3"]


def test_a_result_of_nothing_that_was_asked_is_no_use():
    assert told(step(1, QUESTION, result("a"), Message("tool", "no id"))) == []


def test_a_call_that_never_ended_asked_when_it_began():
    assert find_uses([step(1, output=[asks("a")], ended=False)])[0].started_ns == 100


def test_every_choice_may_ask():
    one = step(1, QUESTION, output=[asks("a"), asks("b")])
    two = step(2, QUESTION, asks("b"), result("b"))
    assert [(use[0], use[2]) for use in told(one, two)] == [("a", None), ("b", "c2")]


def test_a_call_that_nobody_can_read_asks_for_nothing():
    assert find_uses([Step("c1", 100, 110, None)]) == []
