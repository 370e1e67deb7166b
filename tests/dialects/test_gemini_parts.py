import pytest
from pandaprobe_proxy.dialects.gemini_parts import (
    PartFold,
    camelise,
    find_growing,
    is_call,
    read_calls,
    read_thoughts,
    says,
)
from pandaprobe_proxy.model.call import ToolCall


def fold(*parts):
    held = PartFold()
    placed = [held.add(part) for part in parts]
    read, whole = held.finish()
    return read, whole and all(placed)


def test_names_are_in_camel_case_but_those_of_the_app():
    part = {"function_call": {"name": "f", "args": {"two_words": 1}}, "thought_signature": "x"}
    assert camelise([part, 5]) == [
        {"functionCall": {"name": "f", "args": {"two_words": 1}}, "thoughtSignature": "x"},
        5,
    ]


def test_adjacent_texts_of_equal_thought_are_one():
    parts = [
        {"text": "I ", "thought": True},
        {"text": "think", "thought": True},
        {"text": ""},
        {"text": "a"},
        {"text": "b", "thought_signature": "s"},
        {"text": "c"},
        {"text": "d", "thoughtSignature": "t"},
        {"executableCode": {"code": "1"}},
        {"text": "", "thoughtSignature": "u"},
    ]
    assert fold(*parts) == (
        [
            {"text": "I think", "thought": True},
            {"text": "abc", "thoughtSignature": "s"},
            {"text": "d", "thoughtSignature": "t"},
            {"executableCode": {"code": "1"}},
            {"text": "", "thoughtSignature": "u"},
        ],
        True,
    )


def test_a_text_with_more_than_that_is_a_part_of_its_own():
    marked = {"text": "b", "partMetadata": {"k": 1}}
    assert fold({"text": "a"}, marked, {"text": "c"})[0] == [{"text": "a"}, marked, {"text": "c"}]


def test_a_call_that_is_streamed_is_one_part():
    more = {"jsonPath": "$.city", "stringValue": "Par", "willContinue": True}
    read, placed = fold(
        {"functionCall": {"name": "weather", "willContinue": True}, "thoughtSignature": "s"},
        {"functionCall": {"partialArgs": [more], "willContinue": True}},
        {"functionCall": {"args": {"days": 2}, "partialArgs": [{"jsonPath": "$.city", "stringValue": "is"}]}},
        {"functionCall": {"name": "bare"}},
        {"functionCall": {"name": "again", "willContinue": True}},
        {"functionCall": {}},
        {"functionCall": {"name": "once", "id": "c4", "partialArgs": [{"jsonPath": "$.n", "numberValue": 1}]}},
    )
    assert placed and read[0] == {
        "functionCall": {"name": "weather", "args": {"days": 2, "city": "Paris"}},
        "thoughtSignature": "s",
    }
    assert read_calls(read) == (
        ToolCall("", "weather", '{"days": 2, "city": "Paris"}'),
        ToolCall("", "bare", "{}"),
        ToolCall("", "again", "{}"),
        ToolCall("c4", "once", '{"n": 1}'),
    )


def test_a_name_begins_another_call_even_if_the_last_one_was_to_go_on():
    read, _ = fold(
        {"functionCall": {"name": "f", "willContinue": True}},
        {"functionCall": {"name": "g", "args": {"x": 1}}},
        {"functionCall": {}},
    )
    assert [call.name for call in read_calls(read)] == ["f", "g", ""]


def test_arguments_that_no_path_can_place_are_told():
    assert not fold({"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$"}]}})[1]


def test_what_is_no_part_is_kept_and_told():
    assert fold("odd", {"text": "a"}) == (["odd", {"text": "a"}], False)


def test_types_that_cannot_be_give_a_call_of_which_that_is_unknown():
    assert read_calls([{"functionCall": {"id": 5, "name": [], "args": None, "x": 1}}]) == (
        ToolCall("", "", "{}", extra={"x": 1}),
    )
    assert not is_call({"functionCall": "odd"}) and not is_call("odd")


def test_thoughts_are_the_texts_of_thoughts():
    assert read_thoughts([{"text": "a", "thought": True}, {"text": "b"}, "c", {"thought": True}]) == "a"
    assert read_thoughts([{"text": "b"}]) is None


@pytest.mark.parametrize(
    ("part", "seen"),
    [
        ({"text": "a"}, True),
        ({"inlineData": {}}, True),
        ({"text": ""}, False),
        ({"text": "a", "thought": True}, False),
        ({"thoughtSignature": "s"}, False),
        ({"functionCall": {}}, False),
        ({"function_call": {}}, False),
        ("odd", False),
    ],
)
def test_content_is_what_can_be_seen(part, seen):
    assert says(part) is seen


def test_a_text_or_a_thought_alone_can_grow():
    assert find_growing({"text": "a"}) == find_growing({"text": "a", "thought": True}) == "text"


@pytest.mark.parametrize(
    "part",
    [{"text": ""}, {"text": 1}, {"text": "a", "thoughtSignature": "s"}, {"thought": True}, {"inlineData": {}}, 1],
)
def test_no_other_part_can(part):
    assert find_growing(part) is None
