import json

import pytest
import recorded
from cuts import check_bytes, check_cuts
from dialects.samples.gemini import ARRAY, CALL, CHUNKS, CRLF, PATH, SAMPLES, WHOLE
from exchanges import JSON, SSE, events
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.gemini import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import Message, ToolCall, UsageSource

VERTEX = "/v1beta1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash"


@pytest.mark.parametrize("base", [PATH, VERTEX, "/gem/v1/models/m", "/v1internal", "/v1beta/tunedModels/t"])
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent", "countTokens"])
def test_the_path_is_known_by_its_end(base, method):
    assert matches("POST", f"{base}:{method}", ())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{PATH}:generateContent"),
        ("POST", f"{PATH}:embedContent"),
        ("POST", PATH),
        ("POST", "/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict"),
        ("GET", "/v1beta/models"),
    ],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_a_request_is_its_contents_tools_and_parameters():
    tool = {"functionDeclarations": [{"name": "f"}]}
    read = asked(
        {
            "systemInstruction": {"parts": [{"text": "s"}]},
            "contents": [{"parts": [{"text": "u"}]}],
            "tools": [tool],
            "generationConfig": {"temperature": 0},
        },
        f"{PATH}:streamGenerateContent",
    )
    assert (read.model, read.stream, read.tools) == ("gemini-2.5-flash", True, (tool,))
    assert [(message.role, message.text) for message in read.messages] == [("system", "s"), ("user", "u")]
    assert (read.parameters, read.operation) == ({"generationConfig": {"temperature": 0}}, None)


def test_a_request_may_be_wrapped():
    inner = {"contents": [{"parts": [{"text": "u"}]}], "system_instruction": "s"}
    code = asked({"model": "gemini-2.5-pro", "project": "p", "request": inner}, "/v1internal:generateContent")
    assert (code.model, len(code.messages), code.parameters) == ("gemini-2.5-pro", 2, {"project": "p"})
    count = asked({"generateContentRequest": inner | {"model": "models/m"}}, f"{PATH}:countTokens")
    assert (count.operation, len(count.messages), count.stream) == ("count_tokens", 2, False)


def test_fields_of_a_wrong_type_are_kept_as_parameters():
    assert asked({"tools": "x", "request": 5}, "/").parameters == {"tools": "x", "request": 5}


def test_an_answer_and_its_streams_say_the_same():
    whole, *streams = (decode(exchange) for _, exchange in SAMPLES[:3])
    said = Message(
        "assistant",
        [{"text": "The user asks.", "thought": True}, {"text": "I look it up."}, CALL],
        tool_calls=(ToolCall("c1", "weather", '{"city": "Oslo"}'),),
        reasoning="The user asks.",
        finish_reason="STOP",
    )
    assert whole.output == (said,) and not whole.streamed
    for call in streams:
        assert (call.output, call.usage, call.streamed) == ((said,), whole.usage, True)
        assert (call.partial, call.lossy, call.response_id) == (False, False, "r1")
        assert call.marks.first_content is not None and call.marks.first_tool is not None
    assert (whole.usage.input, whole.usage.output, whole.usage.reasoning) == (21, 21, 12)


def test_a_count_of_tokens_is_an_operation_of_its_own():
    call = decode(SAMPLES[3][1])
    assert (call.operation, call.kind, call.extra, call.lossy) == ("count_tokens", "OTHER", {"totalTokens": 21}, False)


def test_a_stream_that_breaks_off_is_what_came():
    whole = check_cuts(streamed, events(*CHUNKS, done=False))
    assert whole.messages == answered(WHOLE).messages
    cut = streamed(events(*CHUNKS[:2], done=False))
    assert (cut.messages[0].text, cut.finished, cut.lossy) == ("I look ", False, False)


@pytest.mark.parametrize(("body", "headers"), [(CRLF, SSE), (ARRAY, JSON)])
def test_a_stream_may_be_cut_anywhere(body, headers):
    check_bytes(body, f"{PATH}:streamGenerateContent", headers)


def test_a_usage_before_the_end_is_partial():
    from dataclasses import replace

    exchange = SAMPLES[1][1]
    at = CRLF.index(b"\r\n\r\n") + 4
    call = decode(replace(exchange, response_body=CRLF[:at], chunks=((700, at),)))
    assert (call.usage.input, call.usage.source, call.partial) == (21, UsageSource.PARTIAL, True)


def test_a_broken_event_is_a_loss():
    assert streamed(events(CHUNKS[0], "{bad", done=False)).lossy


TEXTS = st.lists(st.tuples(st.booleans(), st.text(min_size=1)), max_size=8)
CALLS = st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.integers(), max_size=3)


@given(TEXTS, CALLS)
def test_any_stream_gives_what_was_put_in(texts, calls):
    parts = [{"text": text, "thought": True} if thought else {"text": text} for thought, text in texts]
    parts += [{"functionCall": {"name": name, "args": {"n": value}}} for name, value in calls.items()]
    chunks = [{"candidates": [{"content": {"parts": [part]}}]} for part in parts]
    answer = check_cuts(streamed, events(*chunks, {"candidates": [{"finishReason": "STOP"}]}, done=False))
    (message,) = answer.messages
    seen = "".join(text for thought, text in texts if not thought)
    assert message.text.replace("\n", "") == seen.replace("\n", "")
    assert (message.reasoning or "") == "".join(text for thought, text in texts if thought)
    assert [(call.name, json.loads(call.arguments)["n"]) for call in message.tool_calls] == list(calls.items())
    assert answer.finished and not answer.lossy


# --- recorded traffic ------------------------------------------------------------------------------------------------

NAMES = [name for name in recorded.names() if any(method in name for method in ("enerateContent_", "countTokens"))]
CHUNK_FILES = [
    path
    for path in sorted(recorded.FOLDER.glob("*_vercel_google_*.chunks.txt"))
    if '"candidates"' in path.read_text()[:2000]
]


@pytest.mark.parametrize("name", NAMES)
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.partial) == ("gemini", False, False)
    assert call.input and call.requested_model and (call.error is not None) is ("err" in name)
    if call.operation == "chat" and not call.error:
        assert all(message.finish_reason for message in call.output)
        assert call.model and call.usage.source is UsageSource.REPORTED


@pytest.mark.parametrize("path", CHUNK_FILES, ids=lambda path: path.name)
def test_recorded_chunks_are_read_without_loss(path):
    answer = check_cuts(streamed, events(*filter(None, path.read_text().split("\n")), done=False))
    assert answer.finished and not answer.lossy and answer.messages
    if "arguments" in path.name:
        assert answer.messages[0].tool_calls
        assert all(json.loads(call.arguments) for call in answer.messages[0].tool_calls)


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("gemini", "chat") and DIALECT.version >= 1
