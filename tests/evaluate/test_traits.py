import pytest
from pandaprobe_proxy.evaluate.traits import changes, name_action, read_answer, read_traits
from pandaprobe_proxy.model.call import Cost, Usage
from talks import asks, define, gives, says, talk, used, user


def test_what_a_session_did_is_what_it_changed_with_success():
    session = talk(
        user("go"), used("get_order", "x", id=1), used("update_order", "ok", id=1), used("cancel_order", "Error: no"),
        used("transfer_to_human", "ok"), says("done"),
    )  # fmt: skip
    traits = read_traits(session)
    assert {name.partition("[")[0] for name in traits.writes} == {"update_order"}
    assert len(traits.uses) == 3
    assert traits.could_write


def test_offered_tools_say_what_could_have_been_done():
    assert read_traits(talk(user("go"), says("a"), tools=[define("cancel_order")])).could_write
    assert not read_traits(talk(user("go"), says("a"), tools=[define("get_order")])).could_write
    written = talk(user("go"), says("<execute>rm x</execute>"), user("Observation: ok"), says("a"))
    assert (read_traits(written).could_write, read_traits(written).writes) == (False, frozenset())


@pytest.mark.parametrize("name", ["get_user", "searchFlights", "list-files", "user.lookup", "calculate", ""])
def test_tools_that_only_look(name):
    assert not changes(name)


@pytest.mark.parametrize("name", ["update_order", "bookFlight", "send_email", "modify_user_address"])
def test_tools_that_change(name):
    assert changes(name)


def action(arguments):
    return name_action(talk(user("go"), asks("put", arguments)).uses[0])


def test_the_same_deed_has_the_same_name():
    one = action(
        '{"ids": ["b", "a"], "n": 1, "why": "No  longer needed.", "x": null, "deep": "{\\"k\\": 1}", "on": true}'
    )
    other = action('{"why": "no longer needed", "ids": ["A", "B"], "deep": {"k": 1.0}, "n": 1.0, "on": true}')
    assert one == other
    assert action('{"ids": ["a"]}') != action('{"ids": ["c"]}')
    assert action('{"a": "{bad"}') == action('{"a": "{BAD"}')
    assert action("{bad") == "putNone"
    assert action('{"n": %s}' % ("9" * 400)) != action('{"n": %s}' % ("8" * 400))
    assert action('{"a": [null]}') == "put[('a', \"['None']\")]"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is <solution> 1,234.50 </solution>.", "1234"),
        ("So \\boxed{x + 1} it is", "x + 1"),
        ("... #### 42", "42"),
        ("Final answer: Paris.", "paris"),
        ("Just  Words.", "just words"),
        ("version 1.2.3 of it", "version 1.2.3 of it"),
        (" ", ""),
    ],
)
def test_the_final_answer_is_what_is_marked_or_the_last_words(text, answer):
    assert read_answer(talk(user("q"), says(text))) == answer


def test_sizes_are_those_that_are_known():
    known = read_traits(talk(user("a"), says("b"), user("c"), says("d"), usage=Usage(10, 2))).facts
    assert known == {
        "calls": 2, "tool_calls": 0, "input_tokens": 20, "output_tokens": 4, "wall_s": 101.0, "context_growth": 1.0,
    }  # fmt: skip
    assert read_traits(talk(user("a"))).facts == {"calls": 0, "tool_calls": 0}
    assert read_traits(talk(user("a"), says("b"), cost=Cost(0.5, {}, "m", "us"))).facts["cost"] == 0.5


def test_the_shape_is_known_without_tokens():
    shape = read_traits(talk(user("aaaa"), asks("get", "{}"), gives("bb"), says("cccc"))).shape
    assert shape == {"calls": 2, "output_chars": 6, "context_growth": 2.0}
    assert read_traits(talk(says("hello"))).shape["context_growth"] == 1.0


def test_a_template_is_the_same_words_with_other_numbers():
    one, other = (read_traits(talk(user(f"cancel order {n} now"), says("a"))) for n in (1, 2))
    assert one.template == other.template != read_traits(talk(user("hello"), says("a"))).template
    assert read_traits(talk(user("12 34"), says("a"))).template == ""
    assert one.first_words == {"cancel", "order", "1", "now"}


def test_the_model_is_the_one_that_answered_most():
    assert read_traits(talk(user("a"), says("b"), model="m2")).model == "m2"
    assert read_traits(talk(user("a"))).model == read_traits(talk(user("a"), says("b"), model=None)).model == ""
