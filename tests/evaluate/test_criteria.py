import pytest
from pandaprobe_proxy.evaluate.criteria import Criterion, make_rubric, name_words
from pandaprobe_proxy.evaluate.json_schema import find_violations

ITEMS = Criterion("c", 1, "?", statuses={"good": 1.0, "bad": 0.0})
TURNS = Criterion("c", 1, "?", progress=True)
RATING = Criterion("c", 1, "?", finds=("task",))
PROOF = {"message": 1, "quote": "x"}
END = {"reason": "", "verdict": "judged", "confidence": 1}


def wrong(criterion, told):
    return list(find_violations(told, criterion.schema()))


def test_each_form_has_a_schema_of_its_own_and_is_strict():
    assert wrong(ITEMS, {"items": [{"what": "", **PROOF, "status": "good"}], **END}) == []
    assert wrong(ITEMS, {"items": [{"what": "", **PROOF, "status": "best"}], **END})
    assert wrong(TURNS, {"items": [{"what": "", "turn": 1, **PROOF, "score": 0.5}], **END}) == []
    assert wrong(RATING, {"task": "", "evidence": [PROOF], **END, "score": 1}) == []
    assert wrong(RATING, {"evidence": [PROOF], **END, "score": 1}) == ["task is missing"]
    assert wrong(RATING, {"task": "", "evidence": [PROOF], **END, "score": 1, "more": 1}) == ["more is not defined"]
    assert (ITEMS.lists, TURNS.lists, RATING.lists) == (True, True, False)


def test_a_rubric_is_named_after_its_file_and_asked_in_its_words():
    rubric = make_rubric("is it polite?.md", " Was it polite? \n")
    assert (rubric.name, rubric.words.endswith("\n\nWas it polite?")) == ("is_it_polite", True)


@pytest.mark.parametrize(("name", "text"), [("a.md", " "), ("?.md", "x"), ("a.md", "x" * 20_001)])
def test_one_that_says_nothing_or_too_much_is_refused(name, text):
    with pytest.raises(ValueError, match="a rubric"):
        make_rubric(name, text)


def test_other_words_are_another_question():
    assert name_words(ITEMS) == name_words(Criterion("d", 2, "?", statuses={"good": 1.0, "bad": 0.0}))
    assert len({name_words(one) for one in (ITEMS, TURNS, RATING, make_rubric("a.md", "x"))}) == 4


def test_nothing_is_skipped_unless_it_says_so():
    assert ITEMS.skip(None) == ""
