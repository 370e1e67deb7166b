import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import recorded
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects import (
    anthropic_messages,
    bedrock_converse,
    cohere_chat,
    cohere_chat_v1,
    gemini,
    gemini_interactions,
    ollama,
)
from pandaprobe_proxy.dialects.openai_chat import answered, asked
from pandaprobe_proxy.dialects.registry import find
from pandaprobe_proxy.dialects.responses_answer import read_response
from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.model.call import Call, Message, ToolCall
from pandaprobe_proxy.sessions.transcript import REMEMBERED_CHARS, digest, name_messages
from pandaprobe_proxy.wire.sse import SseReader

TEXT = Message("assistant", "Paris.")
CALL = ToolCall("call_1", "weather", '{"city":"Paris","days":2}')


def test_a_digest_is_sixteen_bytes_that_never_change():
    assert digest(TEXT).hex() == digest(Message("assistant", "Paris.")).hex() == "6ce21c65f99951cece12d5dad76c6fde"


@pytest.mark.parametrize("content", ["", None, [], [{"type": "text", "text": ""}], [None]])
def test_no_content_is_no_content(content):
    assert digest(Message("assistant", content, tool_calls=(CALL,))) == digest(Message("assistant", tool_calls=(CALL,)))


@pytest.mark.parametrize(
    "content",
    [
        ["Paris."],
        [{"type": "text", "text": "Paris."}],
        [{"type": "output_text", "text": "Paris.", "annotations": []}],
        [{"type": "text", "text": "Paris.", "cache_control": {"type": "ephemeral"}}],
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Paris."}],
        [{"text": "hm", "thought": True}, {"text": "Paris.", "thoughtSignature": "AAA="}],
        [{"toolCall": {"toolType": "FILE_SEARCH"}}, {"toolResponse": {}}, {"text": "Paris."}],
        [{"type": "thought", "summary": []}, {"type": "text", "text": "Paris."}, {"thoughtSignature": "AAA="}],
    ],
)
def test_a_text_is_the_same_as_one_part_of_it(content):
    assert digest(Message("assistant", content)) == digest(TEXT)


def test_a_message_too_long_to_be_remembered_has_the_digest_of_its_one_part_all_the_same():
    long = "Paris. " * REMEMBERED_CHARS
    assert digest(Message("assistant", long)) == digest(Message("assistant", [{"type": "text", "text": long}]))
    called = Message("assistant", tool_calls=(replace(CALL, arguments=long),))
    assert digest(called) == digest(replace(called, content=""))


def test_what_only_an_answer_has_is_not_part_of_it():
    rich = replace(TEXT, reasoning="hm", finish_reason="stop", extra={"annotations": [], "audio": {"id": None}})
    assert digest(rich) == digest(TEXT)


def test_arguments_count_by_their_value():
    written = replace(CALL, arguments='{ "days": 2, "city": "\\u0050aris" }', extra={"x": 1}, type="")
    assert digest(Message("assistant", tool_calls=(written,))) == digest(Message("assistant", tool_calls=(CALL,)))
    assert digest(Message("assistant", tool_calls=(replace(CALL, arguments=""),))) == digest(
        Message("assistant", tool_calls=(replace(CALL, arguments="{}"),))
    )


def test_a_refusal_is_the_same_beside_the_content_and_in_it():
    part = Message("assistant", [{"type": "refusal", "refusal": "No."}])
    assert digest(Message("assistant", refusal="No.")) == digest(part)


USE = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris", "days": 2}}


@pytest.mark.parametrize(
    "part",
    [
        USE,
        USE | {"caller": {"type": "direct"}},
        {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Paris", "days": 2}}},
    ],
)
def test_a_tool_use_among_the_parts_counts_as_the_tool_call_that_it_is(part):
    assert digest(Message("assistant", [part], tool_calls=(CALL,))) == digest(Message("assistant", tool_calls=(CALL,)))
    assert digest(Message("assistant", [part])) != digest(Message("assistant"))


@pytest.mark.parametrize("odd", [{"type": "tool_use", "id": 5}, {"toolUse": "call_1"}, {"toolUse": {}}])
def test_a_tool_use_without_an_id_is_a_part_like_others(odd):
    assert digest(Message("assistant", [odd], tool_calls=(CALL,))) != digest(Message("assistant", tool_calls=(CALL,)))


def test_parts_without_a_type_are_read_by_what_they_hold():
    parts = [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"text": "Paris."},
        {"cachePoint": {"type": "default"}},
    ]
    assert digest(Message("assistant", parts)) == digest(TEXT)
    assert digest(Message("assistant", [{"text": 5}])) != digest(Message("assistant", ["5"]))


