import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.openai_tool_calls import ToolCallFold, find_arguments
from pandaprobe_proxy.model.call import ToolCall


def piece(name=None, arguments=None, **beside):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return beside | ({"function": function} if function else {})


def fold(*chunks: list) -> list[tuple[str, str, str]]:
    calls = ToolCallFold()
    for chunk in chunks:
        assert calls.add(chunk)
    return [(call.id, call.name, call.arguments) for call in calls.finish()]


def test_fragments_are_joined_by_index_and_interleave():
    assert fold(
        [piece("f", "", index=0, id="a")],
        [piece("g", "", index=1, id="b")],
        [piece(arguments="[1", index=0), piece(arguments="[2", index=1)],
        [piece(arguments="]", index=1)],
        [piece(arguments="]", index=0)],
    ) == [("a", "f", "[1]"), ("b", "g", "[2]")]


def test_calls_are_in_the_order_of_their_index():
    assert fold([piece("g", "2", index=1, id="b")], [piece("f", "1", index=0, id="a")]) == [
        ("a", "f", "1"),
        ("b", "g", "2"),
    ]


def test_whole_calls_without_an_index_are_told_apart_by_id():
    assert fold([piece("f", "{}", id="a"), piece("f", "{}", id="b")], [piece("g", "{}", id="c")]) == [
        ("a", "f", "{}"),
        ("b", "f", "{}"),
        ("c", "g", "{}"),
    ]


def test_an_id_or_a_name_that_is_repeated_is_set_once():
    assert fold(
        [piece("f", "{", index=0, id="a")], [piece("f", '"k"', index=0, id="a")], [piece("f", ":1}", id="a")]
    ) == [("a", "f", '{"k":1}')]


def test_an_id_that_changes_within_a_call_begins_no_other():
    assert fold([piece("f", "[", index=0, id="a")], [piece(arguments="1]", index=0, id="b")]) == [("a", "f", "[1]")]


def test_calls_that_all_say_index_0_are_told_apart_by_id_and_name():
    assert fold(
        [piece("f", "{}", index=0, id="a")],
        [piece("g", "{", index=0, id="b")],
        [piece(arguments="}", index=0)],
        [piece("f", " ", index=0, id="a")],
        [piece("h", "", index=0, id="c"), piece("i", "", index=0, id="d")],
    ) == [("a", "f", "{} "), ("b", "g", "{}"), ("c", "h", ""), ("d", "i", "")]


def test_one_id_under_two_indexes_is_two_calls():
    assert fold([piece("f", "1", index=0, id="a")], [piece("f", "2", index=1, id="a")]) == [
        ("a", "f", "1"),
        ("a", "f", "2"),
    ]


def test_a_call_that_began_without_an_index_learns_it_by_id():
    assert fold(
        [piece("f", "[", id="a")], [piece(arguments="1", index=0, id="a")], [piece(arguments="]", index=0)]
    ) == [("a", "f", "[1]")]


def test_a_call_that_began_without_an_index_learns_it_by_place():
    assert fold(
        [piece("f", "[", id="a"), piece("g", "[", id="b")],
        [piece(arguments="2]", index=1)],
        [piece(arguments="1]", index=0)],
    ) == [("a", "f", "[1]"), ("b", "g", "[2]")]


def test_an_index_beyond_what_began_is_a_call_of_its_own():
    assert fold(
        [piece("f", "1", index=0, id="a")], [piece(arguments="2", index=5)], [piece(arguments="3", index=-1)]
    ) == [
        ("", "", "3"),
        ("a", "f", "1"),
        ("", "", "2"),
    ]


def test_fragments_without_any_name_go_on_with_the_last_call():
    assert fold([piece("f", "[", id="a")], [piece("g", "[", id="b")], [piece(arguments="2]")]) == [
        ("a", "f", "["),
        ("b", "g", "[2]"),
    ]
    assert fold([piece(arguments="1")]) == [("", "", "1")]


