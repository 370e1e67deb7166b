from pandaprobe_proxy.evaluate.loops import evaluate
from talks import asks, proofs, says, talk, used, user

SAME = "I am sorry, I cannot find that order anywhere in the list."


def test_the_same_call_again_and_again_is_a_loop():
    session = talk(user("go"), used("get", "x", id=1), used("get", "x", id=1), used("get", "x", id=1), says("done"))
    judged = evaluate(session)
    assert (round(judged.value, 4), judged.label) == (0.3333, "looping: 2 of 3 acts again")
    assert (judged.counts["looped"], judged.counts["longest_run"]) == (2, 3)
    assert proofs(judged) == [4, 6]


def test_to_read_something_once_more_is_none():
    session = talk(user("go"), used("get", "x", id=1), used("put", "ok"), used("get", "x", id=1), says("done"))
    judged = evaluate(session)
    assert (judged.value, judged.label, judged.counts["repeated"]) == (1.0, "no loop", 1)


def test_for_the_third_time_it_is_one():
    reads = [used("get", "x", id=1), used("put", "a", n=1), used("get", "x", id=1), used("put", "b", n=2)]
    judged = evaluate(talk(user("go"), *reads, used("get", "x", id=1), says("done")))
    assert (judged.counts["looped"], judged.evidence[0].detail) == (
        1,
        "the same call with the same result for the 3th time",
    )


def test_another_result_is_another_state():
    session = talk(user("go"), used("get", "1"), used("get", "2"), used("get", "3"), says("done"))
    assert evaluate(session).value == 1


def test_a_call_that_fails_again_at_once_is_counted():
    session = talk(user("go"), used("get", "Error: a"), used("get", "Error: b"), says("done"))
    assert evaluate(session).counts["retried_same"] == 1


def test_a_cycle_is_found_when_it_closes():
    one, two = used("get", "x", id=1), used("get", "y", id=2)
    session = talk(user("go"), one, two, used("get", "x", id=1), used("get", "y", id=2), says("done"))
    judged = evaluate(session)
    assert (judged.counts["cycles"], proofs(judged)) == (1, [8])


def test_answers_that_say_nearly_the_same_are_stuck():
    session = talk(
        user("a"), says(SAME), user("b"), says(f"{SAME} Again."), user("c"), says("Here is another thing to say.")
    )
    judged = evaluate(session)
    assert (judged.counts["repeated_answers"], proofs(judged)) == (1, [4])
    assert judged.evidence[0].detail == "says nearly what message 2 says"


def test_short_answers_may_be_alike_and_one_act_is_no_loop():
    assert evaluate(talk(user("a"), says("You're welcome!"), user("b"), says("You're welcome!"))).value is None
    assert evaluate(talk(user("a"), asks("get"))).value is None
