import gzip
import json
import time
import zlib
from dataclasses import replace

import brotli
import pytest
import recorded
from alike import FILLERS, check_alike
from exchanges import JSON, SSE, delta, make_exchange, sse
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from pandaprobe_proxy.dialects.bodies import read_type
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS, MOST_ENTRIES
from pandaprobe_proxy.dialects.decode import UNDECODABLE, decode
from pandaprobe_proxy.dialects.framings import find_framing
from pandaprobe_proxy.dialects.registry import find
from pandaprobe_proxy.model.call import Call, CallError, Marks, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Exchange, Headers, Outcome
from pandaprobe_proxy.wire.sse import SseReader
from pandaprobe_proxy.wire.websocket import write_frame
from pieces import slices

ASKED = {"model": "m", "messages": [{"role": "user", "content": "hello there"}], "stream": True}
REQUEST = json.dumps(ASKED).encode()
WHOLE = {"id": "c1", "model": "m1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}
CHUNKS = [
    delta(role="assistant", content=""),
    delta(content="he"),
    delta(content="llo"),
    delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]),
    delta(finish_reason="tool_calls"),
    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
]
STREAM = sse(CHUNKS)


def read(exchange: Exchange) -> Call:
    call = decode(exchange)
    assert call is not None
    return call


def test_an_answer_in_json_is_a_call():
    call = read(make_exchange(REQUEST, json.dumps(WHOLE).encode()))
    assert (call.dialect, call.operation, call.requested_model, call.model) == ("openai_chat", "chat", "m", "m1")
    assert (call.response_id, call.input[0].content, call.output[0].content) == ("c1", "hello there", "hi")
    assert call.parameters == {"stream": True}
    assert (call.streamed, call.partial, call.lossy, call.error) == (False, False, False, None)
    assert call.usage == Usage(3, 1, source=UsageSource.ESTIMATED)


def test_a_usage_that_the_relay_asked_for_is_told_as_such():
    exchange = make_exchange(REQUEST, STREAM, headers=SSE)
    asked = replace(exchange, ended=structs.replace(exchange.ended, asked_usage=True))
    assert read(asked).usage.source is UsageSource.INJECTED
    cut = replace(
        asked, response_body=STREAM.replace(b'"finish_reason": "tool_calls"', b'"a": 1')[: -len(b"[DONE]\n\n")]
    )
    assert read(cut).usage.source is UsageSource.PARTIAL


def test_an_answer_in_a_stream_is_a_call():
    call = read(make_exchange(REQUEST, STREAM, headers=SSE))
    assert (call.streamed, call.partial, call.lossy, call.error) == (True, False, False, None)
    assert (call.output[0].content, call.output[0].tool_calls[0].name) == ("hello", "f")
    assert (call.usage.input, call.usage.output, call.usage.source) == (3, 4, UsageSource.REPORTED)


@pytest.mark.parametrize("path", ["/", "/v1/unheard-of", "/v1/chat/completions/control"])
def test_an_exchange_that_no_dialect_knows_is_no_call(path):
    assert decode(make_exchange(path=path)) is None


def test_an_upgraded_connection_that_no_dialect_knows_is_no_call():
    assert decode(make_exchange(status=101)) is None


def test_an_upgraded_connection_is_a_call_once_something_was_asked_on_it():
    def connection(*events):
        data = b"".join(write_frame(1, json.dumps(event).encode()) for event in events)
        return make_exchange(b"", data, method="GET", path="/v1/realtime", status=101)

    assert decode(connection({"type": "session.created", "session": {}})) is None
    said = {"id": "i", "role": "assistant", "content": [{"type": "text", "text": "hi \ud83d"}]}
    done = {"type": "response.done", "response": {"id": "r", "status": "completed", "output": [said]}}
    call = read(connection(done))
    assert (call.dialect, call.operation, call.output) == ("openai_realtime", "connection", ())
    (turn,) = call.turns
    assert (turn.call.operation, turn.call.response_id, turn.call.output[0].text) == ("chat", "r", "hi \ufffd")
    odd = {"type": "response.done", "response": {"id": "r", "output": 7}}
    assert read(connection(odd)).error.type == UNDECODABLE


