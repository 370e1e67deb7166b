import pytest
from pandaprobe_proxy.evaluate.completion_integrity import evaluate
from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.model.call import Call, CallError, Message
from talks import asks, gives, proofs, says, talk, used, user


def ends(**call):
    return gather(About("s"), [Told("t", "k", 1, 2, Call("d", 1, "chat", **call), (user("a"),))])


def test_an_answer_in_words_is_an_end():
    judged = evaluate(talk(user("a"), used("get", "x"), says("done")))
    assert (judged.value, judged.label, judged.evidence) == (1.0, "ended", ())


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens"])
def test_an_answer_cut_at_its_limit_is_none(reason):
    judged = evaluate(talk(user("a"), says("half of", finish=reason), user("go on"), says("done")))
    assert (judged.value, judged.label, proofs(judged)) == (0.0, "truncated", [2])


def test_a_tool_that_nothing_answers_is_none():
    judged = evaluate(talk(user("a"), asks("get")))
    assert (judged.value, judged.label, proofs(judged)) == (0.0, "stops on a tool call", [2])


def test_unless_it_is_how_the_agent_ends_or_what_the_app_forced():
    assert evaluate(talk(user("a"), asks("transfer_to_human"))).value == 1
    forced = {"type": "function", "function": {"name": "extract"}}
    for choice in (forced, "required", "any"):
        assert evaluate(talk(user("a"), asks("extract"), parameters={"tool_choice": choice})).value == 1
    assert evaluate(talk(user("a"), asks("extract"), parameters={"tool_choice": "auto"})).value == 0


@pytest.mark.parametrize(
    ("call", "label"),
    [
        ({"error": CallError("overloaded")}, "provider error"),
        ({"partial": True, "output": (says("ha", None),)}, "broken off"),
        ({"output": ()}, "empty"),
        ({"output": (Message("assistant", ""),)}, "empty"),
    ],
)
def test_a_last_call_without_an_answer_is_none(call, label):
    judged = evaluate(ends(**call))
    assert (judged.value, judged.label, judged.counts) == (0.0, label, {label: 1})


def test_a_refusal_says_something_and_what_is_pending_may_yet():
    assert evaluate(ends(output=(Message("assistant", None, refusal="no"),))).value == 1
    assert evaluate(ends(pending=True)).value == 1


def test_without_a_call_there_is_nothing_to_say():
    assert evaluate(talk(user("a"), gives("x"))).value is None
