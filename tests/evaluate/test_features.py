from pandaprobe_proxy.evaluate.features import AGREEMENT, read_features, read_words
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.call import Usage
from talks import asks, says, talk, used, user


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


def words(session):
    return read_words(session, read_traits(session))


def test_words_say_who_said_them_and_numbers_count_by_their_length():
    said = words(talk(user("Cancel 17 of 123456"), used("get_order", "ok"), says("Done!"), model="gpt"))
    assert said[:3] == ["model gpt"] * 3
    assert said[3:7] == ["asked cancel", "asked 00", "asked of", "asked 0000"]
    assert said[7:] == ["said done", "last done", "used get_order", "used get_order well"]


def test_a_tool_that_failed_was_used_in_vain_and_silence_has_no_words():
    assert words(talk(user("x"), used("get", "Error: no"), says("")))[-2:] == ["used get", "used get in vain"]
    assert words(talk()) == ["model "] * 3


def test_the_answer_is_held_against_the_results():
    ended = features(
        talk(user("go 17"), used("get", "42.5"), used("get", "nothing"), says("<solution>42.5</solution>"))
    )
    assert (ended["number_in_results"], ended["number_in_last_result"]) == (1.0, 0.0)
    assert (ended["is_marked"], ended["has_number"], ended["has_fraction"], ended["no_results"]) == (1.0, 1.0, 1.0, 0.0)
    bare = features(talk(user("go"), says("Well"), asks("get")))
    assert (bare["number_in_results"], bare["last_result_chars"], bare["has_fraction"]) == (None, None, 0.0)
    assert (bare["ends_on_a_use"], bare["no_results"]) == (1.0, 1.0)