def test_a_query_is_no_part_of_the_path():
    path = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-02-01"
    assert read(make_exchange(b"{}", path=path)).requested_model == "gpt-4o"


# --- moments ---------------------------------------------------------------------------------------------------------


def arrivals(body: bytes, size: int) -> tuple[tuple[int, int], ...]:
    return tuple((1000 + at, len(piece)) for at, piece in enumerate(slices(body, size)))


def moment(body: bytes, needle: bytes, size: int) -> int:
    """When the event that holds `needle` first was whole, if each `size` bytes took a nanosecond."""
    return 1000 + (body.index(b"\n\n", body.index(needle)) + 1) // size


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_moments_of_a_stream_are_those_of_the_bytes_that_completed_its_events(size):
    chunks = arrivals(STREAM, size)
    assert read(make_exchange(REQUEST, STREAM, headers=SSE, chunks=chunks)).marks == Marks(
        sent=200,
        head=500,
        first_byte=1000,
        first_event=moment(STREAM, b"data", size),
        first_content=moment(STREAM, b'"he"', size),
        first_tool=moment(STREAM, b"tool_calls", size),
        last_byte=chunks[-1][0],
        ended=900,
    )


def test_moments_of_a_coded_stream_are_found_by_uncoding_its_pieces():
    packer = zlib.compressobj(wbits=31)
    events = [event + b"\n\n" for event in STREAM.split(b"\n\n") if event]
    packed = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events]
    packed[-1] += packer.flush()
    exchange = make_exchange(
        REQUEST,
        b"".join(packed),
        headers=(*SSE, (b"Content-Encoding", b"gzip")),
        chunks=tuple((600 + at, len(piece)) for at, piece in enumerate(packed)),
    )
    call = read(exchange)
    assert (call.marks.first_event, call.marks.first_content, call.marks.first_tool) == (600, 601, 603)
    assert call.output[0].content == "hello" and not call.lossy


def test_moments_are_not_guessed_when_the_bytes_are_not_those_that_arrived():
    call = read(make_exchange(REQUEST, STREAM, headers=SSE, chunks=((600, 5),)))
    assert call.marks.first_content is None and call.marks.first_byte == 600
    assert call.output[0].content == "hello"


# --- what is a stream ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [STREAM, b"\xef\xbb\xbf" + STREAM, b": wait\n\n" + STREAM, b"\r\nevent: x\n" + STREAM])
@pytest.mark.parametrize("headers", [JSON, (), SSE, ((b"CONTENT-TYPE", b"Text/Event-Stream"),)])
def test_a_stream_is_known_by_its_type_or_by_its_looks_where_one_was_asked_for(body, headers):
    call = read(make_exchange(REQUEST, body, headers=headers))
    assert call.streamed and call.output[0].content == "hello"


def test_what_looks_like_a_stream_and_was_not_asked_for_is_none():
    call = read(make_exchange(b"{}", STREAM))
    assert not call.streamed and call.lossy


def test_json_that_claims_to_be_a_stream_is_json():
    call = read(make_exchange(REQUEST, json.dumps(WHOLE).encode(), headers=SSE))
    assert not call.streamed and call.output[0].content == "hi" and not call.lossy


def test_what_only_the_headers_of_an_answer_say_is_in_the_call():
    headers = (*JSON, (b"x-request-id", b"req_1"), (b"retry-after", b"2"))
    call = read(make_exchange(REQUEST, json.dumps(WHOLE).encode(), headers=headers))
    assert (call.request_id, call.limits) == ("req_1", {"retry-after": "2"})


# --- content-coding --------------------------------------------------------------------------------------------------


def coded(name: str) -> Headers:
    return (*JSON, (b"Content-Encoding", name.encode()))


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("br", brotli.compress), ("identity", bytes)])
def test_both_bodies_are_uncoded(name, pack):
    body = pack(json.dumps(WHOLE).encode())
    call = read(make_exchange(pack(REQUEST), body, headers=coded(name), request_headers=coded(name)))
    assert (call.input[0].content, call.output[0].content, call.lossy) == ("hello there", "hi", False)


