from dataclasses import replace

from pandaprobe_proxy.evaluate.gather import About, gather
from pandaprobe_proxy.evaluate.turns import split_turns, take_whole
from talks import says, talk, tell, used, user


def numbers(part):
    return [line.number for line in part.lines]


def session_of(session, *traces):
    """The session with these traces instead, None for calls that nobody opened one for."""
    steps = tuple(
        replace(step, trace_id=step.call_id if trace is None else trace)
        for step, trace in zip(session.steps, traces, strict=True)
    )
    return replace(session, steps=steps)


def test_a_turn_goes_from_what_the_user_says_to_what_he_says_next():
    session = talk(user("a"), used("get", "x"), says("one"), user("b"), says("two"))
    first, second = split_turns(session_of(session, None, None, None))
    assert (first.number, numbers(first), [use.name for use in first.uses]) == (1, [1, 2, 3, 4], ["get"])
    assert (numbers(second), [line.text for line in second.asked]) == ([5, 6], ["b"])
    assert (first.trace_id, second.trace_id) == ("k1", "k3")


def test_traces_that_the_app_opened_are_the_parts():
    session = talk(user("a"), says("one"), user("b"), says("two"), user("c"), says("three"))
    parts = split_turns(session_of(session, "t", "t", None))
    assert [(part.trace_id, numbers(part)) for part in parts] == [("t", [1, 2, 3, 4]), ("k3", [5, 6])]


def test_the_whole_is_one_part_and_nothing_has_none():
    session = talk(user("a"), says("one"), user("b"), says("two"))
    whole = take_whole(session)
    assert (whole.number, whole.trace_id, numbers(whole), len(whole.asked)) == (0, "t1", [1, 2, 3, 4], 2)
    empty = gather(About("s"), tell([]))
    assert (split_turns(empty), take_whole(empty).trace_id) == ((), "")
