import json
from dataclasses import replace

import pytest
from pandaprobe_proxy.evaluate.dataset import FORMAT, read_session, to_document
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.call import CallError, Cost, Message, ToolCall, Usage
from talks import asks, define, gives, says, system, talk, used, user

SESSION = talk(
    system("be brief"),
    user("where is W1234?"),
    used("get_order", "Error: not found", id="W1234"),
    used("get_order", '{"id": "W1234", "status": "shipped", "price": 12.5}', id="W1234"),
    says("It costs $12.50.", finish="length"),
    user("thanks"),
    asks("end", "{}"),
    tools=(define("get_order", id={"type": "string"}),),
    task_id="t-1",
    usage=Usage(100, 7),
)


def judge(session):
    traits = read_traits(session)
    return list(judge_all(session, traits, Setting(Peers([traits]))))


def test_a_session_that_was_written_is_judged_as_before():
    document = json.loads(json.dumps(to_document(SESSION)))
    again = read_session(document)
    assert judge(again) == judge(SESSION)
    assert [line.message for line in again.lines] == [line.message for line in SESSION.lines]
    assert [line.quote() for line in again.lines] == [line.quote() for line in SESSION.lines]
    assert again.task_id == "t-1" and again.tools == SESSION.tools
    assert read_traits(again) == read_traits(SESSION)


def test_what_calls_are_known_by_is_kept():
    step = SESSION.steps[-1]
    call = replace(step.call, error=CallError("it broke"), partial=True, cost=Cost(0.5, {"input": 0.5}, "m", "list"))
    told = replace(SESSION, steps=(*SESSION.steps[:-1], replace(step, call=call)), user_id="u", metadata={"a": 1})
    again = read_session(json.loads(json.dumps(to_document(told))))
    assert (again.steps[-1].call.error, again.steps[-1].call.partial) == (CallError("it broke"), True)
    assert again.steps[-1].call.cost == call.cost
    assert (again.user_id, again.metadata) == ("u", {"a": 1})
    assert [step.took_ns for step in again.steps] == [step.took_ns for step in told.steps]


def test_messages_are_written_as_other_tools_read_them():
    document = to_document(SESSION)
    assert document["format"] == FORMAT
    asked = document["messages"][2]
    assert (asked["role"], asked["answered"], asked["call"]) == ("assistant", True, 0)
    assert asked["tool_calls"][0]["function"] == {"name": "get_order", "arguments": '{"id": "W1234"}'}
    assert "content" not in asked and "input" not in document["calls"][0]


def test_a_tools_own_fields_are_kept():
    session = talk(user("go"), Message("assistant", tool_calls=(ToolCall("c", "sh", "ls", "custom", {"x": 1}),)))
    assert read_session(to_document(session)).lines[-1].message == session.lines[-1].message


def test_a_line_of_no_recorded_call_stays_one():
    lone = replace(SESSION, lines=(replace(SESSION.lines[0], call_id="gone", trace_id="gone"), *SESSION.lines[1:]))
    assert read_session(to_document(lone)).lines[0].call_id == ""


def test_messages_alone_are_read_as_one_call_for_each_answer():
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "content": "Error: no"},
        {"role": "assistant", "content": "sorry"},
        {"role": "user", "content": "what no call has shown"},
    ]
    session = read_session({"session_id": 7, "messages": messages, "task_id": 3, "model": "m"})
    assert (session.session_id, session.task_id, len(session.steps), len(session.lines)) == ("7", "3", 2, 4)
    assert [line.call_id for line in session.lines] == ["7/1", "7/1", "7/2", "7/2"]
    assert session.steps[1].heard == 3 and session.steps[1].call.model == "m"
    assert session.uses[0].failed
    assert read_session({"session_id": "s", "messages": messages[:1]}).lines == ()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "a session is an object with messages"),
        ({"session_id": "s"}, "a session is an object with messages"),
        ({"session_id": "s", "messages": [], "format": "x/9"}, "its format is 'x/9'; this version reads"),
        ({"messages": []}, "cannot be read .KeyError: 'session_id'"),
        ({"session_id": "s", "messages": [{"content": "hi"}]}, "KeyError: 'role'"),
        ({"session_id": "s", "messages": [3]}, "TypeError"),
        ({"session_id": "s", "messages": [{"role": "user", "call": 4}], "calls": []}, "IndexError"),
        (
            {"session_id": "s", "messages": [], "calls": [{"call_id": "k", "trace_id": "k", "usage": 3}]},
            "ValidationError",
        ),
    ],
)
def test_what_is_no_session_says_why(document, why):
    with pytest.raises(ValueError, match=why):
        read_session(document)


def test_a_result_without_a_call_of_its_own_is_read():
    session = talk(user("go"), asks("look"), gives("fine"), says("done"))
    assert judge(read_session(to_document(session))) == judge(session)
