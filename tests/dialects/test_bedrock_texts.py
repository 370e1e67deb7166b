import pytest
from pandaprobe_proxy.dialects.bedrock_texts import NativeTexts
from pandaprobe_proxy.model.call import Message, UsageSource


def read(*bodies, streamed=False):
    texts = NativeTexts()
    taken = [texts.take(body, at) for at, body in enumerate(bodies, 1)]
    return taken, texts.finish(streamed)


@pytest.mark.parametrize(
    ("body", "message", "counts"),
    [
        (
            {
                "inputTextTokenCount": 5,
                "results": [{"tokenCount": 9, "outputText": "Hi.", "completionReason": "FINISH"}],
            },
            Message("assistant", "Hi.", finish_reason="FINISH", extra={"tokenCount": 9}),
            (5, None),
        ),
        (
            {"generation": "Hi.", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "stop"},
            Message("assistant", "Hi.", finish_reason="stop"),
            (5, 2),
        ),
        (
            {"outputs": [{"text": "Hi.", "stop_reason": "stop"}]},
            Message("assistant", "Hi.", finish_reason="stop"),
            (None, None),
        ),
        (
            {"id": "g", "generations": [{"id": "1", "text": "Hi.", "finish_reason": "COMPLETE"}]},
            Message("assistant", "Hi.", finish_reason="COMPLETE", extra={"id": "1"}),
            (None, None),
        ),
        (
            {"completion": "Hi.", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"},
            Message("assistant", "Hi.", finish_reason="stop_sequence", extra={"stop": "\n\nHuman:"}),
            (None, None),
        ),
    ],
)
def test_each_model_has_its_own_names_for_a_text(body, message, counts):
    taken, answer = read(body)
    assert taken == [True] and answer.messages == (message,) and answer.finished and not answer.lossy
    assert (answer.usage.input, answer.usage.output) == counts


def test_fields_beside_a_list_of_texts_are_of_the_answer():
    _, answer = read({"generations": [{"text": "a", "finish_reason": None}], "id": "g", "prompt": "p"})
    assert answer.extra == {"id": "g", "prompt": "p"}


def test_texts_grow_and_the_last_reason_counts():
    taken, answer = read(
        {"outputText": "", "index": 0, "inputTextTokenCount": 5},
        {"outputText": "Hel", "index": 0, "completionReason": None},
        {"outputText": "lo", "index": 0, "totalOutputTextTokenCount": 2, "completionReason": "FINISH"},
        streamed=True,
    )
    assert taken == [True] * 3 and answer.messages == (Message("assistant", "Hello", finish_reason="FINISH"),)
    assert (answer.first_content, answer.finished) == (2, True)
    assert (answer.usage.input, answer.usage.output, answer.usage.source) == (5, 2, UsageSource.REPORTED)


def test_several_texts_stand_by_their_index():
    _, answer = read({"generations": [{"text": "b", "index": 1}, {"text": "a", "index": 0}]}, {"generation": "c"})
    assert [message.content for message in answer.messages] == ["ac", "b"]
    assert [message.content for message in read({"outputs": [{"text": "a"}, {"text": "b"}]})[1].messages] == ["a", "b"]


def test_a_stream_without_a_reason_is_not_whole():
    assert not read({"generation": "a"}, streamed=True)[1].finished
    assert not read(streamed=True)[1].finished


@pytest.mark.parametrize("body", [{}, {"embedding": [1]}, {"results": [{"relevance_score": 1}]}, {"text": 5}])
def test_what_has_no_text_is_not_taken(body):
    taken, answer = read(body)
    assert taken == [False] and answer.messages == ()


def test_what_is_no_text_among_texts_is_told():
    assert read({"results": [{"outputText": "a"}, 5]})[1].lossy


def test_chunks_without_a_text_are_kept():
    texts = NativeTexts()
    texts.take_event({"event_type": "stream-start"}, 1)
    texts.take_event({"text": "a", "event_type": "text-generation"}, 2)
    assert texts.finish().extra == {"events": [{"event_type": "stream-start"}]} and not texts.lossy
    texts.take_event({}, 3)
    assert texts.finish().lossy
