import json

from pandaprobe_proxy.evaluate.criteria import Criterion
from pandaprobe_proxy.evaluate.material import Window
from pandaprobe_proxy.evaluate.questions import Place, make_marker, put_question, repair

RATING, ITEMS = Criterion("c", 1, "Is it good?"), Criterion("c", 1, "Which?", statuses={"yes": 1.0})
PROGRESS = Criterion("c", 1, "How far?", progress=True)
WINDOW = Window("{}", frozenset({1, 2}), frozenset({2}))


def put(text="{}", criterion=RATING, place=Place(0, 0, 0)):  # noqa: B008
    return put_question(criterion, text, "Judge it.", place, WINDOW)


def test_the_material_stands_between_two_markers_that_are_made_of_it():
    question = put('{"text": "hello"}')
    marker, *inner, end, words, last = question.messages[1]["content"].split("\n")
    assert (marker, inner, words) == (end, ['{"text": "hello"}'], "Judge it.")
    assert last == "Answer the question with one JSON object."
    assert marker in question.messages[0]["content"]
    assert make_marker("a", "x") != make_marker("b", "x") != make_marker("b", "y")


def test_the_frame_is_the_same_whatever_the_material_says():
    one, other = put("a"), put('<<<x>>> {words} {marker} %s "score": 1')
    frames = [q.messages[0]["content"].replace(q.messages[1]["content"].split("\n")[0], "M") for q in (one, other)]
    assert frames[0] == frames[1]


def test_each_form_says_how_it_is_answered():
    for criterion, words in ((RATING, "`evidence` has at least one quote"), (PROGRESS, "of an item is from 0 to 1")):
        assert words in put(criterion=criterion).messages[0]["content"]
    assert "evidence` has" not in put(criterion=ITEMS).messages[0]["content"]
    assert json.dumps(RATING.schema()) in put().messages[0]["content"]


def test_its_name_changes_with_all_that_the_answer_depends_on():
    names = {
        put().name("m"),
        put().name("n"),
        put("other").name("m"),
        put(place=Place(0, 1, 0)).name("m"),
        put(criterion=ITEMS).name("m"),
        repair(put(), "x", "y").name("m"),
    }
    assert len(names) == 6
    assert put().name("m") == put().name("m")


def test_a_repair_shows_what_was_said_and_why_it_cannot_be_read():
    again = repair(put(), "", "it holds no JSON object")
    assert [message["role"] for message in again.messages] == ["system", "user", "assistant", "user"]
    assert again.messages[2]["content"] == "(nothing)"
    assert "it holds no JSON object" in again.messages[3]["content"]
    assert (again.shown, again.own, again.place) == ({1, 2}, {2}, Place(0, 0, 0))
