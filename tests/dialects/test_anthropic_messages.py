import json

import pytest
import recorded
from exchanges import SSE, events, make_exchange
from pandaprobe_proxy.dialects.anthropic_messages import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import UsageSource
from pieces import slices

OWN = ((b"Anthropic-Version", b"2023-06-01"),)
MESSAGE = {"id": "msg_1", "type": "message", "model": "m-1", "content": [], "usage": {"input_tokens": 5}}
CHUNKS = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Grüße"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]
STREAM = b"".join(b"event: %s\ndata: %s\n\n" % (c["type"].encode(), json.dumps(c).encode()) for c in CHUNKS)
REQUEST = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages",
        "/messages",
        "/anthropic/v1/messages/",
        "/api/v1/messages",
        "/v1/messages/count_tokens",
    ],
)
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages"),
        ("POST", "/v1/threads/thread_1/messages"),
        ("POST", "/v1/conversations/c/messages"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/messages/msg_1"),
        ("POST", "/v1/xmessages"),
        ("POST", "/v1/chat/completions"),
    ],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_own_headers_decide_where_a_path_could_be_that_of_another():
    assert matches("POST", "/proxy/threads/7/messages", OWN)
    assert matches("POST", "/proxy/threads/7/messages", ((b"x-api-key", b"k"),))


def test_counting_tokens_is_another_operation():
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert asked(body, "/v1/messages").operation is None
    assert asked(body, "/v1/messages/count_tokens").operation == "count_tokens"
    assert asked(body, "/elsewhere").operation is None
    assert answered({"input_tokens": 12}).extra == {"input_tokens": 12}


def test_a_stream_cut_anywhere_gives_the_same_call():
    whole = decode(make_exchange(REQUEST, STREAM, path="/v1/messages?beta=true", headers=SSE))
    assert whole is not None and whole.output[0].text == "Grüße" and not whole.lossy and not whole.partial
    assert (whole.usage.input, whole.usage.output, whole.usage.source) == (5, 3, UsageSource.REPORTED)
    chunks = tuple((at, len(piece)) for at, piece in enumerate(slices(STREAM, 1)))
    bytewise = decode(make_exchange(REQUEST, STREAM, path="/v1/messages", headers=SSE, chunks=chunks))
    assert bytewise is not None and (bytewise.output, bytewise.usage) == (whole.output, whole.usage)
    assert bytewise.marks.first_content == STREAM.index(b"\n\n", STREAM.index(b"text_delta")) + 1


@pytest.mark.parametrize("length", range(0, len(STREAM), 7))
def test_a_stream_that_breaks_off_is_partial(length):
    call = decode(make_exchange(REQUEST, STREAM[:length] or b": \n", path="/v1/messages", headers=SSE))
    assert call is not None and call.error is None
    assert call.partial == (length < STREAM.index(b"event: message_stop"))


def test_usage_that_a_broken_stream_told_is_partial_and_its_input_reported():
    call = decode(make_exchange(REQUEST, STREAM[:300], path="/v1/messages", headers=SSE))
    assert call is not None and call.usage.source is UsageSource.PARTIAL
    assert call.usage.source_of("input") is UsageSource.REPORTED and call.usage.input == 5


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("anthropic_messages", "chat") and DIALECT.version >= 1
    assert not streamed(events(done=False)).finished


@pytest.mark.parametrize("name", recorded.names("anthropic_messages"))
def test_recorded_traffic_is_placed_whole(name):
    call = decode(recorded.exchange(name))
    assert call is not None and call.dialect == "anthropic_messages"
    assert not call.lossy and not call.partial and call.input
    assert (call.error is not None) == ("_err" in name)
    if call.error is None:
        assert call.output[0].finish_reason and call.usage.source is UsageSource.REPORTED


CHUNK_FILES = sorted(recorded.FOLDER.glob("*_vercel_anthropic_*.chunks.txt"))


@pytest.mark.parametrize("path", CHUNK_FILES, ids=lambda path: path.stem)
def test_recorded_chunks_are_placed_whole(path):
    answer = streamed(events(*path.read_text().splitlines(), done=False))
    assert answer.messages and answer.finished and not answer.lossy
