import pytest
from pandaprobe_proxy.dialects.openai_prompts import read_completion, read_prompts
from pandaprobe_proxy.model.call import Message


@pytest.mark.parametrize(
    ("prompt", "messages"),
    [
        (None, ()),
        ("a", (Message("user", "a"),)),
        (["a", "b"], (Message("user", "a"), Message("user", "b"))),
        ([1, 2], (Message("user", extra={"tokens": [1, 2]}),)),
        ([[1], [2]], (Message("user", extra={"tokens": [1]}), Message("user", extra={"tokens": [2]}))),
        ({"odd": 1}, (Message("user", {"odd": 1}),)),
    ],
)
def test_each_text_is_a_message_and_tokens_are_no_text(prompt, messages):
    assert read_prompts(prompt) == messages


def test_a_request_for_completions_is_a_prompt_beside_parameters():
    read = read_completion({"model": "m", "prompt": "hi", "n": 2, "stream": True}, "other")
    assert (read.model, read.messages, read.stream) == ("m", (Message("user", "hi"),), True)
    assert read.parameters == {"n": 2, "stream": True}
    assert (read_completion({}, "other").model, read_completion({}).stream) == ("other", False)
