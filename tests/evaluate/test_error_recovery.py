from pandaprobe_proxy.evaluate.error_recovery import evaluate
from talks import asks, proofs, says, talk, used, user

BAD = "Error: not now"


def test_an_error_is_made_good_when_the_same_tool_succeeds_later():
    session = talk(user("go"), used("get", BAD, id=1), used("put", "ok"), used("get", "x", id=2), says("done"))
    judged = evaluate(session)
    assert (judged.value, judged.label) == (1.0, "1 of 1 errors made good")
    assert judged.counts == {"errors": 1, "recovered": 1, "unrecovered": 0, "max_retries": 1, "same_again": 0}
    assert proofs(judged) == [3, 6]


def test_many_tries_are_counted_and_no_flaw():
    session = talk(user("go"), used("get", BAD, id=1), used("get", BAD, id=1), used("get", "x", id=1), says("done"))
    judged = evaluate(session)
    assert judged.value == 1
    assert (judged.counts["max_retries"], judged.counts["same_again"]) == (2, 1)
    assert judged.evidence[-1].detail == "get succeeded after 2 failures"


def test_what_is_not_made_good_comes_first():
    session = talk(user("go"), used("get", BAD), used("get", "x"), used("put", BAD), says("done"))
    judged = evaluate(session)
    assert (judged.value, judged.counts["unrecovered"]) == (0.5, 1)
    assert judged.evidence[0].detail == "put failed, and did not succeed after"


def test_without_errors_there_is_nothing_to_say():
    assert evaluate(talk(user("go"), used("get", "x"), asks("get"))).value is None