def test_codings_in_several_headers_are_a_chain():
    body = brotli.compress(gzip.compress(json.dumps(WHOLE).encode()))
    headers = (*coded("gzip"), (b"content-encoding", b"br"))
    assert read(make_exchange(REQUEST, body, headers=headers)).output[0].content == "hi"


@pytest.mark.parametrize("name", ["compress", "gzip"])
def test_a_coding_that_cannot_be_undone_is_an_error_and_a_loss(name):
    call = read(make_exchange(REQUEST, b"not packed", headers=coded(name)))
    assert call.lossy and call.error is not None and call.error.type == UNDECODABLE and name in call.error.message
    assert call.input[0].content == "hello there"
    asked = read(make_exchange(b"not packed", json.dumps(WHOLE).encode(), request_headers=coded(name)))
    assert asked.lossy and asked.error is None and asked.output[0].content == "hi"


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.UPSTREAM_RESET])
def test_a_coded_stream_that_broke_off_gives_what_came(outcome):
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(sse(CHUNKS[:3], done=False)) + packer.flush(zlib.Z_SYNC_FLUSH)
    exchange = make_exchange(REQUEST, packed, headers=(*SSE, (b"content-encoding", b"gzip")), outcome=outcome)
    call = read(exchange)
    assert call.output[0].content == "hello" and call.partial and call.lossy
    assert (call.error is None) is (outcome is Outcome.UPSTREAM_RESET)


def test_a_bomb_is_an_error_with_what_came_before_it():
    packed = gzip.compress(b'{"id":"' + b"\0" * 40_000_000)
    exchange = make_exchange(REQUEST, packed, headers=coded("gzip"), chunks=((1, 10), (2, len(packed) - 10)))
    call = read(exchange)
    assert call.lossy and call.error is not None and "unpacks to more than" in call.error.message


# --- failures of the provider ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"error":{"message":"m","type":"t","code":"c"}}', CallError("m", "t", "c")),
        (404, b'{"error":"text"}', CallError("text")),
        (404, b'{"detail":"Not Found"}', CallError("Not Found")),
        (404, b'{"error":{"code":"DeploymentNotFound","message":"m"}}', CallError("m", "", "DeploymentNotFound")),
        (502, b"<html>bad</html>", CallError("<html>bad</html>")),
        (500, b"", CallError("the provider answered 500 Reason")),
        (429, b'data: {"error":{"message":"slow"}}\n\n', CallError("slow")),
    ],
)
def test_a_failed_answer_is_an_error(status, body, error):
    call = read(make_exchange(REQUEST, body, status=status, headers=SSE, outcome=Outcome.UPSTREAM_ERROR))
    assert call.error == error
    assert (call.partial, call.lossy, call.streamed, call.usage.source) == (False, False, False, UsageSource.NONE)
    assert call.input[0].content == "hello there"


def test_an_upstream_that_never_answered_leaves_what_was_asked():
    call = read(make_exchange(REQUEST, None, outcome=Outcome.UPSTREAM_ERROR))
    assert (call.streamed, call.partial, call.lossy, call.error, call.output) == (True, False, False, None, ())
    assert call.marks == Marks(sent=200, ended=900)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_by_its_status_is_no_error(status):
    call = read(make_exchange(b"", b"", method="GET", path="/v1/models", status=status))
    assert (call.error, call.lossy, call.partial) == (None, False, False)


def test_an_empty_answer_is_an_error():
    call = read(make_exchange(REQUEST, b" "))
    assert call.error == CallError("the answer is empty", UNDECODABLE) and call.lossy


@pytest.mark.parametrize("outcome", [Outcome.CLIENT_DISCONNECTED, Outcome.INTERRUPTED])
@pytest.mark.parametrize("headers", [JSON, SSE])
def test_an_answer_that_broke_off_before_its_first_byte_is_partial(headers, outcome):
    call = read(make_exchange(REQUEST, b"", headers=headers, outcome=outcome))
    assert call.partial and not call.whole and call.error is None


def test_a_client_that_leaves_a_stream_whose_body_is_not_kept_leaves_no_mark():
    left = Outcome.CLIENT_DISCONNECTED
    assert not read(make_exchange(REQUEST, b"", headers=SSE, chunks=((600, 10),), outcome=left)).partial


