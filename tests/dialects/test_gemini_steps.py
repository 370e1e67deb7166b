import pytest
from pandaprobe_proxy.dialects.gemini_steps import StepFold, read_input, read_output
from pandaprobe_proxy.model.call import Message, ToolCall

TEXT = {"type": "text", "text": "hi"}


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (None, []),
        ("hi", [Message("user", "hi")]),
        (TEXT, [Message("user", [TEXT])]),
        ([TEXT, {"type": "image", "data": "x"}], [Message("user", [TEXT, {"type": "image", "data": "x"}])]),
        (["hi", "ho"], [Message("user", [TEXT, {"type": "text", "text": "ho"}])]),
        ([{"type": "user_input", "content": [TEXT]}], [Message("user", [TEXT])]),
        ([{"type": "user_input", "content": "hi"}], [Message("user", [TEXT])]),
        ([{"type": "user_input"}], [Message("user", [{"type": "user_input"}])]),
        ([5], [Message("user", [5])]),
        (
            [{"role": "user", "content": "hi"}, {"role": "model", "content": [TEXT], "x": 1}],
            [Message("user", "hi"), Message("assistant", [TEXT], extra={"x": 1})],
        ),
    ],
)
def test_an_input_is_messages(value, messages):
    assert [*read_input(value)] == messages


def test_a_system_instruction_comes_first():
    assert [*read_input("hi", "Be brief.")] == [Message("system", "Be brief."), Message("user", "hi")]


def test_steps_of_the_model_are_one_message_and_each_result_one():
    call = {"type": "function_call", "id": "c1", "name": "f", "arguments": {"x": 1}}
    search = {"type": "google_search_call", "id": "s1"}
    thought = {"type": "thought", "summary": [{"text": "hm"}, {"text": "!"}, 5], "signature": "s"}
    results = [
        {"type": "function_result", "call_id": "c1", "name": "f", "result": {"ü": 1}, "is_error": False},
        {"type": "function_result", "call_id": 5, "result": "ok"},
        {"type": "function_result", "call_id": "c3", "result": [TEXT]},
    ]
    said = [thought, search, {"type": "model_output", "content": [TEXT]}, call]
    first, second, *answers = read_input([{"type": "user_input", "content": [TEXT]}, *said, *results])
    assert first.role == "user"
    assert second == Message(
        "assistant",
        [thought, search, TEXT, call],
        tool_calls=(ToolCall("c1", "f", '{"x": 1}'),),
        reasoning="hm!",
    )
    assert answers == [
        Message("tool", '{"ü": 1}', name="f", tool_call_id="c1", extra={"is_error": False}),
        Message("tool", "ok"),
        Message("tool", [TEXT], tool_call_id="c3"),
    ]


def test_odd_steps_are_kept():
    steps = [
        "x",
        {"type": "model_output"},
        {"type": "model_output", "content": "hi"},
        {"type": "function_call", "id": 5},
    ]
    message = read_output(steps, "completed")
    assert message.content == ["x", TEXT, {"type": "function_call", "id": 5}]
    assert (message.tool_calls, message.finish_reason) == ((ToolCall("", "", ""),), "completed")
    assert read_output([]).content is None


def fold(step, *deltas):
    held = StepFold(step)
    assert all(held.add(delta) for delta in deltas)
    return held.finish()


def test_contents_of_an_output_are_joined_by_their_kind():
    image = {"type": "image", "data": "AA", "mime_type": "image/png"}
    assert fold(
        {"type": "model_output", "content": [{"type": "text", "text": "a"}]},
        {"type": "text", "text": "b"},
        {"type": "text_annotation_delta", "annotations": [1]},
        {"type": "text_annotation_delta", "annotations": [2], "extra": "x"},
        image,
        {"type": "image", "data": "BB"},
        {"type": "text", "text": "c"},
    ) == {
        "type": "model_output",
        "content": [
            {"type": "text", "text": "ab", "annotations": [1, 2], "extra": "x"},
            image | {"data": "AABB"},
            {"type": "text", "text": "c"},
        ],
    }


def test_an_annotation_without_a_text_is_kept():
    assert fold({"type": "model_output"}, {"type": "text_annotation_delta", "annotations": [1]})["content"] == [
        {"type": "text", "annotations": [1]}
    ]


def test_arguments_and_thoughts_grow():
    assert fold(
        {"type": "function_call", "name": "f", "arguments": {}},
        {"type": "arguments_delta", "arguments": '{"a"'},
        {"type": "arguments_delta", "arguments": ": 1}"},
    ) == {"type": "function_call", "name": "f", "arguments": {"a": 1}}
    assert fold({"type": "function_call"}, {"type": "arguments_delta", "arguments": '{"a'})["arguments"] == '{"a'
    thought = {"type": "thought_summary", "content": {"type": "text", "text": "b"}}
    assert fold({"type": "thought", "summary": [{"text": "a"}]}, thought, thought)["summary"] == [
        {"text": "a"},
        {"type": "text", "text": "bb"},
    ]
    assert fold(
        {"type": "thought"}, thought, {"type": "thought_summary"}, {"type": "thought_signature", "signature": "s"}
    ) == {
        "type": "thought",
        "summary": [{"type": "text", "text": "b"}],
        "signature": "s",
    }


def test_fields_of_other_steps_are_merged_and_their_lists_grow():
    assert fold(
        {"type": "google_search_result", "call_id": "s1"},
        {"type": "google_search_result", "result": [1], "is_error": False},
        {"type": "google_search_result", "result": [2]},
    ) == {"type": "google_search_result", "call_id": "s1", "result": [1, 2], "is_error": False}


def test_a_delta_that_is_no_object_is_told():
    assert not StepFold({}).add("x")
