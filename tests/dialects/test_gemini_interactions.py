from time import process_time

import pytest
import recorded
from alike import claims
from cuts import check_bytes, check_cuts
from dialects.samples.gemini_interactions import BODY, EVENTS, PATH, SAMPLES, STEPS, WHOLE, delta, event, start
from exchanges import SSE, events
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.gemini_interactions import ALIKE, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message, ToolCall


@pytest.mark.parametrize(
    ("method", "path", "matching"),
    [
        ("POST", "/v1beta/interactions", True),
        ("POST", "/gem/v1beta/interactions/", True),
        ("POST", "/v1beta/interactions/v1_1/cancel", True),
        ("GET", "/v1beta/interactions/v1_1", True),
        ("POST", "/v1beta/interactions/v1_1", False),
        ("DELETE", "/v1beta/interactions/v1_1", False),
        ("POST", "/v1beta/interaction", False),
    ],
)
def test_the_path_is_known_by_its_end(method, path, matching):
    assert matches(method, path, ()) is matching


def test_a_request_is_its_input_and_parameters():
    read = asked(
        {
            "model": "models/m",
            "input": "hi",
            "system_instruction": "s",
            "tools": [{"type": "google_search"}],
            "stream": True,
            "previous_interaction_id": "v1_0",
            "store": True,
        },
        PATH,
    )
    assert (read.model, read.stream, read.previous_id, len(read.messages)) == ("m", True, "v1_0", 2)
    assert (read.tools, read.parameters) == (({"type": "google_search"},), {"stream": True, "store": True})
    assert asked({"agent": "deep-research"}, PATH).model == "deep-research"


def test_an_answer_and_its_stream_say_the_same():
    whole, stream, poll = (decode(exchange) for _, exchange in SAMPLES)
    said = Message(
        "assistant",
        [STEPS[0], {"type": "text", "text": "I look it up."}, STEPS[2]],
        tool_calls=(ToolCall("c1", "weather", '{"city": "Oslo"}'),),
        reasoning="The user asks.",
        finish_reason="requires_action",
    )
    for call in (whole, stream, poll):
        assert (call.output, call.response_id, call.model) == ((said,), "v1_1", "gemini-2.5-flash")
        assert (call.usage.input, call.usage.output, call.usage.reasoning) == (9, 33, 20)
        assert (call.partial, call.lossy, call.extra) == (False, False, {})
    assert whole.previous_id == "v1_0" and stream.streamed
    assert stream.marks.first_content is not None and stream.marks.first_tool is not None


def test_a_stream_that_breaks_off_is_what_came():
    check_cuts(streamed, events(*EVENTS))
    check_bytes(BODY, PATH, SSE)
    cut = streamed(events(*EVENTS[:9]))
    assert (cut.messages[0].text, cut.messages[0].finish_reason, cut.finished) == ("I look ", None, False)
    assert (cut.first_content, cut.first_tool, cut.pending) == (9, None, False)


def test_older_names_of_events_are_the_same():
    answer = streamed(
        events(
            event("interaction.start", interaction={"id": "v1_1", "status": "in_progress"}),
            event("content.start", index=0, content={"type": "text"}),
            event("content.delta", index=0, delta={"type": "text", "text": "hi"}),
            event("content.stop", index=0),
            event("interaction.complete", interaction={"id": "v1_1", "status": "completed"}),
        )
    )
    assert (answer.messages[0].text, answer.first_content, answer.finished) == ("hi", 3, True)
    assert answered({"outputs": [{"type": "text", "text": "hi"}], "status": "completed"}).messages[0].text == "hi"


def test_a_delta_whose_start_is_missing_has_a_step_of_its_kind():
    answer = streamed(
        events(
            delta(0, type="thought_signature", signature="s"),
            delta(1, type="arguments_delta", arguments="{}"),
            delta(2, type="google_search_call", arguments={}),
            delta(3, type="text", text="hi"),
        )
    )
    assert [part["type"] for part in answer.messages[0].content] == [
        "thought",
        "function_call",
        "google_search_call",
        "text",
    ]


def test_a_run_in_the_background_is_pending():
    answer = answered({"id": "v1_1", "status": "in_progress"})
    assert (answer.pending, answer.messages, answer.lossy, answer.response_id) == (True, (), False, "v1_1")
    failed = answered({"id": "", "status": "failed"})
    assert (failed.error, failed.response_id) == (CallError("the interaction failed", "failed"), None)


def test_an_error_keeps_what_was_said():
    error = event("error", error={"message": "busy", "code": "overloaded"})
    answer = streamed(events(start(0, type="model_output"), delta(0, type="text", text="hi"), error))
    assert answer.error == CallError("busy", "", "overloaded")
    assert (answer.messages[0].text, answer.finished) == ("hi", False)
    assert streamed(events({"event_type": "error", "message": "m"})).error == CallError("m")
    assert answered({"error": {"message": "m"}}).error == CallError("m")


def test_unknown_events_are_kept():
    odd = event("step.progress", index=0)
    assert streamed(events(odd)).extra == {"events": [odd]}


