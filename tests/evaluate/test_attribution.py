"""Where a failed session went wrong, by votes; and which sessions are held to have failed."""

from dataclasses import replace

import pytest
from examined import TALK, drive, listed, proof, told
from pandaprobe_proxy.evaluate.attribution import is_failed
from pandaprobe_proxy.evaluate.judges import ATTRIBUTION, BLAMED
from pandaprobe_proxy.model.score import Score

SAYS = "I could not cancel order W1234"
ASKS = '{"id": "W1234"}'


def blame(message, quote, kind):
    return listed(proof(message, quote, status=kind))


def attribute(*answers, session=TALK):
    """The judgement, each vote being one of these answers."""
    judged, asked = drive(session, ATTRIBUTION, lambda question: answers[question.place.seed], votes=len(answers))
    assert len({question.place.seed for question in asked}) == len(answers)
    return judged


def test_the_message_that_most_votes_name_is_told_and_is_no_score():
    judged = attribute(
        blame(5, SAYS, "misread_result"), blame(3, ASKS, "invalid_call"), blame(5, SAYS, "plan_not_followed")
    )
    assert (judged.value, judged.label) == (None, "message 5: misread_result (2 of 3 votes)")
    assert judged.counts["messages"] == {"3": 1, "5": 2}
    assert judged.counts["kinds"] == {"invalid_call": 1, "misread_result": 1, "plan_not_followed": 1}
    assert (judged.counts["message"], judged.counts["agreement"], judged.counts["votes"]) == (5, 2 / 3, 3)
    assert {quote.message for quote in judged.evidence} == {5}


def test_of_as_many_votes_the_earliest_message_is_it():
    judged = attribute(blame(5, SAYS, "wrong_intent"), blame(3, ASKS, "invented"), insufficient())
    assert (judged.label, judged.counts["agreement"]) == ("message 3: invented (1 of 3 votes)", 1 / 3)


def test_of_several_items_the_earliest_message_counts():
    both = listed(proof(5, SAYS, status="blocked"), proof(3, ASKS, status="invented"))
    assert attribute(both, both, both).label == "message 3: invented (3 of 3 votes)"


def insufficient():
    return told({"items": []}).replace('"judged"', '"insufficient"')


def test_votes_that_name_nothing_or_quote_what_is_not_there_say_why():
    assert attribute(*[insufficient()] * 3).label == "insufficient: so it is"
    made_up = blame(5, "it was never said", "invented")
    assert attribute(*[made_up] * 3).label == "void: its quote does not stand in message 5"


def test_there_are_ten_kinds_and_three_votes_at_least():
    assert (len(BLAMED), ATTRIBUTION.votes) == (10, 3)


def score(name, value, data_type="NUMERIC", **more):
    return Score("1", name, value, data_type, 1, session_id="s", **more)


@pytest.mark.parametrize(
    ("scores", "failed"),
    [
        ([], False),
        ([score("goal_completion", "0.4")], True),
        ([score("goal_completion", "0.5")], False),
        ([score("goal_completion", "0.4"), score("goal_completion", "1")], False),
        ([score("goal_completion", "0"), score("success", "true", "BOOLEAN")], False),
        ([score("success", "false", "BOOLEAN"), score("goal_completion", "1")], True),
        ([score("success", "0.9"), score("task_completion", "0")], False),
        ([score("task_completion", "0.1")], True),
        ([score("success", "no", "CATEGORICAL")], False),
        ([score("loops", "0")], False),
    ],
)
def test_a_session_has_failed_if_the_strongest_of_its_newest_scores_says_so(scores, failed):
    assert is_failed(scores) is failed


def test_a_score_of_a_trace_says_nothing_of_its_session():
    assert not is_failed([replace(score("task_completion", "0"), trace_id="t")])
