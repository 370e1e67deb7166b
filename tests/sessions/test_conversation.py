"""Each message once, with the call that brought it; by place and not by text."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.call import Call, Message, ToolCall
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import Step

SYSTEM = Message("system", "be brief")


def user(text):
    return Message("user", text)


def says(text):
    return Message("assistant", text)


def step(call_id, *messages, answers=("",), operation="chat", **known):
    output = tuple(says(text) for text in answers if text)
    return Step(call_id, 0, 1, Call("d", 1, operation, input=messages, output=output), **known)


def told(*steps):
    """(call, new messages, answers, after, branch) of each."""
    return [
        (
            addition.call_id,
            [message.text for message in (*addition.held, *addition.said)],
            [message.text for message in addition.answers],
            addition.after,
            addition.branch,
        )
        for addition in merge(steps)
    ]


class TestLine:
    def test_a_message_is_told_by_the_call_that_brought_it(self):
        one = step("1", SYSTEM, user("a"), answers=["b"])
        two = step("2", SYSTEM, user("a"), says("b"), user("c"), answers=["d"])
        assert told(one, two) == [("1", ["be brief", "a"], ["b"], None, 1), ("2", ["c"], ["d"], "1", 1)]

    def test_who_says_the_same_twice_has_said_it_twice(self):
        one = step("1", user("yes"), answers=["ok"])
        two = step("2", user("yes"), says("ok"), user("yes"), answers=["ok"])
        three = step("3", user("yes"), says("ok"), user("yes"), says("ok"), user("yes"), answers=["done"])
        assert [line[1:4] for line in told(one, two, three)] == [
            (["yes"], ["ok"], None),
            (["yes"], ["ok"], "1"),
            (["yes"], ["done"], "2"),
        ]

    def test_instructions_that_change_are_told_and_begin_nothing(self):
        one = step("1", SYSTEM, user("a"), answers=["b"])
        two = step("2", Message("developer", "be long"), user("a"), says("b"), user("c"))
        three = step("3", SYSTEM, user("a"), says("b"), user("c"), answers=["d"])
        lines = told(one, two, three)
        assert [line[1] for line in lines] == [["be brief", "a"], ["be long", "c"], []]
        assert [line[4] for line in lines] == [1, 1, 1]

    def test_a_call_without_an_answer_is_gone_on_with_by_the_one_that_asks_again(self):
        asked = step("1", user("a")), step("2", user("a")), step("3", user("a"), answers=["b"])
        assert told(*asked) == [("1", ["a"], [], None, 1), ("2", [], [], "1", 1), ("3", [], ["b"], "1", 1)]

    def test_any_of_several_choices_may_be_gone_on_with(self):
        one = step("1", user("a"), answers=["x", "y"])
        two = step("2", user("a"), says("y"), user("c"))
        assert told(one, two)[1] == ("2", ["c"], [], "1", 1)

    def test_what_the_provider_held_is_known_from_the_calls_that_brought_it(self):
        one = step("1", user("a"), answers=["b"])
        two = step("2", user("a"), answers=["c"], history=(user("a"), says("b")))
        assert told(one, two)[1] == ("2", ["a"], ["c"], "1", 1)

    def test_what_the_provider_held_of_another_session_is_told_apart(self):
        (addition,) = merge([step("2", SYSTEM, user("c"), history=(SYSTEM, user("a"), says("b")))])
        assert [message.text for message in addition.held] == ["a", "b"]
        assert [message.text for message in addition.said] == ["be brief", "c"]

    def test_instructions_that_only_what_was_held_states_are_told_once(self):
        warmed = (SYSTEM, user("a"))
        one, two = merge(
            [step("1", user("b"), history=warmed), step("2", user("c"), history=(*warmed, user("b"), says("x")))]
        )
        assert [message.text for message in (*one.held, *one.said)] == ["be brief", "a", "b"]
        assert SYSTEM not in two.held


class TestBranches:
    def test_another_answer_to_the_same_is_a_branch(self):
        lines = told(
            step("1", user("a"), answers=["b"]),
            step("2", user("a"), answers=["c"]),
            step("3", user("a"), says("c"), user("d"), answers=["e"]),
            step("4", user("a"), says("b"), user("d"), answers=["f"]),
        )
        assert [line[1:] for line in lines] == [
            (["a"], ["b"], None, 1),
            ([], ["c"], "1", 2),
            (["d"], ["e"], "2", 2),
            (["d"], ["f"], "1", 1),
        ]

    def test_a_message_that_was_edited_is_a_branch(self):
        lines = told(
            step("1", user("a"), answers=["b"]),
            step("2", user("a"), says("b"), user("c"), answers=["d"]),
            step("3", user("a"), says("b"), user("C"), answers=["e"]),
        )
        assert [line[3:] for line in lines] == [(None, 1), ("1", 1), ("1", 2)]

    def test_a_conversation_of_its_own_begins_another_line(self):
        lines = told(step("1", user("a"), answers=["b"]), step("2", user("x"), answers=["y"]))
        assert [line[3:] for line in lines] == [(None, 1), (None, 2)]

    def test_the_same_answer_again_is_shown_again(self):
        lines = told(step("1", user("a"), answers=["b"]), step("2", user("a"), answers=["b"]))
        assert lines[1] == ("2", [], ["b"], "1", 2)


class TestRewritten:
    """Histories that are not the ones their answers were given to, joined by the call that they follow."""

    LONG = (user("a"), says("b"), user("c"))

    def test_a_history_that_was_trimmed_brings_only_what_is_new(self):
        lines = told(
            step("1", user("a"), answers=["b"]),
            step("2", *self.LONG, answers=["d"]),
            step("3", user("c"), says("d"), user("e"), answers=["f"], follows="2"),
            step("4", user("c"), says("d"), user("e"), says("f"), user("g"), answers=["h"], follows="3"),
        )
        assert lines[2:] == [("3", ["e"], ["f"], "2", 1), ("4", ["g"], ["h"], "3", 1)]

    def test_a_summary_is_new_once(self):
        lines = told(
            step("1", *self.LONG, answers=["d"]),
            step("2", user("sum"), user("c"), says("d"), user("e"), answers=["f"], follows="1"),
            step("3", user("sum"), user("c"), says("d"), user("e"), says("f"), user("g"), follows="2"),
        )
        assert lines[1:] == [("2", ["sum", "e"], ["f"], "1", 1), ("3", ["g"], [], "2", 1)]

    def test_a_call_that_shows_nothing_of_the_answer_goes_on_after_it(self):
        lines = told(
            step("1", user("a"), answers=["b"]),
            step("2", user("a"), says("B, as the app tells it"), user("c"), answers=["d"], follows="1"),
        )
        assert lines[1] == ("2", ["B, as the app tells it", "c"], ["d"], "1", 1)

    def test_a_trimmed_history_may_branch_too(self):
        lines = told(
            step("1", user("a"), answers=["b"]),
            step("2", user("a"), says("b"), user("c"), answers=["d"]),
            step("3", user("A"), says("b"), user("c"), answers=["e"], follows="1"),
            step("4", user("A"), says("b"), user("c"), says("e"), user("f"), follows="3"),
        )
        assert lines[2:] == [("3", ["A"], ["e"], "2", 2), ("4", ["f"], [], "3", 2)]

    def test_what_follows_a_call_of_another_session_begins_here(self):
        assert told(step("2", user("a"), says("b"), user("c"), follows="elsewhere"))[0][1:] == (
            ["a", "b", "c"], [], None, 1,
        )  # fmt: skip


class TestBeside:
    def test_what_is_no_conversation_shows_what_it_has(self):
        embedding = step("1", user("text"), operation="embeddings")
        count = step("2", user("a"), operation="count_tokens")
        unknown = Step("3", 0, 1, None)
        chat = step("4", user("a"), answers=["b"])
        assert [(line[1], line[4]) for line in told(embedding, count, unknown, chat)] == [
            (["text"], 0),
            ([], 0),
            ([], 0),
            (["a"], 1),
        ]


TOOL = Message("assistant", tool_calls=(ToolCall("t1", "f", "{}"),))
ALPHABET = (user("y"), user("n"), Message("tool", "r", tool_call_id="t1"))


@given(st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_the_additions_of_a_line_are_the_line(asked, tools):
    """However often it says the same, what its calls add is in all just what was said."""
    line, steps = [], []
    for number, (message, tool) in enumerate(zip(asked, tools, strict=False)):
        line.append(message)
        answer = TOOL if tool else says("ok")
        steps.append(Step(str(number), number, number, Call("d", 1, "chat", input=tuple(line), output=(answer,))))
        line.append(answer)
    additions = merge(steps)
    assert list(itertools.chain.from_iterable((*one.said, *one.answers) for one in additions)) == line
    assert {one.branch for one in additions} == {1}
