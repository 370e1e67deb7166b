import pytest
from pandaprobe_proxy.dialects.gemini_contents import read_contents, read_model, read_system
from pandaprobe_proxy.model.call import Message, ToolCall


def test_turns_are_messages_under_the_roles_that_are_used_here():
    call = {"functionCall": {"name": "f", "args": {"x": 1}, "id": "c1"}}
    result = {"functionResponse": {"name": "f", "id": "c1", "response": {"out": "ü"}, "willContinue": False}}
    assert [
        *read_contents(
            [
                {"parts": [{"text": "hi"}]},
                {"role": "model", "parts": [{"text": "hm", "thought": True}, call], "extra": 1},
                {"role": "user", "parts": [result, {"text": "go on"}], "tag": 2},
            ]
        )
    ] == [
        Message("user", [{"text": "hi"}]),
        Message(
            "assistant",
            [{"text": "hm", "thought": True}, call],
            tool_calls=(ToolCall("c1", "f", '{"x": 1}'),),
            reasoning="hm",
            extra={"extra": 1},
        ),
        Message("tool", [{"text": '{"out": "ü"}'}], name="f", tool_call_id="c1", extra={"willContinue": False}),
        Message("user", [{"text": "go on"}], extra={"tag": 2}),
    ]


def test_a_result_without_an_id_answers_to_its_name_and_keeps_its_media():
    blob = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    part = {"function_response": {"name": "f", "response": {}, "parts": [blob]}, "partMetadata": {}}
    (message,) = read_contents({"role": "function", "parts": [part]})
    assert (message.role, message.tool_call_id, message.content[1]) == ("tool", "f", blob)
    assert message.text == "{}" and message.extra == {"partMetadata": {}}


def test_contents_of_the_model_in_a_row_are_one_message():
    said = [{"role": "model", "parts": [{"text": text}]} for text in ("Pa", "ris")]
    first, second = read_contents([{"parts": [{"text": "?"}]}, *said])
    assert (first.role, second) == ("user", Message("assistant", [{"text": "Paris"}]))
    assert read_model(said) == second


@pytest.mark.parametrize(
    ("contents", "messages"),
    [
        (None, []),
        ("hi", [Message("user", "hi")]),
        ([5], [Message("user", 5)]),
        ([{"role": "user"}], [Message("user")]),
        ([{"role": "user", "parts": {"text": "one"}}], [Message("user", [{"text": "one"}])]),
        ([{"role": "other", "parts": ["x"]}], [Message("other", ["x"])]),
        ([{"role": "model", "parts": ["x"]}], [Message("assistant", ["x"])]),
        ([{"role": "model"}], [Message("assistant")]),
        ([{"parts": [{"functionResponse": {"name": 5}}]}], [Message("tool", [{"text": "null"}])]),
    ],
)
def test_other_shapes_are_kept(contents, messages):
    assert [*read_contents(contents)] == messages


def test_a_system_instruction_is_a_content_or_a_text():
    assert read_system({"parts": [{"text": "s"}]}) == (Message("system", [{"text": "s"}]),)
    assert (read_system("s"), read_system(None)) == ((Message("system", "s"),), ())
