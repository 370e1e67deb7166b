from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.sessions.transcript import digest
from talks import says, talk, user


def told(number, *messages, output=(), before=(), operation="chat"):
    call = Call("d", 1, operation, input=messages, output=tuple(output))
    return Told(f"t{number}", f"k{number}", number, number + 1, call, before)


def lines(*calls):
    return [(line.call_id, line.role, line.text, line.answered) for line in gather(About("s"), calls, digest).lines]


def test_the_history_that_is_sent_again_stands_once():
    session = talk(user("a"), says("b"), user("c"), says("d"))
    assert [(line.number, line.text, line.call_id) for line in session.lines] == [
        (1, "a", "k1"), (2, "b", "k1"), (3, "c", "k2"), (4, "d", "k2"),
    ]  # fmt: skip
    assert [(step.heard, [line.number for line in step.answers]) for step in session.steps] == [(1, [2]), (3, [4])]
    assert all(step.call.input == () for step in session.steps)


def test_the_same_words_again_are_another_message():
    yes = user("yes")
    session = talk(yes, says("ok"), yes, says("ok"), yes, says("done"))
    assert [line.text for line in session.lines] == ["yes", "ok", "yes", "ok", "yes", "done"]


def test_what_a_call_only_shows_was_not_answered_by_it():
    assert lines(told(1, user("a"), says("hello"), user("b"), output=[says("c")])) == [
        ("k1", "user", "a", False), ("k1", "assistant", "hello", False), ("k1", "user", "b", False),
        ("k1", "assistant", "c", True),
    ]  # fmt: skip


def test_another_try_and_another_choice_say_no_more_than_they_say():
    again = told(2, user("a"), output=[says("b")])
    assert len(lines(told(1, user("a"), output=[says("b")]), again)) == 2
    assert len(lines(told(1, user("a"), output=[says("b"), says("b"), says("c")]))) == 3


def test_what_the_provider_held_comes_before_what_was_sent():
    first = told(1, user("yes"), output=[says("b")])
    second = told(2, user("yes"), output=[says("c")], before=(user("yes"), says("b")))
    assert [line[2] for line in lines(first, second)] == ["yes", "b", "yes", "c"]


def test_calls_of_other_kinds_say_nothing():
    session = gather(About("s", "task", "me", {"k": 1}), [told(1, user("a"), operation="embeddings")], digest)
    assert (session.lines, session.steps) == ((), ())
    assert (session.session_id, session.task_id, session.user_id, session.metadata) == ("s", "task", "me", {"k": 1})


def test_a_message_is_known_by_what_the_digest_says_of_it():
    calls = [told(1, Message("user", "A")), told(2, Message("user", "a"))]
    assert len(gather(About("s"), calls, lambda message: message.text.lower()).lines) == 1
