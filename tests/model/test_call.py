import dataclasses

import pytest
from pandaprobe_proxy.model.call import Call, Message, Usage, UsageSource


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        (7, ""),
        ([], ""),
        ([{"text": "hm", "thought": True}, {"text": "a"}], "a"),
        ([{"type": "text", "text": "a"}, "b", {"type": "image_url"}, {"text": 5}, {"text": "c"}], "a\nc"),
    ],
)
def test_the_text_of_a_message_is_what_can_be_read(content, text):
    assert Message("user", content).text == text


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("chat", "LLM"), ("embeddings", "EMBEDDING"), ("text_completion", "LLM"), ("rerank", "RETRIEVER")],
)
def test_the_kind_of_a_call_follows_its_operation(operation, kind):
    assert Call("openai_chat", 1, operation).kind == kind


def test_nothing_is_known_of_a_usage_until_somebody_says():
    assert Usage() == Usage(None, None, None, None, UsageSource.NONE, {})


def test_a_call_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Call("openai_chat", 1, "chat").partial = True  # type: ignore[misc]


def test_a_number_may_be_known_in_another_way_than_the_rest():
    usage = Usage(3, 4, source=UsageSource.PARTIAL, sources={"input": UsageSource.REPORTED})
    assert (usage.source_of("input"), usage.source_of("output")) == (UsageSource.REPORTED, UsageSource.PARTIAL)


def test_a_stream_is_whole_when_it_was_read_to_its_end():
    assert Call("openai_chat", 1, "chat", streamed=True).whole
    assert not Call("openai_chat", 1, "chat", streamed=True, partial=True).whole
    assert not Call("openai_chat", 1, "chat").whole
