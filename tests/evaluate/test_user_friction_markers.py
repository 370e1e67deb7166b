import pytest
from pandaprobe_proxy.evaluate.user_friction_markers import evaluate
from talks import proofs, says, talk, user


@pytest.mark.parametrize(
    "text", ["No, that's not what I asked for", "I already told you my id", "That is wrong.", "This is ridiculous"]
)
def test_corrections_are_events_and_no_value(text):
    judged = evaluate(talk(user("hi"), says("a"), user(text), says("b")))
    assert (judged.value, judged.label, judged.counts["corrections"]) == (None, "1 markers", 1)
    assert proofs(judged) == [3]


def test_the_first_message_corrects_nothing():
    assert evaluate(talk(user("That is wrong."), says("a"))).counts["corrections"] == 0


def test_a_user_who_says_the_same_again_is_an_event():
    text = "please cancel my order number five now"
    judged = evaluate(
        talk(user(text), says("a"), user(f"{text} please"), says("b"), user("yes"), says("c"), user("yes"), says("d"))
    )
    assert (judged.counts["repeats"], judged.evidence[0].detail) == (1, "the user says message 1 again")


def test_documents_are_no_talk():
    assert evaluate(talk(user("hi"), says("a"), user("incorrect " * 500), says("b"))).counts["user_messages"] == 1
