import json
from dataclasses import replace

import pytest
from examined import TALK, drive, listed, own_of, proof, rated
from pandaprobe_proxy.evaluate.criteria import ADD, WORST, Criterion
from pandaprobe_proxy.evaluate.gather import About, gather
from pandaprobe_proxy.evaluate.judge import examine, name_setting
from pandaprobe_proxy.evaluate.judges import choose
from pandaprobe_proxy.evaluate.verdicts import Malformed
from talks import says, system, talk, tell, user

RATING = Criterion("c", 1, "Is it good?")
(ARGUMENTS,) = choose(["argument_correctness"])
LONG = talk(system("be nice"), *[m for at in range(30) for m in (user(f"q{at} " + "x" * 5000), says(f"said {at}"))])


def test_one_question_is_asked_about_a_session_and_its_answer_is_the_judgement():
    judged, asked = drive(TALK, RATING, lambda question: rated(0.25))
    assert (judged.value, judged.label, len(asked), own_of(asked[0])) == (0.25, "so it is", 1, (1, 7))
    assert judged.evidence[0].message == 2


def test_what_detectors_found_is_given_as_claims():
    _, asked = drive(TALK, RATING, lambda question: rated(0.25))
    assert '{"claim": "cancel_order failed", "about_message": 4}' in asked[0].messages[1]["content"]


def test_the_same_session_makes_the_same_questions():
    one, other = (drive(TALK, RATING, lambda question: rated(1))[1][0] for _ in range(2))
    assert one.name("m") == other.name("m")


def test_each_vote_is_a_question_of_its_own():
    scores = iter([0.2, 0.8, 0.6])
    judged, asked = drive(TALK, RATING, lambda question: rated(next(scores)), votes=3)
    assert (judged.value, len({question.name("m") for question in asked})) == (0.6, 3)


def test_an_answer_that_cannot_be_read_is_asked_for_once_more():
    judged, asked = drive(TALK, RATING, lambda question: rated(1) if len(question.messages) > 2 else "yes")
    assert (judged.value, len(asked)) == (1, 2)
    with pytest.raises(Malformed, match="no JSON object"):
        drive(TALK, RATING, lambda question: "yes")


def test_only_the_one_that_cannot_be_read_is_asked_for_again():
    judged, asked = drive(
        TALK, RATING, lambda question: "?" if question.place.seed and len(question.messages) == 2 else rated(1), votes=2
    )
    assert (judged.value, [question.place.seed for question in asked]) == (1, [0, 1, 1])


def test_where_there_is_nothing_to_judge_nobody_is_asked():
    with pytest.raises(StopIteration) as done:
        next(examine(talk(user("a"), says("b")), ARGUMENTS))
    judged = done.value.value
    assert (judged.value, judged.label, judged.counts) == (None, "no tool was called", {"pandaprobe": 1.0})
    judged, asked = drive(gather(About("s"), tell([])), replace(RATING, by_turn=True), None)
    assert (judged.label, judged.counts, asked) == ("no calls", {}, [])


def test_turns_are_asked_about_one_by_one_with_what_came_before():
    judged, asked = drive(TALK, replace(RATING, by_turn=True), lambda question: rated(1.0, in_it(question)))
    assert [own_of(question) for question in asked] == [(1, 3), (4, 5), (6, 7)]
    assert [min(question.shown) for question in asked] == [1, 1, 1]
    assert (judged.value, list(judged.counts["traces"])) == (1.0, ["t1", "t2", "t3"])


def in_it(question):
    number = max(question.own)
    line = TALK.lines[number - 1]
    return proof(number, line.text or line.message.tool_calls[0].arguments)


def test_instructions_from_long_before_are_shown_with_a_turn():
    _, asked = drive(LONG, replace(RATING, by_turn=True), lambda question: rated(1, proof(1, "be nice")))
    assert (1 in asked[-1].shown and 2 in asked[-1].shown) or 1 in asked[-1].shown
    assert min(asked[-1].shown - {1}) == 60 - 8


def test_of_a_long_session_the_judge_makes_one_answer_of_its_own():
    def answer(question):
        whole = "too long to be shown at once" in question.messages[1]["content"]
        return rated(0.9 if whole else 0.1, proof(1, "be nice"))

    judged, asked = drive(LONG, RATING, answer)
    assert (judged.value, len(asked)) == (0.9, 4)
    line = json.loads(asked[-1].messages[1]["content"].split("\n")[1])
    assert (line["messages"][0], json.loads(line["answer"])["score"]) == (1, 0.1)


def test_void_answers_are_not_given_to_it():
    def answer(question):
        return rated(0.9, proof(1, "not there" if question.place.window == 0 else "be nice"))

    judged, asked = drive(LONG, RATING, answer)
    assert (judged.value, asked[-1].messages[1]["content"].count('"answer"')) == (0.9, 2)


def test_or_the_worst_counts_or_items_are_put_together():
    scores = iter([0.9, 0.2, 0.7])
    judged, _ = drive(LONG, replace(RATING, merge=WORST), lambda question: rated(next(scores), proof(1, "be nice")))
    assert judged.value == 0.2
    items = Criterion("i", 1, "?", statuses={"good": 1.0, "bad": 0.0}, merge=ADD)

    def answer(question):
        first, _ = own_of(question)
        number = max(first, 3)
        number += number % 2 == 0
        text = LONG.lines[number - 1].text
        return listed(proof(number, text, status="good"), proof(1, "be nice", status="bad"))

    judged, _ = drive(LONG, items, answer)
    assert judged.counts["statuses"] == {"bad": 1, "good": 3}


def test_another_model_other_words_or_votes_are_another_setting():
    settings = {
        name_setting(RATING, "m", 1),
        name_setting(RATING, "n", 1),
        name_setting(RATING, "m", 3),
        name_setting(replace(RATING, words="?"), "m", 1),
    }
    assert len(settings) == 4
