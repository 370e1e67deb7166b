import json

from exchanges import delta, events
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.openai_chat_stream import ChatStream
from pandaprobe_proxy.model.call import Message, ToolCall


def read(*chunks: object, done: bool = True) -> Answered:
    return ChatStream().read(events(*chunks, done=done))


def said(*chunks: object) -> Message:
    (message,) = read(*chunks).messages
    return message


def test_texts_are_joined_and_roles_are_not():
    assert said(
        delta(role="assistant", content=""),
        delta(role="assistant", content="he", refusal=None),
        delta(role="assistant", content="llo"),
        delta(finish_reason="stop"),
    ) == Message("assistant", "hello", finish_reason="stop")


def test_an_answer_without_content_has_none():
    assert said(delta(role="assistant"), delta(refusal="I "), delta(refusal="won't")) == Message(
        "assistant", None, refusal="I won't"
    )


def test_choices_are_kept_apart_by_index_and_not_by_place():
    first, second = delta(1, content="b"), delta(0, content="a")
    both = {"choices": [delta(1, content="B")["choices"][0], delta(0, "stop", content="A")["choices"][0]]}
    answer = read(first, second, both)
    assert [message.content for message in answer.messages] == ["aA", "bB"]
    assert [message.finish_reason for message in answer.messages] == ["stop", None]


def test_a_choice_without_an_index_is_known_by_its_place():
    assert said(delta(None, content="a"), delta(None, content="b")).content == "ab"


def test_the_last_reason_that_is_not_null_counts():
    chunks = [delta(finish_reason=reason) for reason in ("length", "stop", "", None)]
    assert said(*chunks).finish_reason == "stop"


def test_azure_begins_with_an_empty_chunk():
    filters = [{"prompt_index": 0}]
    answer = read({"id": "", "model": "", "choices": [], "prompt_filter_results": filters}, delta(content="a"))
    assert (answer.response_id, answer.model, answer.messages[0].content) == ("c1", "m1", "a")
    assert answer.extra["prompt_filter_results"] == filters


def test_reasoning_is_joined_under_all_its_names():
    assert said(delta(reasoning_content="h"), delta(reasoning_content="m")).reasoning == "hm"
    assert said(delta(reasoning="h"), delta(reasoning="m")).reasoning == "hm"
    assert said(delta(reasoning="h", reasoning_content="h")) == Message("assistant", reasoning="h")
    different = said(delta(reasoning="x", reasoning_content="h"))
    assert (different.reasoning, different.extra) == ("h", {"reasoning": "x"})
    assert said(delta(content=[{"type": "thinking", "thinking": [{"text": "hm"}]}])).reasoning == "hm"


def test_reasoning_details_are_appended():
    details = [{"type": "reasoning.text", "text": "h", "index": 0}, {"type": "reasoning.encrypted", "data": "x"}]
    message = said(
        delta(reasoning_details=details[:1]), delta(reasoning_details=details[1:]), delta(reasoning_details=[])
    )
    assert message.extra["reasoning_details"] == details
    assert message.reasoning == "h"


