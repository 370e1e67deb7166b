import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.call import PREWARM, Call, CallError, Message, ToolCall, Turn
from pandaprobe_proxy.model.evidence import NO_EVIDENCE, Kind
from pandaprobe_proxy.sessions import evidence
from pandaprobe_proxy.sessions.evidence import is_unique, read_evidence

OWNER = b"owner"
LONG = "The order was sent to the wrong address because the customer had two of them on file, and nobody had asked."
SYSTEM = Message("system", "Be brief.")
ID = "call_9f8e7d6c5b4a3f2e"


def user(text):
    return Message("user", text)


def answer(text, *calls):
    return Message("assistant", text, tool_calls=calls)


def tool(arguments, identifier=ID):
    return ToolCall(identifier, "task", json.dumps(arguments) if isinstance(arguments, dict) else arguments)


def read(*messages, output=(), owner=OWNER, **more):
    return read_evidence(Call("d", 1, "chat", input=messages, output=tuple(output), **more), owner)


def shown(found, kind):
    return [key.value for key in found.shown if key.kind is kind]


def continues(later, earlier, kind=Kind.CHAIN):
    return any(value in earlier.left for value in shown(later, kind))


class TestChain:
    def test_a_call_shows_the_conversation_that_an_earlier_one_left(self):
        first = read(user("hi"), output=[answer("hello")])
        assert continues(read(user("hi"), answer("hello"), user("and now?")), first)

    @pytest.mark.parametrize(
        "later",
        [
            (user("hi"), answer("hello!"), user("and now?")),
            (user("ho"), answer("hello"), user("and now?")),
            (answer("hello"), user("and now?")),
            (user("hi"), user("hello")),
        ],
        ids=["another answer", "another question", "no question", "no answer"],
    )
    def test_any_other_conversation_is_another(self, later):
        assert not continues(read(*later), read(user("hi"), output=[answer("hello")]))

    def test_a_beginning_without_an_answer_shows_nothing(self):
        assert read(SYSTEM, user("hi")).shown == ()

    def test_the_newest_answer_comes_first_and_only_so_many_are_shown(self):
        history = [message for number in range(20) for message in (user("q"), answer(str(number)))]
        keys = [key for key in read(*history).shown if key.kind is Kind.CHAIN]
        assert [key.position for key in keys] == list(range(40, 40 - 2 * evidence.MOST_ANSWERS, -2))

    def test_instructions_may_change(self):
        first = read(SYSTEM, user("hi"), output=[answer("hello")])
        assert continues(read(Message("developer", "Now: 12:00"), user("hi"), answer("hello"), user("x")), first)

    def test_every_choice_is_left(self):
        first = read(user("hi"), output=[answer("one"), answer("two")])
        assert continues(read(user("hi"), answer("two"), user("x")), first)

    def test_somebody_else_leaves_and_shows_other_keys(self):
        first = read(user("hi"), output=[answer("hello")], owner=b"another")
        assert not continues(read(user("hi"), answer("hello"), user("x")), first)

    @pytest.mark.parametrize("nothing", [None, "", []])
    def test_an_answer_that_says_nothing_leaves_nothing(self, nothing):
        assert read(user("hi"), output=[answer(nothing)]).left == ()

    def test_a_failed_call_leaves_nothing(self):
        assert read(user("hi"), output=[answer("half")], error=CallError("overloaded")).left == ()


class TestAnswer:
    def test_a_tool_call_is_shown_by_its_id_wherever_it_stands(self):
        first = read(user("hi"), output=[answer(None, tool({"q": 1}))])
        later = read(user("[trimmed]"), answer(None, tool({"q": 1})), Message("tool", "42", tool_call_id=ID))
        assert not continues(later, first) and continues(later, first, Kind.TOOL)

    def test_a_tool_call_whose_id_says_little_is_shown_by_the_id_of_its_item(self):
        item = {"id": "fc_8189b908df5d54828dd1a219b8f647cb"}
        asked, sent = (ToolCall(name, "task", "{}", extra=item) for name in ("call_0", "resp_a1b2c3d4:call_0"))
        earlier = read(user("a"), output=[answer("", asked)])
        assert continues(read(user("other"), answer("", sent), user("b")), earlier, Kind.TOOL)
        bare = ToolCall("call_0", "task", "{}", extra={"id": 7})
        assert not continues(read(user("other"), answer("", bare), user("b")), earlier, Kind.TOOL)

    def test_a_result_alone_shows_the_tool_call(self):
        first = read(user("hi"), output=[answer(None, tool({"q": 1}))])
        result, other = Message("tool", "42", tool_call_id=ID), Message("tool", "43", tool_call_id="call_1")
        assert continues(read(other, result), first, Kind.TOOL)
        assert len(shown(read(other, result), Kind.TOOL)) == 1

    def test_an_answer_with_its_question_is_shown_without_what_came_before(self):
        first = read(user("a"), answer("b"), user("what went wrong?"), output=[answer(LONG)])
        assert continues(read(user("what went wrong?"), answer(LONG), user("x")), first, Kind.PAIR)

    def test_a_long_answer_is_shown_even_without_its_question(self):
        first = read(user("a"), output=[answer(2 * LONG)])
        assert continues(read(answer(2 * LONG), user("x")), first, Kind.ANSWER)

    def test_a_short_answer_alone_is_anybodys(self):
        later = read(user("ok?"), answer("Yes."), user("x"))
        assert {key.kind for key in later.shown} == {Kind.CHAIN}

    def test_parallel_tool_calls_are_bounded(self):
        calls = [tool({}, f"call_{number:016x}ab") for number in range(100)]
        later = read(user("a"), answer(None, *calls), user("b"))
        assert len(shown(later, Kind.TOOL)) == evidence.MOST_TOOL_CALLS
        assert len(shown(later, Kind.CHAIN)) == 1

    def test_of_one_answer_the_strongest_comes_first(self):
        later = read(user(LONG), answer(2 * LONG, tool({})), user("b"))
        assert [key.kind for key in later.shown] == [Kind.CHAIN, Kind.TOOL, Kind.PAIR, Kind.ANSWER]

    def test_a_response_that_the_provider_holds_is_shown_first(self):
        later = read(user("b"), previous_id="resp_1")
        assert (later.shown[0].kind, later.shown[0].value) == (Kind.RESPONSE, b"resp_1")


