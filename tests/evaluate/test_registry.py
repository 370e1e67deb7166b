import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.evaluate.assertions import read_assertions
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import EVALUATORS, Setting, choose, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.call import Usage
from talks import asks, define, gives, says, system, talk, used, user

RICH = talk(
    user("order A17 please"), used("get_order", '{"id": "A17", "price": 152.50, "item": "keyboard"}', id="A17"),
    used("update_order", "Error: no", id="B99"), says("The keyboard costs $152.50."), user("no, that is wrong"),
    says("The keyboard costs $99.10."), tools=[define("get_order", id={"type": "string"})], usage=Usage(10, 5),
    task_id="x",
)  # fmt: skip
SETTING = Setting(
    Peers([read_traits(RICH), read_traits(talk(user("go"), says("a"), session_id="2", task_id="x"))]),
    {"calls": 3},
    read_assertions([{"name": "a", "never_call": "update_order"}]),
    {"t1": {"confidence": 0.5}},
)


def judged(session, setting=SETTING):
    return list(judge_all(session, read_traits(session), setting))


def test_each_evaluator_has_a_name_of_its_own_and_judges_under_it():
    names = [evaluator.name for evaluator in EVALUATORS]
    assert len(set(names)) == len(names)
    assert [(one.name, one.version) for one in judged(RICH)] == [(one.name, one.version) for one in EVALUATORS]


@pytest.mark.parametrize("session", [RICH, talk(), talk(user("hi"))], ids=["rich", "empty", "no call"])
def test_a_value_is_from_0_to_1_or_null_and_evidence_names_what_is_there(session):
    for one in judged(session):
        assert one.value is None or 0 <= one.value <= 1
        assert one.label
        for quote in one.evidence:
            assert quote.message <= len(session.lines)


@pytest.mark.parametrize("session", [talk(), talk(user("hi"))], ids=["empty", "no call"])
def test_no_evidence_is_never_a_good_score(session):
    alone = [one for one in judged(session, Setting()) if one.value is not None]
    assert alone == []


def test_the_same_session_is_judged_the_same():
    assert judged(RICH) == judged(RICH)


TEXT = st.text(max_size=60) | st.sampled_from(
    [
        " " * 9999,
        "\n" * 9999,
        "9" * 999,
        "<execute>" * 999,
        "Error: " * 99,
        "{" * 99,
        '{"a": NaN}',
        "$1,2.3.4 ending in 5",
    ]
)


@given(st.lists(st.tuples(st.sampled_from(["user", "says", "asks", "system"]), TEXT, TEXT), max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_is_judged(said):
    messages = []
    for kind, text, other in said:
        told = {"user": user, "says": says, "system": system}.get(kind)
        messages += [told(text)] if told else [asks("get", text), gives(other)]
    for one in judged(talk(*messages, tools=[define("get")])):
        assert one.value is None or 0 <= one.value <= 1


def test_evaluators_are_chosen_by_name():
    assert [one.name for one in choose(["risk", "loops"])] == ["risk", "loops"]
    assert choose([]) == EVALUATORS
    with pytest.raises(KeyError):
        choose(["luck"])