def test_an_answer_of_anthropic_is_the_same_when_it_comes_back():
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "I look.", "citations": [{"type": "char_location"}]},
        USE | {"caller": {"type": "direct"}},
    ]
    (said,) = anthropic_messages.answered({"content": blocks, "stop_reason": "tool_use"}).messages
    sent = [{"text": "I look.", "type": "text"}, USE | {"cache_control": {"type": "ephemeral"}}]
    (kept,) = anthropic_messages.asked({"messages": [{"role": "assistant", "content": sent}]}, "/v1/messages").messages
    (whole,) = anthropic_messages.asked({"messages": [{"role": "assistant", "content": blocks}]}, "/").messages
    assert digest(said) == digest(kept) == digest(whole)


def test_an_answer_of_bedrock_is_the_same_when_it_comes_back():
    use = {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}
    content = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "I look."}, use]
    (said,) = bedrock_converse.answered({"output": {"message": {"role": "assistant", "content": content}}}).messages
    sent = {"role": "assistant", "content": [{"text": "I look."}, use, {"cachePoint": {"type": "default"}}]}
    (kept,) = bedrock_converse.asked({"messages": [sent]}, "/model/m/converse").messages
    assert digest(said) == digest(kept)


DIALECTS = {"anthropic": anthropic_messages, "bedrock": bedrock_converse}
ECHOES = [
    (name, calls)
    for name, calls in recorded.sessions()
    if sum(call["provider"] in DIALECTS and call["endpoint"] in {"messages", "converse"} for call in calls) > 1
]


@pytest.mark.parametrize(("name", "calls"), ECHOES, ids=[name for name, _ in ECHOES])
def test_recorded_answers_are_known_when_they_come_back(name, calls):
    """By tool calls, since some runs leave out answers or begin with those of another provider."""
    said: dict[str, bytes] = {}
    for call in calls:
        dialect = DIALECTS.get(call["provider"])
        if dialect is None or call["transport"] != "json":
            continue
        for message in dialect.asked(json.loads(call["request_body"]), "").messages:
            known = [tool.id for tool in message.tool_calls if tool.id in said]
            assert {said[identifier] for identifier in known} <= {digest(message)}
        for message in dialect.answered(json.loads(call["response_body"])).messages:
            said |= {tool.id: digest(message) for tool in message.tool_calls}


RESULT = {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "7", "files": [{"id": "f"}]}}


def test_results_of_the_provider_are_the_same_with_all_fields_of_their_types():
    written = RESULT | {"caller": {"type": "direct"}, "content": RESULT["content"] | {"abort_reason": None}}
    assert digest(Message("assistant", [written])) == digest(Message("assistant", [RESULT]))
    other = RESULT | {"content": {"stdout": "8", "files": [{"id": "f"}]}}
    assert digest(Message("assistant", [other])) != digest(Message("assistant", [RESULT]))


IMAGE = {"type": "image_url", "image_url": {"url": "data:a"}}


def test_what_was_said_makes_the_difference():
    messages = [
        TEXT,
        Message("user", "Paris."),
        Message("assistant", "Paris"),
        Message("assistant", "Paris.", name="guide"),
        Message("tool", "Paris.", tool_call_id="call_1"),
        Message("tool", "Paris.", tool_call_id="call_2"),
        Message("assistant", ["Par", "is."]),
        Message("assistant", refusal="Paris."),
        Message("user", [IMAGE]),
        Message("user", [IMAGE | {"image_url": {"url": "data:b"}}]),
        Message("user", 5),
        Message("assistant", tool_calls=(CALL,)),
        Message("assistant", tool_calls=(CALL, CALL)),
        Message("assistant", tool_calls=(replace(CALL, id="call_2"),)),
        Message("assistant", tool_calls=(replace(CALL, name="climate"),)),
        Message("assistant", tool_calls=(replace(CALL, arguments='{"city":"Rome"}'),)),
        Message("assistant", tool_calls=(replace(CALL, arguments="not JSON"),)),
        Message("assistant", tool_calls=(replace(CALL, arguments='"not JSON"'),)),
    ]
    assert len({digest(message) for message in messages}) == len(messages)