class TestBeginning:
    def test_a_summary_shows_the_answer_that_it_was(self):
        first = read(user("sum up"), output=[answer(f"Short.\n{LONG}\nOpen: none.")])
        assert continues(read(user(f"This goes on from before.\n\n  {LONG}\nGo on.")), first, Kind.LINE)

    def test_a_task_shows_the_tool_call_that_gave_it(self):
        prompt = "Find every file that mentions refunds."
        first = read(user("hi"), output=[answer(None, tool({"prompt": f" {prompt}\n", "n": 3, "short": "x"}))])
        begun = read(
            user([{"type": "text", "text": "<reminder/>"}, {"type": "text", "text": prompt}, {"type": "image"}])
        )
        assert continues(begun, first, Kind.PROMPT)

    @pytest.mark.parametrize("arguments", ["not json", "[1]", ""])
    def test_arguments_that_are_no_object_leave_no_task(self, arguments):
        assert len(read(user("hi"), output=[answer("x", tool(arguments))]).left) == 2

    def test_only_instructions_show_nothing(self):
        assert read(SYSTEM).shown == ()


class TestAgent:
    def test_it_is_known_by_its_instructions_and_the_names_of_its_tools(self):
        tools = ({"type": "function", "function": {"name": "b"}}, {"name": "a"}, {"type": "web_search"}, "odd")
        known = read(SYSTEM, user("hi"), tools=tools).agent
        assert known == read(SYSTEM, user("ho"), answer("x"), tools=tools[::-1]).agent
        assert known != read(SYSTEM, user("hi")).agent != read(Message("system", "Be long."), user("hi")).agent

    def test_without_either_it_is_nobody(self):
        assert read(user("hi")).agent == b""


class TestConnection:
    def turn(self, number, *messages, said="b", operation="chat"):
        call = Call("d", 1, operation, input=messages, output=(answer(said),))
        return Turn(f"t{number}", call, number, number + 1, number)

    def read(self, *turns):
        return read_evidence(Call("d", 1, "connection", turns=turns), OWNER)

    def test_it_goes_on_from_what_its_first_turn_shows(self):
        found = self.read(
            self.turn(1, user("a"), answer("b"), user("c")), self.turn(2, user("x"), answer("y"), user("z"))
        )
        assert continues(found, read(user("a"), output=[answer("b")]))
        assert not continues(found, read(user("x"), output=[answer("y")]))

    def test_any_of_its_turns_may_be_gone_on_from(self):
        found = self.read(self.turn(1, user("a")), self.turn(2, user("x")))
        assert continues(read(user("a"), answer("b"), user("c")), found)
        assert continues(read(user("x"), answer("b"), user("c")), found)

    def test_of_very_many_only_the_last_ones(self):
        found = self.read(*(self.turn(number, user(str(number))) for number in range(evidence.MOST_TURNS + 9)))
        assert continues(read(user("58"), answer("b"), user("c")), found)
        assert not continues(read(user("3"), answer("b"), user("c")), found)

    def test_one_that_has_only_prepared_shows_and_leaves_nothing(self):
        assert self.read(self.turn(1, user("a"), operation=PREWARM)) == NO_EVIDENCE


def test_what_is_no_model_has_no_evidence():
    assert read_evidence(Call("d", 1, "embeddings", input=(user("hi"),)), OWNER) == evidence.NO_EVIDENCE


@pytest.mark.parametrize(
    "identifier",
    [
        "call_9f8e7d6c5b4a3f2e",
        "toolu_01A09q90qw90lq917835lq9",
        "D681PevKs",
        "chatcmpl-tool-0a1b2c3d4e5f",
        "Tool-ABcdEFgh",
    ],
)
def test_ids_that_nobody_else_has(identifier):
    assert is_unique(identifier)


@pytest.mark.parametrize(
    "identifier",
    ["", "call_1", "functions.get_weather:0", "call_weather_get_temperature", "12345678", "TOOLCALL", "é" * 9],
)
def test_ids_that_everybody_may_have(identifier):
    assert not is_unique(identifier)


MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant", "tool", ""]),
        st.one_of(
            st.none(), st.text(), st.lists(st.one_of(st.none(), st.text(), st.dictionaries(st.text(), st.text())))
        ),
        tool_calls=st.lists(st.builds(ToolCall, st.text(), st.text(), st.text()), max_size=3).map(tuple),
        tool_call_id=st.one_of(st.none(), st.text()),
    ),
    max_size=8,
).map(tuple)


@given(MESSAGES, MESSAGES)
def test_every_conversation_goes_on_from_the_one_before_it(asked, said):
    said = tuple(Message("assistant", message.content, tool_calls=message.tool_calls) for message in said[:1])
    spoken = [message for message in said if message.content or message.tool_calls]
    first = read(*asked, output=said)
    later = read(*asked, *said, user("and then?"))
    assert continues(later, first) == bool(spoken)