def test_tool_calls_and_the_old_function_call_are_gathered():
    message = said(
        delta(tool_calls=[{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]),
        delta(function_call={"name": "g", "arguments": "["}),
        delta(function_call={"arguments": "]"}),
    )
    assert message.tool_calls == (ToolCall("a", "f", "{}"), ToolCall("", "g", "[]", "function_call"))


def test_audio_annotations_and_logprobs_grow():
    chunk = delta(audio={"id": "a", "data": "AA"}, annotations=[1])
    chunk["choices"][0]["logprobs"] = {"content": [{"token": "a"}], "refusal": None}
    more = delta(audio={"data": "BB", "expires_at": 9}, annotations=[2])
    more["choices"][0]["logprobs"] = {"content": [{"token": "b"}]}
    assert said(chunk, more).extra == {
        "audio": {"id": "a", "data": "AABB", "expires_at": 9},
        "annotations": [1, 2],
        "logprobs": {"content": [{"token": "a"}, {"token": "b"}]} | {"refusal": None},
    }


def test_unknown_fields_are_kept():
    chunk = delta(channel="analysis", executed_tools=[1])
    chunk["choices"][0] |= {"native_finish_reason": "stop", "token_ids": [1]}
    more = delta(channel="final")
    more["choices"][0] |= {"native_finish_reason": None, "token_ids": [2]}
    assert said(chunk, more).extra == {
        "channel": "final",
        "executed_tools": [1],
        "native_finish_reason": "stop",
        "token_ids": [1, 2],
    }


def test_a_message_in_place_of_a_delta_is_taken():
    assert said({"choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}}]}).content == "a"


def test_types_that_cannot_be_are_kept_and_told():
    odd = [
        delta(content={"odd": 1}),
        delta(tool_calls="x"),
        delta(function_call=[1]),
        delta(audio=1),
        delta(annotations={"odd": 1}),
        delta(tool_calls=[1]),
        delta() | {"choices": [{"index": 0, "delta": "text"}]},
        delta() | {"choices": [{"index": 0, "logprobs": [1]}]},
    ]
    for chunk in odd:
        answer = read(chunk, delta(content="a"))
        assert answer.lossy and "a" in answer.messages[0].text, chunk
    assert not read(delta(content="a")).lossy


def test_moments_are_those_of_the_first_event_that_says_something():
    answer = read(
        delta(role="assistant", content=""),
        delta(reasoning="hm"),
        delta(content="a"),
        delta(content="b"),
        delta(tool_calls=[{"index": 0}]),
        delta(tool_calls=[{"index": 0}]),
    )
    assert (answer.first_content, answer.first_tool) == (3, 5)
    thinking = {"type": "thinking", "thinking": [{"text": "hm"}]}
    assert read(delta(content=[thinking]), delta(content=[thinking, {"type": "text", "text": "a"}])).first_content == 2
    assert read(delta(content=["a"])).first_content == 1
    assert (read(delta(refusal="no")).first_content, read(delta(function_call={"name": "f"})).first_tool) == (1, 1)
    assert read().first_content is None


PIECES = st.lists(st.text(max_size=5), max_size=5)
TOOLS = st.lists(st.tuples(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), PIECES), max_size=3)


@st.composite
def streams(draw: st.DrawFn) -> list[dict]:
    """Streams that the package can read: roles in order first, then texts and calls in any order, reason, usage."""
    count = draw(st.integers(1, 3))
    queues = [[delta(index, content=text) for text in draw(PIECES)] for index in range(count)]
    for index, queue in enumerate(queues):
        for at, (name, parts) in enumerate(draw(TOOLS)):
            function = {"name": name, "arguments": ""}
            call = {"index": at, "id": f"call_{index}_{at}", "type": "function", "function": function}
            queue.append(delta(index, tool_calls=[call]))
            queue += [delta(index, tool_calls=[{"index": at, "function": {"arguments": part}}]) for part in parts]
        queue.append(delta(index, draw(st.sampled_from(["stop", "tool_calls", "content_filter"]))))
    chunks = [delta(index, role="assistant", content="") for index in range(count)]
    while any(queues):
        chunks.append(draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    usage = {"prompt_tokens": 3, "completion_tokens": draw(st.integers(0, 99)), "total_tokens": 3}
    chunks.append({"id": "c1", "model": "m1", "choices": [], "usage": usage})
    return [chunk | {"created": 1} for chunk in chunks]


@given(streams())
def test_a_stream_reads_as_the_official_package_reads_it(chunks):
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk | {"object": "chat.completion.chunk"}))
    theirs, ours = state.current_completion_snapshot, read(*chunks)
    assert (ours.response_id, ours.model, ours.usage.output) == (
        theirs.id,
        theirs.model,
        theirs.usage.completion_tokens,
    )
    for choice, message in zip(sorted(theirs.choices, key=lambda choice: choice.index), ours.messages, strict=True):
        assert (message.content, message.finish_reason) == (choice.message.content, choice.finish_reason)
        calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()]
        assert [(call.id, call.name, call.arguments) for call in message.tool_calls] == calls


def test_a_stream_of_a_hundred_thousand_chunks_is_read_in_one_pass():
    chunk = json.dumps(delta(content="word ", tool_calls=[{"index": 0, "function": {"arguments": "x"}}]))
    (message,) = read(*[chunk] * 100_000).messages
    assert len(message.content) == 500_000 and len(message.tool_calls[0].arguments) == 100_000
