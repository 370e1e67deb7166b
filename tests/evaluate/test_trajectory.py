from dataclasses import replace

from pandaprobe_proxy.evaluate.trajectory import evaluate
from talks import asks, gives, says, talk, used, user

SAME = "I am sorry, I cannot find that order anywhere in the list."


def turns(session):
    """The session as calls that nobody opened a trace for."""
    return replace(session, steps=tuple(replace(step, trace_id=step.call_id) for step in session.steps))


def test_a_session_that_goes_wrong_in_the_end_has_regressed_there():
    good = [user("a"), used("get", "x", id=1), says("here it is for you, all of it")]
    bad = [user("b"), used("get", "Error: gone", id=2), used("get", "Error: gone", id=2), says("well")]
    judged = evaluate(turns(talk(*good, *bad)))
    assert judged.value == 0.5
    assert judged.label == "regressed from 1.00 to 0.33, first at turn 2"
    assert (judged.counts["state"], judged.counts["scores"]) == ("regressed", [[1, 1.0], [2, 0.3333]])
    assert judged.evidence[0].detail == "turn 2: regressed, 0.33 after 1.00"


def test_answers_that_are_stuck_or_cut_count_against_their_turn():
    session = turns(talk(user("a"), says(SAME), user("b"), says(f"{SAME} Again."), user("c"), says("and", "length")))
    assert evaluate(session).counts["scores"] == [[1, 1.0], [2, 0.0], [3, 0.0]]


def test_a_good_one_is_steady():
    judged = evaluate(turns(talk(user("a"), says("one"), user("b"), says("two"))))
    assert (judged.value, judged.label, judged.evidence) == (1.0, "steady, 1.00 after 2 turns", ())


def test_a_turn_without_acts_has_no_score_and_one_turn_no_course():
    judged = evaluate(turns(talk(user("a"), says("one"), user("b"), says(""))))
    assert (judged.value, judged.label, judged.counts) == (None, "too short to have a course", {"turns": 1})


def test_a_call_without_an_answer_is_a_bad_act():
    session = turns(talk(user("a"), says("one"), user("b"), asks("get"), gives("x"), says("two")))
    silent = replace(session.steps[-1], answers=())
    assert evaluate(replace(session, steps=(*session.steps[:-1], silent))).counts["scores"][1] == [2, 0.6667]