def test_fragments_without_any_name_stand_for_their_place_in_the_list():
    assert fold([piece("f", "["), piece("g", "[")], [piece(arguments="1]"), piece(arguments="2]")]) == [
        ("", "f", "[1]"),
        ("", "g", "[2]"),
    ]


def test_a_name_after_whole_arguments_is_another_call():
    assert fold([piece("f", "{}")], [piece("f", "{}")]) == [("", "f", "{}"), ("", "f", "{}")]
    assert fold([piece("f", "{")], [piece("f", "}")]) == [("", "f", "{}")]
    assert fold([piece("f", "{")], [piece("g", "}")]) == [("", "f", "{"), ("", "g", "}")]


def test_custom_calls_extras_and_types_are_kept():
    calls = ToolCallFold()
    calls.add(
        [
            {
                "index": 0,
                "id": "a",
                "type": "custom",
                "custom": {"name": "sql", "input": "sel"},
                "extra_content": {"g": 1},
            }
        ]
    )
    calls.add([{"index": 0, "type": "function", "custom": {"input": "ect", "n": 1}, "extra_content": {"h": 2}}])
    assert calls.finish() == (
        ToolCall("a", "sql", "select", "custom", {"extra_content": {"g": 1, "h": 2}, "function": {"n": 1}}),
    )


def test_arguments_that_are_an_object_are_written_as_text():
    assert fold([piece("f", {"k": 1}, id="a")]) == [("a", "f", '{"k": 1}')]


def test_a_fragment_that_is_no_object_is_told():
    calls = ToolCallFold()
    assert not calls.add(["x", piece("f", "{}", id="a")])
    assert calls.finish() == (ToolCall("a", "f", "{}"),)


@pytest.mark.parametrize(
    "entry", [{"index": True}, {"index": "0"}, {"id": 5}, {"function": "f"}, {"function": {"name": 5}}, {}]
)
def test_fields_of_a_wrong_type_name_nothing(entry):
    assert fold([entry]) == [("", "", "")]


CALLS = st.lists(st.tuples(st.text(min_size=1), st.lists(st.text(max_size=4), max_size=4)), max_size=4)


@given(CALLS, st.randoms(use_true_random=False))
def test_any_interleaving_gives_the_calls_that_were_sent(calls, random):
    queues = [
        [piece(name, "", index=at, id=f"call_{at}"), *(piece(arguments=part, index=at) for part in parts)]
        for at, (name, parts) in enumerate(calls)
    ]
    chunks = []
    while any(queues):
        chunks.append([queue.pop(0) for queue in random.sample(queues, len(queues)) if queue and random.random() < 0.6])
    assert fold(*chunks) == [(f"call_{at}", name, "".join(parts)) for at, (name, parts) in enumerate(calls)]


def test_a_fragment_of_arguments_alone_is_known():
    assert find_arguments([{"index": 0, "function": {"arguments": "a"}}]) == "arguments"
    assert find_arguments([{"index": 0, "type": "function", "function": {"arguments": "a"}}]) == "arguments"


@pytest.mark.parametrize(
    "entries",
    [
        [],
        {},
        [1],
        [{"index": 0, "function": {"arguments": "a"}}] * 2,
        [{"index": 0, "id": "i", "function": {"arguments": "a"}}],
        [{"index": 0, "function": {"name": "f", "arguments": "a"}}],
        [{"index": 0, "function": {"arguments": ""}}],
        [{"index": 0, "function": {"arguments": {}}}],
        [{"index": 0, "function": "a"}],
        [{"index": True, "function": {"arguments": "a"}}],
        [{"function": {"arguments": "a"}}],
    ],
)
def test_a_fragment_of_anything_else_is_not(entries):
    assert find_arguments(entries) is None


def test_arguments_are_not_looked_at_for_ever():
    fold = ToolCallFold()
    long = "[" + "0," * 150_000
    for _ in range(4):
        assert fold.add([piece("f", long)])
    (call,) = fold.finish()
    assert call.arguments == long * 4
    assert fold.add([piece("f", "0]" * 4)]) and fold.add([piece("f", "1")])
    assert len(fold.finish()) == 1
