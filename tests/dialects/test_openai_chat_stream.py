import json

import pytest
from alike import check_alike, claims, make_run
from exchanges import delta, events
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.openai_chat_stream import ALIKE, ChatStream
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


def test_lists_that_are_not_known_grow_by_index():
    first = {"index": 0, "type": "python", "arguments": "1+1"}
    answer = said(
        delta(executed_tools=[first], images=[{"image_url": {"url": "a"}}]),
        delta(executed_tools=[{"index": 0, "output": "2"}, {"index": 1, "type": "search"}]),
        delta(images=[{"image_url": {"url": "b"}}]),
    )
    assert answer.extra["executed_tools"] == [first | {"output": "2"}, {"index": 1, "type": "search"}]
    assert [image["image_url"]["url"] for image in answer.extra["images"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("told", "kept"), [(["hm, ", "so"], "hm, so"), (["v1", "v1"], "v1"), (["", "a"], "a"), ([""], "")]
)
def test_a_text_that_is_not_known_is_in_pieces_unless_it_is_said_again(told, kept):
    assert said(*(delta(thought=text) for text in told)).extra == {"thought": kept}


EXTENSIONS = {
    "citations": ["https://a.test"],
    "search_results": [{"url": "https://a.test"}],
    "x_groq": {"id": "req_1"},
    "provider": "P",
    "timings": {"predicted_n": 3},
    "prompt_token_ids": [1, 2],
    "kv_transfer_params": {"remote": 1},
    "prompt_filter_results": [{"prompt_index": 0}],
    "moderation": {"flagged": False},
    "metrics": {"e2e": 1},
    "warnings": [{"message": "w"}],
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_an_extension_of_a_chunk_is_kept_once_however_often_it_is_said(name):
    value = EXTENSIONS[name]
    once = read(delta(content="a"), delta(finish_reason="stop") | {name: value})
    often = read(delta(content="a") | {name: value}, delta(finish_reason="stop") | {name: value})
    assert once.extra == often.extra == {name: value} and not once.lossy and not often.lossy


def test_lists_beside_the_choices_grow():
    answer = read(delta(content="a") | {"citations": ["a"]}, delta(content="b") | {"citations": ["b"]})
    assert answer.extra == {"citations": ["a", "b"]}


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


ARGUMENTS = ("", '{"a"', ":1}", "{}")
FUNCTIONS = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(("f", "g")), "arguments": st.sampled_from(ARGUMENTS)}
)
FRAGMENTS = st.fixed_dictionaries(
    {"function": FUNCTIONS}, optional={"index": st.integers(0, 2), "id": st.sampled_from(("x", "y", ""))}
)
CHOICES = st.tuples(st.integers(0, 2), st.lists(FRAGMENTS, max_size=3), st.sampled_from(("", "a", "b")))


@given(st.lists(CHOICES, max_size=12))
def test_whatever_indexes_and_ids_collide_or_miss_no_piece_is_lost_or_made_up(told):
    chunks = [delta(index, content=text, tool_calls=fragments) for index, fragments, text in told]
    answer = read(*chunks)
    assert not answer.lossy
    indexes = sorted({index for index, _, _ in told})
    for index, message in zip(indexes, answer.messages, strict=True):
        ours = [(fragments, text) for other, fragments, text in told if other == index]
        assert message.content == "".join(text for _, text in ours)
        pieces = [entry["function"].get("arguments", "") for fragments, _ in ours for entry in fragments]
        assert sorted("".join(call.arguments for call in message.tool_calls)) == sorted("".join(pieces))
        names = {entry["function"].get("name", "") for fragments, _ in ours for entry in fragments}
        assert {call.name for call in message.tool_calls} <= names | {""}


