import pytest
from frames import chunk, named_events
from pandaprobe_proxy.dialects.bedrock_native_stream import read_native_stream
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, UsageSource

METRICS = {"inputTokenCount": 5, "outputTokenCount": 2, "invocationLatency": 9, "firstByteLatency": 8}
ENDING = {"amazon-bedrock-invocationMetrics": METRICS}
ANTHROPIC = [
    {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {"input_tokens": 3}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop", **ENDING},
]
NOVA = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hi."}}},
    {"messageStop": {"stopReason": "end_turn"}},
    {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 4}}, **ENDING},
]
CHOICES = [
    {"id": "c1", "model": "gpt-oss", "choices": [{"index": 0, "delta": {"content": "Hi."}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **ENDING},
]
LLAMA = [
    {"generation": "Hi", "prompt_token_count": 5},
    {"generation": ".", "generation_token_count": 2, "stop_reason": "stop", **ENDING},
]
MISTRAL = [{"outputs": [{"text": "Hi"}]}, {"outputs": [{"text": ".", "stop_reason": "stop"}], **ENDING}]


def read(*natives, after=()):
    return read_native_stream(named_events(*(("chunk", chunk(native)) for native in natives), *after))


def test_events_of_anthropic_are_anthropics():
    answer = read(*ANTHROPIC)
    assert answer.messages[0].tool_calls == (ToolCall("t", "f", "{}"),)
    assert (answer.response_id, answer.finished, answer.lossy) == ("msg_1", True, False)
    assert (answer.usage.input, answer.usage.output, answer.first_tool) == (3, 4, 2)
    assert answer.extra == ENDING


@pytest.mark.parametrize("natives", [NOVA, CHOICES, LLAMA, MISTRAL])
def test_events_of_each_model_are_read_by_their_looks(natives):
    answer = read(*natives)
    assert [message.text for message in answer.messages] == ["Hi."]
    assert answer.finished and not answer.lossy and answer.messages[0].finish_reason
    assert answer.usage.source is UsageSource.REPORTED and answer.extra == ENDING
    assert answer.first_content in {1, 2}


def test_metrics_tell_the_tokens_that_the_model_did_not():
    assert (read(*MISTRAL).usage.input, read(*MISTRAL).usage.output, read(*MISTRAL).usage.raw) == (5, 2, METRICS)
    assert read(*NOVA).usage.input == 3


@pytest.mark.parametrize("natives", [ANTHROPIC, NOVA, CHOICES, LLAMA, MISTRAL])
def test_a_stream_that_breaks_off_gives_what_came(natives):
    for length in range(len(natives)):
        answer = read(*natives[:length])
        assert not answer.lossy and len(answer.messages) == (length > 0)
        assert not answer.finished or length >= 3


def test_an_exception_is_an_error():
    failure = ("modelStreamErrorException", {"message": "boom"})
    answer = read(*LLAMA[:1], after=[failure, failure])
    assert answer.error == CallError("boom", "modelStreamErrorException") and answer.messages[0].content == "Hi"
    assert not answer.finished and not answer.lossy
    alone = read(after=[failure])
    assert alone.error is not None and alone.messages == () and not alone.lossy


@pytest.mark.parametrize(
    "frame",
    [
        ("chunk", "{broken"),
        ("chunk", {"bytes": 5}),
        ("chunk", {"bytes": "a"}),
        ("chunk", [1]),
        ("chunk", chunk(b"{broken")),
        ("chunk", chunk([1])),
    ],
)
def test_what_cannot_be_placed_is_told(frame):
    answer = read(*LLAMA[:1], after=[frame])
    assert answer.lossy and answer.messages == (Message("assistant", "Hi"),)


@pytest.mark.parametrize("native", [[{"amazon-bedrock-invocationMetrics": 1}], {"amazon-bedrock-invocationMetrics": 5}])
def test_metrics_of_a_wrong_shape_are_none(native):
    assert "amazon-bedrock-invocationMetrics" not in read(*LLAMA[:1], native).extra
