from time import process_time

import pytest
from alike import claims
from cuts import check_bytes, check_cuts
from dialects.samples.mistral_conversations import BODY, EVENTS, OUTPUTS, PATH, SAMPLES, WHOLE
from exchanges import SSE, events
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.mistral_conversations import ALIKE, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message, ToolCall

CLIENT = ((b"User-Agent", b"mistral-client-python/3.7.0"),)


@pytest.mark.parametrize("end", ["", "/conv_1", "/conv_1/restart", "/"])
def test_a_path_is_mistrals_by_what_it_begins_with_or_by_who_sends_it(end):
    assert matches("POST", f"/mistral/v1/conversations{end}", ())
    assert matches("POST", f"/v1/conversations{end}", CLIENT)
    assert not matches("POST", f"/v1/conversations{end}", ())
    assert not matches("GET", f"/mistral/v1/conversations{end}", CLIENT)


def test_other_paths_are_not():
    assert not matches("POST", "/mistral/v1/conversations/c/history", CLIENT)


def test_a_request_is_its_inputs_and_parameters():
    read = asked(
        {"agent_id": "ag_1", "inputs": "hi", "stream": True, "store": True, "tools": "x"}, f"{PATH}/conv%3A1/restart"
    )
    assert (read.model, read.stream, read.conversation_id) == ("ag_1", True, "conv:1")
    assert read.messages == (Message("user", "hi"),)
    assert read.parameters == {"agent_id": "ag_1", "stream": True, "store": True, "tools": "x"}
    assert asked({"agent_id": 5}, PATH).model is None and asked({}, "/").conversation_id is None


def test_an_answer_and_its_stream_say_the_same():
    whole, stream = (decode(exchange) for _, exchange in SAMPLES)
    assert whole.output == stream.output
    (message,) = whole.output
    assert message.text == "I look it up." and message.content[0]["name"] == "web_search"
    call = ToolCall("c1", "weather", '{"city": "Oslo"}', extra={"id": "f1", "model": "mistral-medium-latest"})
    assert message.tool_calls == (call,)
    for read in (whole, stream):
        assert (read.conversation_id, read.model, read.extra) == ("conv_1", "mistral-medium-latest", {})
        assert (read.usage.input, read.usage.output, read.partial, read.lossy) == (5, 7, False, False)
    assert [message.role for message in whole.input] == ["system", "user"]
    assert stream.marks.first_content is not None and stream.marks.first_tool is not None


def test_a_stream_may_be_cut_anywhere():
    check_cuts(streamed, events(*EVENTS))
    check_bytes(BODY, PATH, SSE)


def test_a_handoff_between_agents_is_kept():
    started = {"type": "agent.handoff.started", "id": "h1", "previous_agent_id": "a"}
    done = {"type": "agent.handoff.done", "id": "h1", "next_agent_id": "b"}
    (message,) = streamed(events(started, done)).messages
    assert message.content == [{"type": "agent.handoff", "id": "h1", "previous_agent_id": "a", "next_agent_id": "b"}]


def test_an_error_keeps_what_was_said():
    error = {"type": "conversation.response.error", "message": "busy", "code": 503}
    answer = streamed(events(*EVENTS[:5], error))
    assert (answer.error, answer.messages[0].text, answer.finished) == (
        CallError("busy", "conversation.response.error", "503"),
        "I look ",
        False,
    )
    assert streamed(events({"error": {"message": "m"}})).error == CallError("m")
    assert answered({"error": "m"}).error == CallError("m")


def test_unknown_events_are_kept():
    odd = {"type": "weather.report"}
    assert streamed(events(odd)).extra == {"events": [odd]}


def test_an_entry_without_an_id_is_known_by_its_place():
    parts = [
        {"type": "message.output.delta", "output_index": index, "content": text}
        for index, text in ((0, "a"), (1, "b"), (0, "c"))
    ]
    assert streamed(events(*parts)).messages[0].text == "ac\nb"


@pytest.mark.parametrize("odd", ["{bad", {"type": "message.output.delta", "output_index": [1], "content": "a"}])
def test_what_cannot_be_placed_is_told(odd):
    assert streamed(events(odd, EVENTS[-1])).lossy


@pytest.mark.parametrize("body", [{}, {"outputs": "x"}, {"outputs": ["x", *OUTPUTS]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy and not answered(WHOLE).lossy


@given(st.lists(st.tuples(st.booleans(), st.lists(st.text(min_size=1), min_size=1, max_size=4)), max_size=5))
def test_any_stream_gives_what_was_put_in(entries):
    chunks = []
    for index, (calls, texts) in enumerate(entries):
        kind, key = ("function.call", "arguments") if calls else ("message.output", "content")
        chunks += [{"type": f"{kind}.delta", "id": str(index), "name": "f", key: text} for text in texts]
    answer = check_cuts(streamed, events(*chunks, EVENTS[-1]))
    if not entries:
        assert answer.messages == ()
        return
    (message,) = answer.messages
    assert message.text == "\n".join("".join(texts) for calls, texts in entries if not calls)
    assert [call.arguments for call in message.tool_calls] == ["".join(texts) for calls, texts in entries if calls]


def test_a_stream_of_a_hundred_thousand_events_is_read_in_one_pass():
    began = process_time()
    piece = {"type": "message.output.delta", "id": "m1", "content": "word "}
    assert len(streamed(events(*[piece] * 100_000)).messages[0].text) == 500_000
    assert process_time() - began < 5


_DELTAS = (
    b'"type":"message.output.delta","created_at":"2025-05-27T07:48:##Z","id":"m_1","output_index":0,"content_index":0,'
    b'"model":"m","agent_id":null,"role":"assistant","content":"<>"',
    b'"type":"function.call.delta","created_at":"1Z","id":"f_1","output_index":0,"name":"n","arguments":"<>"',
    b'"type":"message.output.delta","id":"m_1","output_index":@,"content":"<>"',
    b'"type":"message.output.delta","output_index":@,"content":"<>"',
    b'"type":"message.output.delta","id":"m_1","content":""',
    b'"type":"message.output.delta","id":"m_1","content":#',
    b'"type":"message.output.delta","id":"m_1","content":{"type":"text","text":"<>"}',
    b'"type":"message.output.delta","id":"m_1","content":["<>"]',
    b'"type":"message.output.delta","id":["m_1"],"content":"<>"',
    b'"type":"message.output.delta","id":"m_1","content":"<>","error":"<>"',
    b'"type":"message.output.delta","id":"<>","content":"a"',
    b'"type":"message.output.delta","id":"m_1","content":"<>","arguments":"a"',
    b'"type":"function.call.delta","id":"f_1","arguments":"<>","content":"a"',
    b'"type":["message.output.delta"],"id":"m_1","content":"<>"',
    b'"id":"m_1","content":"<>"',
    b'"type":"message.output.delta","id":"m_1","role":"<>","content":"a"',
    b'"type":"function.call.delta","id":"f_1","arguments":{"a":"<>"}',
    b'"type":"conversation.response.done","usage":{"total_tokens":#}',
)
ALIKES = (
    *(b"event: message.output.delta\ndata: {%b}" % told for told in _DELTAS),
    b'event: conversation.response.error\ndata: {"message":"<>"}',
    b'event: message.output.delta\ndata: {"id":"m_1","content":"<>"}',
)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(streamed, ALIKE, ALIKES, long=2)
)
