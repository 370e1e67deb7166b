import json

import pytest
import recorded
from exchanges import JSON, make_exchange
from frames import EVENT_STREAM, chunk, frame
from pandaprobe_proxy.dialects.bedrock_invoke import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import UsageSource

PATH = "/model/meta.llama3%3A0/invoke"
STREAMING = "/model/meta.llama3%3A0/invoke-with-response-stream"
BODY = {"prompt": "Say hi", "max_gen_len": 5}
STREAM = frame("chunk", chunk({"generation": "Grü"})) + frame(
    "chunk", chunk({"generation": "ße", "stop_reason": "stop"})
)


def test_the_path_is_known_by_its_end():
    assert matches("POST", PATH, ()) and matches("POST", "/px" + STREAMING, ())
    assert not matches("GET", PATH, ()) and not matches("POST", "/model/m/converse", ())
    assert not matches("POST", "/invoke", ())


def test_the_path_names_the_model_and_says_whether_to_stream():
    assert (asked(BODY, PATH).model, asked(BODY, PATH).stream) == ("meta.llama3:0", False)
    assert asked(BODY, STREAMING).stream and asked(BODY, PATH).messages[0].content == "Say hi"


def test_headers_tell_the_tokens_that_a_body_does_not():
    headers = (*JSON, (b"X-Amzn-Bedrock-Input-Token-Count", b"5"), (b"X-Amzn-Bedrock-Output-Token-Count", b"2"))
    body = json.dumps({"outputs": [{"text": "hi", "stop_reason": "stop"}]}).encode()
    call = decode(make_exchange(json.dumps(BODY).encode(), body, path=PATH, headers=headers))
    assert call is not None and call.output[0].content == "hi" and not call.lossy
    assert (call.usage.input, call.usage.output, call.usage.source) == (5, 2, UsageSource.REPORTED)


def test_a_stream_is_a_call():
    call = decode(make_exchange(json.dumps(BODY).encode(), STREAM, path=STREAMING, headers=EVENT_STREAM))
    assert call is not None and (call.output[0].text, call.lossy, call.partial) == ("Grüße", False, False)
    assert call.operation == "text_completion" and call.usage.source is UsageSource.ESTIMATED


@pytest.mark.parametrize("length", range(1, len(STREAM), 7))
def test_a_stream_cut_at_any_byte_gives_what_came(length):
    call = decode(make_exchange(b"{}", STREAM[:length], path=STREAMING, headers=EVENT_STREAM))
    assert call is not None and call.partial and call.error is None


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("bedrock_invoke", "chat") and DIALECT.version >= 1
    assert answered({}).lossy and not streamed([]).finished


@pytest.mark.parametrize("name", recorded.names("bedrock_invoke"))
def test_recorded_traffic_is_placed_whole(name):
    call = decode(recorded.exchange(name))
    assert call is not None and call.dialect == "bedrock_invoke" and not call.lossy and not call.partial
    assert (call.error is not None) == ("_400" in name)
    if call.error is None:
        assert call.output[0].text and call.output[0].finish_reason and call.usage.source is UsageSource.REPORTED
