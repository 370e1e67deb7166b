import pytest
from pandaprobe_proxy.evaluate.labels import find_problem, guess_type, read_label, read_value, stand
from pandaprobe_proxy.model.score import Score


def score(number, value="1", data_type="NUMERIC", **more):
    return Score(str(number), more.pop("name", "helpful"), value, data_type, number, **more)


def test_the_last_of_each_author_for_each_target_stands():
    anna, later = score(1, session_id="s", author="anna"), score(3, session_id="s", author="anna")
    ben, trace = score(2, session_id="s", author="ben"), score(4, trace_id="t", author="anna")
    other = score(5, session_id="s", author="anna", name="polite")
    assert stand([anna, ben, later, trace, other]) == [ben, later, trace, other]


@pytest.mark.parametrize(
    ("value", "data_type", "number"),
    [
        ("0.25", "NUMERIC", 0.25),
        ("true", "BOOLEAN", 1.0),
        ("false", "BOOLEAN", 0.0),
        ("Passed", "CATEGORICAL", 1.0),
        ("wrong", "CATEGORICAL", 0.0),
        ("blue", "CATEGORICAL", None),
    ],
)
def test_a_score_is_read_as_a_number_where_it_says_good_or_bad(value, data_type, number):
    assert read_value(score(1, value, data_type)) == number


def test_a_label_may_have_spaces_around():
    assert (read_label(" good "), read_label("no"), read_label("so-so")) == (1.0, 0.0, None)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("0.5", "NUMERIC"), ("-3", "NUMERIC"), ("True", "BOOLEAN"), ("nan", "CATEGORICAL"), ("ok", "CATEGORICAL")],
)
def test_what_a_value_is_shows(value, kind):
    assert guess_type(value) == kind


@pytest.mark.parametrize(
    ("value", "kind", "problem"),
    [
        ("maybe", "BOOLEAN", "a BOOLEAN is true or false"),
        ("true", "BOOLEAN", ""),
        ("inf", "NUMERIC", "a NUMERIC is a finite number"),
        ("much", "NUMERIC", "a NUMERIC is a number, as text"),
        ("1", "NUMERIC", ""),
        (" ", "CATEGORICAL", "a CATEGORICAL is a word or more"),
        ("blue", "CATEGORICAL", ""),
    ],
)
def test_a_value_that_is_none_of_its_type_says_why(value, kind, problem):
    assert find_problem(value, kind) == problem
