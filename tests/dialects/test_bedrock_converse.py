import json
from base64 import b64encode

import pytest
import recorded
from exchanges import events, make_exchange
from frames import EVENT_STREAM, frame
from pandaprobe_proxy.dialects.bedrock_converse import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import CallError, Usage, UsageSource

PATH = "/model/us.anthropic.claude-v1%3A0/converse"
BODY = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
STREAM = b"".join(
    [
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Grüße"}}),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": "end_turn"}),
        frame("metadata", {"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}),
    ]
)


@pytest.mark.parametrize("verb", ["converse", "converse-stream", "count-tokens"])
def test_the_path_is_known_by_its_end(verb):
    assert matches("POST", f"/bedrock/model/m/{verb}", ())
    assert not matches("GET", f"/model/m/{verb}", ()) and not matches("POST", f"/{verb}", ())
    assert not matches("POST", "/model/m/invoke", ())


def test_the_path_names_the_model_and_says_whether_to_stream():
    read = asked(BODY, PATH)
    assert (read.model, read.stream, read.operation) == ("us.anthropic.claude-v1:0", False, None)
    assert asked(BODY, PATH + "-stream").stream and read.messages[0].text == "hi"


def test_counting_tokens_is_another_operation():
    path = "/model/m/count-tokens"
    read = asked({"input": {"converse": BODY}}, path)
    assert (read.operation, read.messages[0].text) == ("count_tokens", "hi")
    native = {"anthropic_version": "v", "messages": [{"role": "user", "content": "hi"}]}
    data = b64encode(json.dumps(native).encode()).decode()
    assert asked({"input": {"invokeModel": {"body": data}}}, path).messages[0].text == "hi"
    assert asked({"input": {"invokeModel": {"body": b64encode(b"5").decode()}}}, path).messages == ()
    assert asked({"input": "x"}, path).messages == ()
    assert answered({"inputTokens": 11}).extra == {"inputTokens": 11}
    assert answered({"inputTokens": 11}).usage == Usage() and not answered({"inputTokens": 11}).lossy


def test_a_stream_is_a_call():
    path = PATH + "-stream"
    call = decode(make_exchange(json.dumps(BODY).encode(), STREAM, path=path, headers=EVENT_STREAM))
    assert call is not None and (call.output[0].text, call.lossy, call.partial) == ("Grüße", False, False)
    assert (call.usage.input, call.usage.source) == (3, UsageSource.REPORTED)
    untyped = decode(make_exchange(json.dumps(BODY).encode(), STREAM, path=path, headers=()))
    assert untyped is not None and untyped.output == call.output


@pytest.mark.parametrize("length", range(1, len(STREAM), 11))
def test_a_stream_cut_at_any_byte_gives_what_came(length):
    call = decode(make_exchange(b"{}", STREAM[:length], path=PATH + "-stream", headers=EVENT_STREAM))
    assert call is not None and call.error is None
    assert call.partial == (length < STREAM.index(b"stopReason") + 30)


def test_a_refusal_is_an_error():
    call = decode(make_exchange(json.dumps(BODY).encode(), b'{"message":"No such model."}', path=PATH, status=400))
    assert call is not None and call.error == CallError("No such model.")


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("bedrock_converse", "chat") and DIALECT.version >= 1
    assert answered({}).lossy and not streamed([]).finished


@pytest.mark.parametrize(
    "name", [name for kind in ("converse", "count-tokens") for name in recorded.names(f"k_{kind}")]
)
def test_recorded_traffic_is_placed_whole(name):
    call = decode(recorded.exchange(name))
    assert call is not None and call.dialect == "bedrock_converse"
    assert not call.lossy and not call.partial and call.input
    assert (call.error is not None) == ("_400" in name)
    if call.error is None and call.operation == "chat":
        assert call.output[0].finish_reason and call.usage.source is UsageSource.REPORTED


CHUNK_FILES = sorted(recorded.FOLDER.glob("*_vercel_amazon-bedrock_*.chunks.txt"))


@pytest.mark.parametrize("path", CHUNK_FILES, ids=lambda path: path.stem)
def test_recorded_chunks_are_placed_whole(path):
    answer = streamed(events(*path.read_text().splitlines(), done=False))
    assert answer.messages and answer.finished and not answer.lossy
