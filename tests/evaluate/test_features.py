from pandaprobe_proxy.evaluate.features import AGREEMENT, read_features
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.call import Usage
from talks import says, talk, used, user


def features(session):
    traits = read_traits(session)
    return read_features(session, traits, judge_all(session, traits, Setting()))


def test_every_session_has_the_same_features_in_the_same_order():
    rich = features(
        talk(user("go 17"), used("get", "Error: no", id="A17"), says("But 42, however?"), usage=Usage(1, 2))
    )
    poor = features(talk(user("hi")))
    assert list(rich) == list(poor)
    assert list(rich)[-1] == AGREEMENT


def test_what_is_not_known_is_none_and_said_to_be_so():
    poor = features(talk(user("hi"), says("42")))
    assert (poor["tool_errors"], poor["tool_errors_unknown"], poor["output_tokens"], poor[AGREEMENT]) == (
        None,
        1.0,
        None,
        None,
    )
    assert poor["final_is_number"] == 1.0


def test_words_and_uses_are_counted():
    rich = features(talk(user("go"), used("update_order", "ok", id=1), says("Sorry, but maybe?"), usage=Usage(1, 2)))
    assert (rich["last_asks"], rich["hedges"], rich["no_writes"], rich["tools_per_call"]) == (1.0, 1.5, 0.0, 0.5)
    assert rich["tool_errors"] == 1.0


def test_a_session_without_anything_has_zeros():
    empty = features(talk())
    assert (empty["asked_chars"], empty["last_chars"], empty["digits"], empty["result_chars"]) == (0, 0, 0, 0)
