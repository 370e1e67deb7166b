import json

import pytest
import recorded
from exchanges import SSE, make_exchange
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.openai_responses import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import UsageSource
from pandaprobe_proxy.wire.sse import SseReader
from responding import as_sse, call, events_of, message, reasoning, response, text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/responses",
        "/openai/v1/responses",
        "/openai/responses",
        "/api/v1/responses",
        "/responses",
        "/px/v1/v1/responses/",
    ],
)
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses"),
        ("POST", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/compact"),
        ("POST", "/v1/xresponses"),
    ],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_a_request_and_its_answer_are_read():
    read = asked({"model": "m", "input": "Hi"}, "/v1/responses")
    assert (read.model, read.messages[0].text) == ("m", "Hi")
    assert answered(response(message(text("Hello.")))).messages[0].text == "Hello."
    assert streamed(SseReader(as_sse(events_of(message(text("Hello.")))))).messages[0].text == "Hello."


def exchange(body, told=None, **more):
    if told is not None:
        return make_exchange(json.dumps(body).encode(), as_sse(told), path="/v1/responses", headers=SSE, **more)
    return make_exchange(json.dumps(body).encode(), json.dumps(response(**more)).encode(), path="/v1/responses")


def test_a_streamed_exchange_is_a_call():
    made = decode(exchange({"model": "m", "input": "?", "stream": True}, events_of(reasoning("Hm."), call())))
    assert (made.dialect, made.operation, made.kind, made.streamed) == ("openai_responses", "chat", "LLM", True)
    assert made.output[0].tool_calls[0].name == "weather" and made.output[0].reasoning == "Hm."
    assert made.usage.source is UsageSource.REPORTED and not made.partial and not made.lossy


def test_a_stream_that_breaks_off_is_estimated_and_partial():
    made = decode(exchange({"input": "?", "stream": True}, events_of(message(text("Hello.")))[:-1]))
    assert made.partial and not made.lossy and made.usage.source is UsageSource.ESTIMATED
    assert made.output[0].text == "Hello."


def test_a_background_run_is_pending():
    made = decode(exchange({"input": "?", "background": True}, status="queued", background=True))
    assert made.pending and made.output == () and not made.partial and made.response_id == "resp_1"


def test_a_prewarm_is_no_turn():
    made = decode(exchange({"input": "?", "prompt_cache_options": {"prewarm": True}}))
    assert (made.operation, made.kind) == ("prewarm", "OTHER")


@pytest.mark.parametrize("name", [name for name in recorded.names() if "_responses_" in name])
def test_recorded_exchanges_are_whole(name):
    made = decode(recorded.exchange(name))
    assert made is not None and not made.lossy and not made.partial
    assert made.output or made.error
    assert made.error or (made.response_id and made.usage.input and made.usage.source is UsageSource.REPORTED)
    assert all(each.role for each in (*made.input, *made.output))


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("openai_responses", "chat") and DIALECT.version >= 1
