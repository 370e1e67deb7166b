from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.sessions.steps import Step, fold

CALL = Call("d", 1, "chat")


def step(call_id, **known):
    return Step(call_id, 0, 1, CALL, **known)


def ids(*steps):
    return [step.call_id for step in fold(steps)]


def test_of_tries_the_newest_tells():
    assert ids(step("a"), step("b", attempt_of="a"), step("x"), step("c", attempt_of="a")) == ["x", "c"]


def test_a_try_whose_first_one_is_elsewhere_stands_alone():
    assert ids(step("b", attempt_of="gone"), step("x")) == ["b", "x"]


def test_what_fetched_an_answer_is_told_of_by_the_call_that_asked():
    assert ids(step("a"), step("b", retrieves="a"), step("c", retrieves="gone")) == ["a", "c"]
