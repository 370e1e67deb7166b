import json

import pytest
import recorded
from cuts import check_bytes, check_cuts
from dialects.samples.cohere_chat import BODY, EVENTS, SAMPLES, WHOLE, event
from exchanges import SSE, events
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.cohere_chat import answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import CallError, ToolCall, UsageSource


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/v2/chat", ()) and matches("POST", "/co/v2/chat/", ())
    assert not matches("GET", "/v2/chat", ())
    assert not matches("POST", "/v1/chat", ()) and not matches("POST", "/v2/chat/completions", ())


def test_a_request_is_its_messages_tools_and_parameters():
    call = WHOLE["message"]["tool_calls"][0]
    read = asked(
        {
            "model": "m",
            "messages": [
                {"role": "user", "content": "u"},
                {"role": "assistant", "tool_plan": "look", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": [{"type": "document", "document": {"data": "x"}}]},
                {"role": "assistant", "content": "a", "tool_plan": ""},
            ],
            "tools": [{"type": "function"}],
            "stream": True,
            "documents": ["d"],
        },
        "/v2/chat",
    )
    user, planned, result, said = read.messages
    assert (user.text, planned.reasoning, planned.extra) == ("u", "look", {"tool_plan": "look"})
    assert (result.role, result.tool_call_id, said.reasoning) == ("tool", "c1", None)
    assert (read.model, read.stream, read.parameters) == ("m", True, {"stream": True, "documents": ["d"]})


def test_an_answer_and_its_stream_say_the_same():
    whole, stream = (decode(exchange) for _, exchange in SAMPLES)
    assert whole.output == stream.output and whole.usage == stream.usage
    (message,) = whole.output
    assert (message.text, message.reasoning, message.finish_reason) == ("I look it up.", "Hm.", "TOOL_CALL")
    assert message.tool_calls == (ToolCall("c1", "weather", '{"city": "Oslo"}'),)
    assert (whole.usage.input, whole.usage.output, whole.usage.cached) == (1205, 12, 400)
    assert (stream.response_id, stream.partial, stream.lossy, whole.response_id) == ("r1", False, False, "r1")


def test_a_stream_may_be_cut_anywhere():
    check_cuts(streamed, events(*EVENTS))
    check_bytes(BODY, "/v2/chat", SSE)


def test_other_answers_are_told():
    assert answered({}).lossy and answered({"message": "text"}).lossy
    assert answered({"error": "busy"}).error == CallError("busy") and not answered({"error": "busy"}).lossy


TEXTS = st.lists(st.tuples(st.sampled_from(["text", "thinking"]), st.lists(st.text(min_size=1))), max_size=4)
CALLS = st.lists(st.lists(st.text(min_size=1), min_size=1), max_size=3)


@given(TEXTS, CALLS, st.lists(st.text(min_size=1), max_size=3))
def test_any_stream_gives_what_was_put_in(contents, calls, plan):
    chunks = [event("message-start", role="assistant")]
    for index, (kind, texts) in enumerate(contents):
        chunks.append(event("content-start", index, content={"type": kind, kind: ""}))
        chunks += [event("content-delta", index, content={kind: text}) for text in texts]
    chunks += [event("tool-plan-delta", tool_plan=text) for text in plan]
    for index, parts in enumerate(calls):
        chunks.append(event("tool-call-start", index, tool_calls={"id": f"c{index}", "function": {"name": "f"}}))
        chunks += [event("tool-call-delta", index, tool_calls={"function": {"arguments": part}}) for part in parts]
    answer = streamed(events(*chunks, EVENTS[-1]))
    (message,) = answer.messages
    assert [part[part["type"]] for part in message.content or []] == ["".join(texts) for _, texts in contents]
    assert [(call.id, call.arguments) for call in message.tool_calls] == [
        (f"c{index}", "".join(parts)) for index, parts in enumerate(calls)
    ]
    assert message.extra.get("tool_plan", "") == "".join(plan)
    assert answer.finished and not answer.lossy


@pytest.mark.parametrize("name", recorded.names("cohere_v2.chat"))
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.partial, call.error) == ("cohere_chat", False, False, None)
    assert call.input and call.output[0].finish_reason and call.usage.source is UsageSource.REPORTED
    assert call.output[0].text or all(json.loads(tool.arguments) for tool in call.output[0].tool_calls)


@pytest.mark.parametrize(
    "path", sorted(recorded.FOLDER.glob("*_vercel_cohere_*.chunks.txt")), ids=lambda path: path.name
)
def test_recorded_chunks_are_read_without_loss(path):
    answer = check_cuts(streamed, events(*filter(None, path.read_text().split("\n"))))
    assert answer.finished and not answer.lossy and answer.messages[0].reasoning