@given(st.data())
def test_choices_that_interleave_read_as_each_alone(data):
    """However the chunks of several choices are shuffled together, each choice is what its own chunks say."""
    queues = [
        [delta(index, content=text, tool_calls=fragments) for fragments, text in told]
        for index, told in enumerate(
            data.draw(st.lists(st.lists(st.tuples(st.lists(FRAGMENTS, max_size=2), st.text(max_size=3))), max_size=3))
        )
    ]
    alone = [message for queue in queues for message in read(*queue).messages]
    together = []
    while any(queues):
        together.append(data.draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    assert list(read(*together).messages) == alone


def test_an_unknown_list_of_a_hundred_thousand_entries_is_read_in_one_pass():
    chunks = [json.dumps(delta(thoughts=[{"index": at, "text": "x"}], mood="a" * (at % 3))) for at in range(100_000)]
    (message,) = read(*chunks).messages
    assert len(message.extra["thoughts"]) == 100_000 and len(message.extra["mood"]) == 99_999


def test_a_stream_of_a_hundred_thousand_chunks_is_read_in_one_pass():
    chunk = json.dumps(delta(content="word ", tool_calls=[{"index": 0, "function": {"arguments": "x"}}]))
    (message,) = read(*[chunk] * 100_000).messages
    assert len(message.content) == 500_000 and len(message.tool_calls[0].arguments) == 100_000


_CHUNK = b'data: {"id":"c","object":"o","created":5,"model":"m","choices":[%b],"usage":null,"obfuscation":"##"}'
_CHOICE = b'{"index":0,"delta":%b,"logprobs":null,"finish_reason":null}'
_FRAGMENT = b'{"tool_calls":[%b],"content":null}'
_DELTAS = (
    b'{"content":"<>"}',
    b'{"role":"assistant","content":null,"reasoning_content":"<>"}',
    b'{"reasoning":"<>","content":""}',
    b'{"reasoning":"<>","reasoning_content":"<>"}',
    b'{"refusal":"<>"}',
    b'{"content":[{"type":"text","text":"<>"}]}',
    b'{"content":{},"reasoning":"<>"}',
    b'{"content":"<>","channel":"x"}',
    b'{"content":"<>","annotations":[{"a":#}]}',
    b'{"content":"<>","content":"b"}',
    b'{"content":#}',
    b'{"content":null}',
    b'{"foo":"<>"}',
    b'{"role":["<>"],"content":"<>"}',
    b'{"cont\\u0065nt":"<>","foo":{"content":"<>"}}',
    b'{"function_call":{"arguments":"<>"}}',
    _FRAGMENT % b'{"index":0,"function":{"arguments":"<>"}}',
    _FRAGMENT % b'{"index":#,"function":{"arguments":"<>"}}',
    _FRAGMENT % b'{"index":0,"id":"t","function":{"name":"f","arguments":"<>"}}',
    _FRAGMENT % b'{"index":0,"type":"function","function":{"arguments":"<>"}}',
    _FRAGMENT % b'{"function":{"arguments":"<>"}},{"function":{"arguments":"<>"}}',
)
_CHOICES = (
    b'{"index":@,"delta":{"content":"<>"},"logprobs":null,"finish_reason":null}',
    b'{"delta":{"content":"<>"},"index":@}',
    b'{"index":@,"delta":{"role":"assistant","reasoning":"<>"}}',
    b'{"index":@,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"<>"}}]}}',
    b'{"index":1,"delta":{"content":"<>"},"finish_reason":"stop"}',
    b'{"delta":{"content":"<>"},"logprobs":{"content":[{"token":"<>"}]}}',
    b'{"delta":{"content":"<>"},"content_filter_results":{"hate":{"filtered":false}}}',
    b'{"delta":{"content":"<>"},"content_filter_results":"x"}',
    b'{"delta":{"content":"<>"},"token_ids":[#]}',
    b'{"cont\\u0065nt":"<>","delta":{"content":"<>"}}',
    b'{"delta":{"content":"<>"}},{"delta":{"content":"<>"}}',
    b'{"message":{"content":"<>"}}',
    b"",
)
_SHORT = b'data: {"choices": [{"delta": {"content": "<>"}}]%b}'
_BESIDE = (
    b"",
    b',"usage":{"total_tokens":#}',
    b',"usage":{"prompt_tokens":7,"total_tokens":#,"completion_tokens":#,"prompt_tokens_details":null}',
    b',"usage":{"completion_tokens":#,"completion_tokens_details":{"completion_tokens":#}}',
    b',"p":"##"',
    b',"created":#',
    b',"x":[1]',
    b',"x":{"a":1}',
    b',"error":"e"',
)
ALIKES = (
    *(_CHUNK % (_CHOICE % delta) for delta in _DELTAS),
    *(_CHUNK % choice for choice in _CHOICES),
    *(_SHORT % beside for beside in _BESIDE),
    *(name + _SHORT % b"" for name in (b"event: error\n", b"event: message\n", b"id: #\n", b"data: [1],\n", b": c\n")),
    *(b"data: <>", b": c", b"data: [DONE]", b'data: "<>"', b'data: {"error":{"message":"<>"}}'),
)
"""Chunks that may be of a run and chunks that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(lambda told: ChatStream().read(told), ALIKE, ALIKES)
)


@pytest.mark.parametrize("event", [_CHUNK % _CHOICES[0], _SHORT % _BESIDE[2]])
def test_a_run_goes_on_while_choices_come_in_turn_and_usage_grows(event):
    assert check_alike(lambda told: ChatStream().read(told), ALIKE, make_run(event, b"\n\n")) > 400


def test_there_are_no_more_choices_than_are_decoded():
    answer = read(*(delta(index, content="a") for index in range(MOST_ANSWERS + 5)), delta(0, content="b"))
    assert (len(answer.messages), answer.lossy, answer.messages[0].content) == (MOST_ANSWERS, True, "ab")
