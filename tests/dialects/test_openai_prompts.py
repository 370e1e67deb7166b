import pytest
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
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