def test_an_answer_whose_body_was_withheld_is_told_as_such():
    for headers in (JSON, SSE):
        call = read(make_exchange(REQUEST, b"", headers=headers, chunks=((600, 10),)))
        assert call.lossy and call.error is not None and "is not there" in call.error.message
        assert call.marks.first_byte == 600


@pytest.mark.parametrize("body", [b"{", b"hello", b"[1]", b'{"a":' * 5000, b"\xff\x00"])
def test_an_answer_that_makes_no_sense_is_an_error(body):
    call = read(make_exchange(REQUEST, body))
    assert call.lossy and call.partial and call.error is not None and call.error.type == UNDECODABLE


# --- what was asked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_body", [b"", b"{", b"[1]", b"[redacted]", b"\x00", b'{"a":' * 5000, b"null"])
def test_a_request_that_cannot_be_read_leaves_the_answer(request_body):
    call = read(make_exchange(request_body, json.dumps(WHOLE).encode()))
    assert (call.output[0].content, call.input, call.error) == ("hi", (), None)
    assert call.lossy is bool(request_body)


# --- streams that break ----------------------------------------------------------------------------------------------

BROKEN = [Outcome.CLIENT_DISCONNECTED, Outcome.UPSTREAM_RESET, Outcome.TIMEOUT, Outcome.INTERRUPTED, None]


@pytest.mark.parametrize("outcome", BROKEN)
def test_a_stream_that_broke_off_is_partial(outcome):
    call = read(make_exchange(REQUEST, sse(CHUNKS[:3], done=False), headers=SSE, outcome=outcome))
    assert call.partial and call.output[0].content == "hello" and call.error is None and not call.lossy
    assert (call.usage.source, call.usage.output) == (UsageSource.ESTIMATED, 2)


def test_a_stream_without_an_end_is_partial_however_it_ended():
    call = read(make_exchange(REQUEST, sse(CHUNKS[:3], done=False), headers=SSE))
    assert call.partial and call.error is None


def test_usage_that_was_reported_before_a_break_is_partial():
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    chunks = [CHUNKS[1] | {"usage": usage}, CHUNKS[2]]
    call = read(make_exchange(REQUEST, sse(chunks, done=False), headers=SSE, outcome=Outcome.TIMEOUT))
    assert call.usage == Usage(3, 2, source=UsageSource.PARTIAL, raw=usage)


def test_a_whole_stream_that_the_client_left_at_its_end_is_whole():
    call = read(make_exchange(REQUEST, STREAM, headers=SSE, outcome=Outcome.CLIENT_DISCONNECTED))
    assert not call.partial and call.usage.source is UsageSource.REPORTED


def test_an_unfinished_event_is_kept_as_the_tail():
    cut = sse(CHUNKS[:2], done=False) + b'data: {"choices":[{"ind'
    call = read(make_exchange(REQUEST, cut, headers=SSE, outcome=Outcome.UPSTREAM_RESET))
    assert call.extra["tail"] == '{"choices":[{"ind' and call.output[0].content == "he"


def test_an_end_without_its_blank_line_is_an_end():
    call = read(make_exchange(REQUEST, sse(CHUNKS[:3], done=False) + b"data: [DONE]", headers=SSE))
    assert not call.partial


def test_an_error_in_a_stream_keeps_what_came():
    body = sse(CHUNKS[:3], done=False) + b'event: error\ndata: {"error":{"message":"over","code":503}}\n\n'
    call = read(make_exchange(REQUEST, body, headers=SSE))
    assert (call.error, call.partial, call.output[0].content) == (CallError("over", "", "503"), True, "hello")


def test_an_event_beyond_the_bound_keeps_what_came_before():
    body = sse(CHUNKS[:3], done=False) + b"data: " + b"x" * (17 * 1024 * 1024)
    call = read(make_exchange(REQUEST, body, headers=SSE))
    assert call.output[0].content == "hello" and call.lossy and call.error is not None
    assert "longer than" in call.error.message


