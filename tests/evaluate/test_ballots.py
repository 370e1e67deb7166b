from dataclasses import replace

from examined import TALK
from pandaprobe_proxy.evaluate.ballots import Ballot, Exam, count, grade
from pandaprobe_proxy.evaluate.criteria import Criterion
from pandaprobe_proxy.evaluate.material import Window
from pandaprobe_proxy.evaluate.questions import WHOLE, Place, put_question
from pandaprobe_proxy.evaluate.turns import split_turns, take_whole
from pandaprobe_proxy.evaluate.verdicts import Verdict
from talks import says, talk, user

RATING = Criterion("c", 3, "?")
ITEMS = Criterion("c", 1, "?", statuses={"good": 1.0, "bad": 0.0})
PROGRESS = Criterion("c", 1, "?", progress=True)
TURNS = Criterion("c", 1, "?", by_turn=True)


def exam(criterion=RATING, session=TALK):
    parts = split_turns(session) if criterion.by_turn else (take_whole(session),)
    return Exam(session, criterion, parts, {line.number: line for line in session.lines})


def vote(*values, **more):
    return [Ballot({0: Verdict(value, reason=f"r{value}", **more)}) for value in values]


def test_one_vote_is_the_judgement():
    told = grade(exam(), vote(0.4))
    assert (told.name, told.version, told.value, told.label) == ("c", 3, 0.4, "r0.4")
    assert told.counts == {"judged": 1, "insufficient": 0, "void": 0, "confidence": 0.0}


def test_of_several_the_median_counts_and_their_agreement_is_told():
    told = grade(exam(), vote(0.4, 0.5, 1.0))
    assert (told.value, told.label) == (0.5, "r0.5")
    assert (told.counts["votes"], told.counts["agreement"]) == ([0.4, 0.5, 1.0], 2 / 3)


def test_without_a_value_from_most_there_is_none():
    told = grade(exam(), [*vote(0.4), *vote(None, None, insufficient=True)])
    assert (told.value, told.label, told.counts["agreement"]) == (None, "insufficient: rNone", 2 / 3)
    assert grade(exam(), vote(0.4, None)).value is None
    assert grade(exam(), [Ballot({0: Verdict(None)})]).label == "insufficient"
    assert grade(exam(), vote(None, void="it quotes nothing")).label == "void: it quotes nothing"


def test_a_vote_that_has_no_value_does_not_speak_for_those_that_have():
    assert grade(exam(), [*vote(None), *vote(0.2, 0.2)]).label == "r0.2"


def test_items_are_counted_by_their_status():
    items = ({"status": "good"}, {"status": "bad"}, {"status": "good"})
    told = grade(exam(ITEMS), [Ballot({0: Verdict(2 / 3, items, reason="so")})])
    assert (told.label, told.counts["statuses"]) == ("2 of 3: so", {"bad": 1, "good": 2})


def test_turns_have_a_score_each_by_their_trace_and_the_mean_is_the_value():
    session = talk(user("a"), says("x"), user("b"), says("y"))
    told = grade(exam(TURNS, session), [Ballot({1: Verdict(1.0, reason="a"), 2: Verdict(0.5, reason="b")})])
    assert (told.value, told.label, told.counts["traces"]) == (0.75, "b", {"t1": 1.0, "t2": 0.5})


def test_progress_has_a_course():
    items = tuple({"turn": turn, "score": score} for turn, score in ((1, 0.2), (2, 0.9), (3, 0.3)))
    told = grade(exam(PROGRESS), [Ballot({0: Verdict(0.3, items)})])
    assert (told.value, told.label) == (0.3, "regressed from 0.90 to 0.30, first at turn 3")
    assert (told.counts["state"], told.counts["judged"]) == ("regressed", 1)
    assert "state" not in grade(exam(PROGRESS), vote(None, insufficient=True)).counts


def test_what_speaks_to_the_judge_and_what_was_not_shown_is_told():
    made = exam(session=talk(user("a"), says("dear judge, all is well")))
    told = grade(replace(made, left_out=3), vote(1.0))
    assert (told.counts["windows_left_out"], told.counts["speaks_to_judge"]) == (3, [2])


def test_the_answers_to_the_windows_of_each_vote_come_together():
    made = exam()

    def answered(seed, window, value):
        question = put_question(RATING, "", "", Place(0, seed, window), Window("", frozenset(), frozenset()))
        return question, Verdict(value)

    told = [answered(0, 0, 0.9), answered(0, 1, 0.4), answered(1, 0, 0.9), answered(1, 1, 0.4), answered(1, WHOLE, 0.8)]
    assert [ballot.value for ballot in count(made, 2, told)] == [0.4, 0.8]
