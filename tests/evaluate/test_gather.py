from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.model.call import Call
from talks import says, talk, user


def test_what_each_call_adds_becomes_numbered_lines():
    session = talk(user("yes"), says("ok"), user("yes"), says("done"))
    assert [(line.number, line.text, line.trace_id, line.call_id, line.answered) for line in session.lines] == [
        (1, "yes", "t1", "k1", False), (2, "ok", "t1", "k1", True), (3, "yes", "t2", "k2", False),
        (4, "done", "t2", "k2", True),
    ]  # fmt: skip
    assert [(step.heard, [line.number for line in step.answers]) for step in session.steps] == [(1, [2]), (3, [4])]
    assert all(step.call.input == () for step in session.steps)


def test_what_a_call_only_shows_was_not_answered_by_it():
    told = Told("t", "k", 1, 2, Call("d", 1, "chat", output=(says("c"),)), (says("hello"), user("b")))
    assert [line.answered for line in gather(About("s"), [told]).lines] == [False, False, True]


def test_calls_of_other_kinds_are_no_part_of_it():
    told = Told("t", "k", 1, 2, Call("d", 1, "embeddings"), (user("a"),))
    session = gather(About("s", "task", "me", {"k": 1}), [told])
    assert (session.lines, session.steps) == ((), ())
    assert (session.session_id, session.task_id, session.user_id, session.metadata) == ("s", "task", "me", {"k": 1})
