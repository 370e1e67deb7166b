import pytest
from pandaprobe_proxy.evaluate.assertions import judge, read_assertions
from pandaprobe_proxy.model.call import Usage
from talks import proofs, says, talk, used, user

SESSION = talk(
    user("go"),
    used("get_order", "x", id=1),
    used("cancel_order", "ok", id=1),
    says('{"done": true}'),
    usage=Usage(10, 5),
)


def check(**what):
    return judge(SESSION, read_assertions([{"name": "a", **what}]))


@pytest.mark.parametrize(
    "what",
    [
        {"must_call": "cancel_order", "arguments": {"id": 1}},
        {"never_call": "cancel_order", "arguments": {"id": 2}},
        {"never_call": "refund"},
        {"in_order": ["get_order", "cancel_order"]},
        {"must_say": "done", "never_say": "sorry"},
        {"answer_schema": {"type": "object", "required": ["done"]}},
        {"max_calls": 3, "max_output_tokens": 15, "max_cost": 1},
    ],
)
def test_what_holds(what):
    judged = check(**what)
    assert (judged.value, judged.label, judged.counts["a"]) == (1.0, "all 1 hold", "pass")


@pytest.mark.parametrize(
    ("what", "number", "detail"),
    [
        ({"must_call": "refund"}, 6, "a: refund is not called"),
        ({"must_call": "cancel_order", "arguments": {"id": 2}}, 6, "a: cancel_order is not called"),
        ({"never_call": "cancel_order"}, 4, "a: cancel_order is called"),
        ({"in_order": ["cancel_order", "get_order"]}, 6, "a: not in order: cancel_order, get_order"),
        ({"must_say": "sorry"}, 6, "a: 'sorry' is never said"),
        ({"never_say": "do.e"}, 6, "a: this is said"),
        ({"answer_schema": {"required": ["id"]}}, 6, "a: id is missing"),
        ({"max_calls": 2}, 6, "a: calls is 3, over 2"),
    ],
)
def test_what_does_not_hold_is_cited(what, number, detail):
    judged = check(**what)
    assert (judged.value, judged.label, proofs(judged)) == (0.0, "broken: a", [number])
    assert judged.evidence[0].detail == detail


def test_an_answer_that_is_no_json_breaks_its_schema():
    asserted = read_assertions({"assertions": [{"name": "a", "answer_schema": {}}, {"name": "b", "never_say": "x"}]})
    judged = judge(talk(user("go"), says("words")), asserted)
    assert (judged.value, judged.evidence[0].detail) == (0.5, "a: the final answer is no JSON")
    assert judge(talk(user("go"), used("get", "x")), asserted).counts["a"] == "fail"


def test_without_assertions_or_calls_there_is_nothing_to_say():
    assert judge(SESSION, ()).value is None
    assert judge(talk(user("go")), read_assertions([{"name": "a", "must_call": "x"}])).value is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("odd", "assertions are a list"),
        ([{}], "assertion 1 has no name"),
        ([{"name": "a", "must_do": "x"}], "'a' asks for 'must_do', which there is not"),
        ([{"name": "a", "max_fun": 1}], "'a' asks for 'fun', which there is not"),
        ([{"name": "a"}], "'a' asks for nothing"),
        ([{"name": "a", "must_call": 1}], "'a' has a value of the wrong type"),
        ([{"name": "a", "in_order": "get"}], "'a' has a value of the wrong type"),
        ([{"name": "a", "max_calls": "3"}], "'a' has a value of the wrong type"),
        ([{"name": "a", "must_say": "("}], r"'a' has no regular expression in '\('"),
    ],
)
def test_what_is_no_assertion_says_why(given, said):
    with pytest.raises(ValueError, match=said):
        read_assertions(given)