def test_an_answer_in_audio_is_known_by_its_id():
    answer = Message("assistant", extra={"audio": {"id": "a1", "data": "AAAA", "transcript": "hi", "expires_at": 5}})
    assert digest(answer) == digest(Message("assistant", "", extra={"audio": {"id": "a1"}}))
    assert digest(answer) != digest(Message("assistant", extra={"audio": {"id": "a2"}}))


def test_marks_on_other_parts_make_no_difference():
    marked = IMAGE | {"cache_control": {"type": "ephemeral"}, "id": "x"}
    assert digest(Message("user", [marked])) == digest(Message("user", [IMAGE]))


def test_an_answer_sent_back_as_history_is_recognised():
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
    message = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": [],
        "tool_calls": [call | {"index": 0}],
    }
    (answer,) = answered({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}).messages
    sent = {"role": "assistant", "content": "", "tool_calls": [call]}
    assert digest(asked({"messages": [sent]}, "/").messages[0]) == digest(answer)


SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"query": "q"}, "results": None}
OUTPUT = [
    {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
    SEARCH,
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [
            {"type": "output_text", "text": "Let me see.", "annotations": [{"type": "url_citation"}]},
            {"type": "refusal", "refusal": "But no."},
        ],
    },
    {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "c",
        "name": "f",
        "arguments": '{"a": 1}',
        "status": "completed",
    },
    {"id": "ctc_1", "type": "custom_tool_call", "call_id": "d", "name": "sql", "input": "select 1"},
]


def strip(item):
    kept = {key: value for key, value in item.items() if key not in {"id", "status"} and value is not None}
    if item["type"] == "message":
        parts = ({key: value for key, value in part.items() if key != "annotations"} for part in item["content"])
        kept["content"] = list(parts)
    return kept


@pytest.mark.parametrize(
    "sent",
    [OUTPUT, OUTPUT[1:], [strip(item) for item in OUTPUT], [{**item, "created_by": None} for item in OUTPUT]],
    ids=["as it was", "without its reasoning", "without ids and states", "with nulls"],
)
def test_a_response_sent_back_as_input_is_recognised(sent):
    (answer,) = read_response({"status": "completed", "output": OUTPUT}).messages
    results = [{"type": "function_call_output", "call_id": "c", "output": "1"}]
    asked_again = read_create({"input": [{"role": "user", "content": "?"}, *sent, *results]}, "/").messages
    assert [digest(each) for each in asked_again][1] == digest(answer)
    assert [each.role for each in asked_again] == ["user", "assistant", "tool"]


def test_references_to_items_are_told_apart():
    first, second = (Message("assistant", [{"type": "item_reference", "id": name}]) for name in ("msg_1", "msg_2"))
    assert digest(first) != digest(second)


def test_a_refusal_that_is_a_part_is_not_counted_twice():
    part = {"type": "refusal", "refusal": "No."}
    assert digest(Message("assistant", [part], refusal="No.")) == digest(Message("assistant", [part]))


def test_blobs_are_equal_in_either_alphabet():
    one = {"inlineData": {"mimeType": "image/png", "data": "+/8="}}
    other = {"inlineData": {"mimeType": "image/png", "data": "-_8"}}
    assert digest(Message("user", [one])) == digest(Message("user", [other]))
    assert digest(Message("user", [{"inlineData": "odd"}])) != digest(Message("user", [one]))


def test_a_call_that_is_a_part_counts_once():
    part = {"functionCall": {"name": "weather", "args": {"city": "Paris", "days": 2}, "id": "call_1"}}
    assert digest(Message("assistant", [part], tool_calls=(CALL,))) == digest(Message("assistant", tool_calls=(CALL,)))
    assert digest(Message("assistant", [part])) != digest(Message("assistant"))


GEMINI = [
    {"text": "I think", "thought": True},
    {"text": "It "},
    {"text": "rains.", "thoughtSignature": "a+/="},
    {"functionCall": {"name": "f", "args": {"x": [1]}, "id": "c1"}},
    {"inlineData": {"mimeType": "image/png", "data": "+/8="}},
]


