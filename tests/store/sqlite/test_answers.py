from dataclasses import replace

from pandaprobe_proxy.model.correction import Correction, CorrectionKind
from pandaprobe_proxy.store.answers import Answer
from records import START_NS, make_record

ANSWER = Answer("q1", "s-1", "goal_completion", "judge-1", '{"score": 1}', 7, 12, 100, 5, 0.25)


def known(place, *names):
    return place.reader().answers(names or ["q1", "q2"])


def test_an_answer_is_read_back_by_its_question(place):
    place.put(make_record())
    assert place.writer.put_answers([ANSWER, replace(ANSWER, asked="q2", cost=None, input_tokens=None)]) == 2
    assert known(place) == {"q1": ANSWER, "q2": replace(ANSWER, asked="q2", cost=None, input_tokens=None)}
    assert known(place, "q3") == {}


def test_a_later_answer_stands_in_the_stead_of_an_older_one(place):
    place.put(make_record())
    place.writer.put_answers([ANSWER])
    assert place.writer.put_answers([replace(ANSWER, text="better")]) == 1
    assert known(place)["q1"].text == "better"


def test_answers_go_with_their_session_and_are_not_kept_of_one_that_is_gone(place):
    place.put(make_record())
    place.writer.put_answers([ANSWER])
    place.writer.delete_session("s-1")
    assert known(place) == {}
    assert place.writer.put_answers([ANSWER]) == 0


def test_they_go_when_a_call_of_their_session_goes_to_another(place):
    (record, _) = place.put(make_record(), make_record(at_ns=START_NS + 1))
    place.writer.put_answers([ANSWER])
    place.writer.correct(Correction(CorrectionKind.ASSIGN, "other", calls=(record.opened.id,)))
    assert known(place) == {}
