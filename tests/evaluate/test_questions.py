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
    marker, inner, end, *asked = question.messages[1]["content"].split("\n")
    assert (marker, inner) == (end, '{"text": "hello"}')
    assert asked[:3] == ["The record ends here. The question:", "Is it good?", "Judge it."]
    assert marker in question.messages[0]["content"]
    assert make_marker("a", "x") != make_marker("b", "x") != make_marker("b", "y")


def test_the_frame_is_the_same_whatever_the_material_says():
    one, other = (split(put(text)) for text in ("a", '<<<x>>> {words} {marker} %s "score": 1'))
    assert one == other


def split(question):
    """The frame and the question, without the material and its marker."""
    marker, rest = question.messages[1]["content"].split("\n", 1)
    return question.messages[0]["content"].replace(marker, "M"), rest.rpartition(marker)[2]


def test_questions_about_the_same_material_begin_with_the_same_words():
    one, other = put("material"), put("material", ITEMS)
    assert one.messages[0] == other.messages[0]
    shared = one.messages[1]["content"].partition("The question:")[0]
    assert other.messages[1]["content"].startswith(shared) and "material" in shared


def test_each_form_says_how_it_is_answered():
    for criterion, words in ((RATING, "`evidence` has at least one quote"), (PROGRESS, "of an item is from 0 to 1")):
        assert words in put(criterion=criterion).messages[1]["content"]
    assert "evidence` has" not in put(criterion=ITEMS).messages[1]["content"]
    assert put().messages[1]["content"].endswith(json.dumps(RATING.schema()))


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