def test_what_gemini_said_is_recognised_as_clients_send_it_back():
    content = {"role": "model", "parts": GEMINI}
    (answer,) = gemini.answered({"candidates": [{"content": content, "finishReason": "STOP"}]}).messages
    chunks = [{"role": "model", "parts": [part]} for part in GEMINI]
    snake = [
        {"text": "It rains.", "thought_signature": "a-_"},
        {"function_call": {"name": "f", "args": {"x": [1]}, "id": "c1"}},
        {"inline_data": {"mime_type": "image/png", "data": "-_8"}},
    ]
    for contents in ([content], chunks, [{"role": "model", "parts": snake}]):
        (sent,) = gemini.asked({"contents": contents}, "/v1beta/models/m:generateContent").messages
        assert digest(sent) == digest(answer)


def test_what_an_interaction_said_is_recognised():
    steps = [
        {"type": "thought", "signature": "x"},
        {"type": "model_output", "content": [{"type": "text", "text": "hi"}]},
        {"type": "function_call", "id": "c1", "name": "f", "arguments": {}},
    ]
    (answer,) = gemini_interactions.answered({"status": "requires_action", "steps": steps}).messages
    (sent,) = gemini_interactions.asked({"input": steps}, "/v1beta/interactions").messages
    assert digest(sent) == digest(answer)


def test_what_ollama_said_is_recognised():
    call = {"id": "c1", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}}
    said = {"role": "assistant", "content": "hi", "thinking": "hm", "tool_calls": [call]}
    (answer,) = ollama.answered({"message": said, "done": True}).messages
    (sent,) = ollama.asked({"messages": [said]}, "/api/chat").messages
    (bare,) = ollama.asked({"messages": [said | {"thinking": None}]}, "/api/chat").messages
    assert digest(sent) == digest(bare) == digest(answer)


def test_what_cohere_said_is_recognised():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    said = {
        "role": "assistant",
        "tool_plan": "I will",
        "tool_calls": [call],
        "content": [{"type": "text", "text": "a"}],
    }
    (answer,) = cohere_chat.answered({"message": said, "finish_reason": "COMPLETE"}).messages
    for sent in (said, {"role": "assistant", "content": "a", "tool_calls": [call]}):
        assert digest(cohere_chat.asked({"messages": [sent]}, "/v2/chat").messages[0]) == digest(answer)
    (first,) = cohere_chat_v1.answered({"text": "hi", "finish_reason": "COMPLETE"}).messages
    history = [{"role": "CHATBOT", "message": "hi"}]
    assert digest(cohere_chat_v1.asked({"chat_history": history}, "/v1/chat").messages[0]) == digest(first)


RECORDED = [
    (name, calls) for name, calls in recorded.sessions() if name[:10] in {"session_01", "session_11", "session_45"}
]


@pytest.mark.parametrize(("name", "calls"), RECORDED, ids=[name for name, _ in RECORDED])
def test_answers_of_recorded_sessions_are_recognised(name, calls):
    said = None
    for call in calls:
        path = urlsplit(call["uri"]).path
        dialect = find("POST", path, ())
        if dialect is None or not dialect.name.startswith(("gemini", "cohere")):
            continue
        history = {digest(message) for message in dialect.asked(json.loads(call["request_body"]), path).messages}
        assert said is None or said in history
        body = call["response_body"]
        streamed = call["transport"] == "sse"
        answer = dialect.streamed(SseReader(body.encode())) if streamed else dialect.answered(json.loads(body))
        said = digest(answer.messages[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "id"]) | st.text(), inner)
    ),
    max_leaves=8,
)


@given(st.text(), JSON, st.text())
def test_any_message_has_a_digest(role, content, arguments):
    message = Message(role, content, tool_calls=(ToolCall("", "", arguments),))
    assert len(digest(message)) == 16
    assert digest(message) == digest(replace(message, reasoning="r"))


def test_the_messages_of_a_call_are_named_in_the_order_in_which_they_were_said():
    asked, answered = Message("user", "a"), Message("assistant", "b")
    assert name_messages(Call("d", 1, "chat", input=(asked,), output=(answered,))) == [digest(asked), digest(answered)]