@pytest.mark.parametrize(
    "odd",
    ["{bad", event("step.start", index="x", step={}), event("step.delta", index=0, delta="x"), event("step.start")],
)
def test_what_cannot_be_placed_is_told(odd):
    assert streamed(events(odd, EVENTS[-1])).lossy


def test_two_steps_of_one_index_are_told():
    assert streamed(events(start(0, type="thought"), start(0, type="model_output"), EVENTS[-1])).lossy


@pytest.mark.parametrize("body", [{}, {"steps": "x"}, {"steps": ["x"]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_a_usage_counts_what_tools_put_in():
    usage = answered(WHOLE | {"usage": {"total_input_tokens": 22, "total_tool_use_tokens": 198}}).usage
    assert (usage.input, usage.output) == (220, None)
    assert answered(WHOLE | {"usage": {"odd": 1}}).usage.raw == {"odd": 1}


@given(st.lists(st.tuples(st.booleans(), st.lists(st.text(min_size=1), min_size=1, max_size=4)), max_size=5))
def test_any_stream_gives_what_was_put_in(steps):
    chunks = []
    for index, (calls, texts) in enumerate(steps):
        chunks.append(start(index, type="function_call" if calls else "model_output", name="f"))
        key, kind = ("arguments", "arguments_delta") if calls else ("text", "text")
        chunks += [delta(index, **{"type": kind, key: text}) for text in texts]
    answer = check_cuts(streamed, events(*chunks, EVENTS[-1]))
    parts = answer.messages[0].content or [] if answer.messages else []
    assert [part["text"] for part in parts if part["type"] == "text"] == ["".join(t) for c, t in steps if not c]
    assert len([part for part in parts if part["type"] == "function_call"]) == sum(calls for calls, _ in steps)
    assert answer.finished and not answer.lossy


def test_a_stream_of_a_hundred_thousand_events_is_read_in_one_pass():
    began = process_time()
    answer = streamed(events(start(0, type="model_output"), *[delta(0, type="text", text="word ")] * 100_000))
    assert len(answer.messages[0].text) == 500_000 and process_time() - began < 5


# --- recorded traffic ------------------------------------------------------------------------------------------------

CHUNK_FILES = [
    path
    for path in sorted(recorded.FOLDER.glob("*_vercel_google_*.chunks.txt"))
    if '"event_type"' in path.read_text()[:2000]
]


@pytest.mark.parametrize("name", recorded.names("gemini_interactions"))
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.partial, call.error) == ("gemini_interactions", False, False, None)
    assert call.input and call.response_id and call.output[0].text and call.usage.output


@pytest.mark.parametrize("path", CHUNK_FILES, ids=lambda path: path.name)
def test_recorded_chunks_are_read_without_loss(path):
    answer = check_cuts(streamed, events(*filter(None, path.read_text().split("\n"))))
    assert answer.finished and not answer.lossy and answer.messages and "events" not in answer.extra


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1beta/interactions", None),
        ("/v1beta/interactions/i-1", "retrieve"),
        ("/v1beta/interactions/i-1/cancel", "cancel"),
    ],
)
def test_what_only_tells_of_an_interaction_is_none_of_its_own(path, operation):
    assert asked({}, path).operation == operation


_DELTAS = (
    b'"index":0,"delta":{"text":"<>","type":"text"},"event_type":"step.delta"',
    b'"index":1,"delta":{"arguments":"<>","type":"arguments_delta"},"event_type":"step.delta","event_id":"##"',
    b'"event_type":"content.delta","index":0,"delta":{"type":"text","text":"<>"}',
    b'"index":@,"delta":{"text":"<>","type":"text"},"event_type":"step.delta"',
    b'"index":true,"delta":{"text":"<>","type":"text"},"event_type":"step.delta"',
    b'"index":0,"delta":{"text":"","type":"text"},"event_type":"step.delta"',
    b'"index":0,"delta":{"text":#,"type":"text"},"event_type":"step.delta"',
    b'"index":0,"delta":{"text":"<>","type":"thought"},"event_type":"step.delta"',
    b'"index":0,"delta":{"text":"<>","type":["text"]},"event_type":"step.delta"',
    b'"index":0,"delta":{"text":"<>","type":"text","annotations":[#]},"event_type":"step.delta"',
    b'"index":0,"delta":{"type":"thought_summary","content":{"type":"text","text":"<>"}},"event_type":"step.delta"',
    b'"index":0,"delta":["<>"],"event_type":"step.delta"',
    b'"index":0,"delta":{"text":"<>","type":"text"},"event_type":"step.delta","x":#',
    b'"index":0,"delta":{"text":"<>","type":"text"},"event_type":["step.delta"]',
    b'"index":0,"delta":{"arguments":{"a":"<>"},"type":"arguments_delta"},"event_type":"step.delta"',
    b'"index":0,"step":{"type":"model_output"},"event_type":"step.start"',
    b'"index":0,"step":{"type":"function_call","name":"<>"},"event_type":"step.start"',
    b'"interaction":{"status":"<>"},"event_type":"interaction.completed"',
)
ALIKES = tuple(b"event: step.delta\ndata: {%b}" % told for told in _DELTAS)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(streamed, ALIKE, ALIKES, long=3)
)