def test_a_stream_of_what_is_never_streamed_is_an_error():
    call = read(make_exchange(b'{"input":"a"}', STREAM, path="/v1/embeddings", headers=SSE))
    assert call.lossy and call.error is not None and call.operation == "embeddings"


def test_halves_of_characters_are_joined_over_chunks():
    body = rb'data: {"choices":[{"index":0,"delta":{"content":"\ud83d"}}]}' + b"\n\n"
    body += rb'data: {"choices":[{"index":0,"delta":{"content":"\ude00 \ud83d"}}]}' + b"\n\ndata: [DONE]\n\n"
    call = read(make_exchange(rb'{"model":"\ud83d"}', body, headers=SSE))
    assert call.output[0].content == "😀 \ufffd" and call.requested_model == "\ufffd"


# --- hostile bytes ---------------------------------------------------------------------------------------------------

NAMES = [
    "model",
    "messages",
    "choices",
    "delta",
    "message",
    "content",
    "tool_calls",
    "function",
    "index",
    "id",
    "usage",
]
NAMES += [
    "error",
    "x_groq",
    "finish_reason",
    "logprobs",
    "audio",
    "data",
    "embedding",
    "text",
    "role",
    "prompt",
    "input",
]
NAMES += [
    "name",
    "arguments",
    "type",
    "thinking",
    "reasoning",
    "reasoning_details",
    "custom",
    "stream",
    "tools",
    "code",
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.just("text")
WRONG = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
CHOICES = st.fixed_dictionaries(
    {"choices": st.lists(st.dictionaries(st.sampled_from(NAMES), WRONG, max_size=4), max_size=3)}
)
PATHS = st.sampled_from(["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models"])


def check(exchange: Exchange) -> None:
    call = decode(exchange)
    assert call is not None
    assert isinstance(hash((call.model, call.requested_model, call.response_id, call.error)), int)
    for message in (*call.input, *call.output):
        assert isinstance(message.role + message.text + (message.refusal or "") + (message.reasoning or ""), str)
        assert all(isinstance(tool.id + tool.name + tool.arguments, str) for tool in message.tool_calls)


def at(path: str, request: bytes, response: bytes, headers: Headers = SSE, **rest: object) -> Exchange:
    method = "GET" if path.endswith("models") else "POST"
    return make_exchange(request, response, path=path, method=method, headers=headers, **rest)  # type: ignore[arg-type]


@given(PATHS, WRONG | CHOICES, WRONG | CHOICES)
def test_values_of_every_wrong_type_are_read_without_an_exception(path, asked, answer):
    check(at(path, json.dumps(asked).encode(), json.dumps(answer).encode(), JSON))


@given(PATHS, st.lists(WRONG | CHOICES, max_size=6), st.booleans())
def test_chunks_of_every_wrong_type_are_read_without_an_exception(path, chunks, done):
    check(at(path, b'{"stream":true}', sse(chunks, done)))


@given(
    PATHS,
    st.binary(max_size=200),
    st.binary(max_size=200),
    st.sampled_from([200, 404]),
    st.sampled_from(["", "gzip", "br"]),
)
def test_any_bytes_are_read_without_an_exception(path, asked, answer, status, coding):
    headers = (*SSE, (b"content-encoding", coding.encode()))
    check(at(path, asked, answer, headers, status=status, request_headers=headers))


@pytest.mark.parametrize("cut", range(0, len(STREAM), 13))
def test_a_stream_cut_anywhere_gives_what_came(cut):
    call = read(make_exchange(REQUEST, STREAM[:cut], headers=SSE, outcome=Outcome.UPSTREAM_RESET))
    assert call.partial and "hello".startswith(call.output[0].text if call.output else "")
    check(make_exchange(STREAM[:cut], STREAM[cut:], headers=SSE))


def test_a_stream_of_a_hundred_thousand_chunks_takes_linear_time():
    def cost(count: int) -> float:
        body = sse([json.dumps(delta(content="word "))] * count)
        exchange = make_exchange(REQUEST, body, headers=SSE, chunks=arrivals(body, 200))
        began = time.process_time()
        assert len(read(exchange).output[0].text) == 5 * count
        return time.process_time() - began

    small = min(cost(5_000) for _ in range(3))
    assert cost(100_000) < 100 * small, "twenty times the chunks"


def test_a_line_of_ten_megabytes_is_read():
    body = sse([delta(content="x" * 10_000_000), delta(finish_reason="stop")])
    began = time.process_time()
    assert len(read(make_exchange(REQUEST, body, headers=SSE)).output[0].text) == 10_000_000
    assert time.process_time() - began < 3


# --- recorded traffic ------------------------------------------------------------------------------------------------

ODD = {"298_writer_completions_sse_200"}
"""Speaks a format of its own under a path of OpenAI's: that is a loss, and told as one."""
UNDECODED = {
    "001_alephalpha_complete_json_200": "a format of its own",
    "041_azure_realtime.calls_json_201": "a description of a media session, in SDP",
    "210_openai_realtime.calls_json_201_multipart": "a description of a media session, in SDP",
    "211_openai_realtime.client_secrets_json_200_audio": "a credential, which is never read",
}
"""Kept as they crossed the wire, without a call."""


@pytest.mark.parametrize("name", recorded.names())
def test_recorded_traffic_is_read_without_loss(name):
    exchange = recorded.exchange(name)
    call = decode(exchange)
    assert (call is None) is (name in UNDECODED)
    if call is None:
        return
    assert call.lossy is (name in ODD)
    if exchange.status >= 400 or "err" in name:
        assert call.error is not None and call.error.message and call.error.type != UNDECODABLE
    elif name not in ODD:
        assert call.error is None and not call.partial
    if call.kind == "LLM" and exchange.status < 400 and name not in ODD:
        assert call.requested_model or call.model
        assert call.error or any(
            message.content or message.tool_calls or message.finish_reason for message in call.output
        )
        assert call.usage.source in {UsageSource.REPORTED, UsageSource.ESTIMATED, UsageSource.NONE}


def test_a_run_that_may_not_be_read_as_one_is_read_event_by_event():
    told = [
        {"type": "response.output_text.delta", "sequence_number": at, "output_index": 0, "delta": f"{at} "}
        for at in (*range(100), *range(50, 100), *range(100, 200))
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in told) + FILLERS[SseReader]
    call = read(make_exchange(REQUEST, body, headers=SSE, path="/v1/responses"))
    assert call.output[0].text == "".join(f"{at} " for at in range(200))


@pytest.mark.parametrize("name", recorded.names("sse") + recorded.names("ndjson"))
def test_runs_of_recorded_streams_say_what_their_events_say(name):
    exchange = recorded.exchange(name)
    dialect = find(exchange.head.method, exchange.path, exchange.head.headers)
    framing = find_framing(exchange.response_body, read_type(exchange.response.headers), True)
    if dialect is None or dialect.alike is None or framing not in FILLERS:
        return
    body = exchange.response_body
    ends = [event.end for event in framing(body)]
    step = max(1, len(ends) // 40)
    for cut in (*ends[::step], *(end - 9 for end in ends[::step]), len(body)):
        check_alike(dialect.streamed, dialect.alike, body[:cut] + FILLERS[framing], framing)
    check_alike(dialect.streamed, dialect.alike, body * 3, framing)


def test_a_request_of_too_many_messages_is_read_as_far_as_that_goes():
    request = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "hello"}] * (MOST_ENTRIES + 1)}
    ).encode()
    call = read(make_exchange(request, json.dumps(WHOLE).encode()))
    assert (len(call.input), call.lossy, call.requested_model, call.output[0].content) == (
        MOST_ENTRIES,
        True,
        "m",
        "hi",
    )


def test_an_answer_of_too_many_choices_is_read_as_far_as_that_goes():
    answer = {"id": "c", "choices": [{"message": {"content": "a"}}] * (MOST_ANSWERS + 1)}
    call = read(make_exchange(REQUEST, json.dumps(answer).encode()))
    assert (len(call.output), call.lossy, call.error, call.response_id) == (MOST_ANSWERS, True, None, "c")
    call = read(make_exchange(REQUEST, sse([answer]), headers=SSE))
    assert (len(call.output), call.lossy, call.response_id) == (MOST_ANSWERS, True, "c")
