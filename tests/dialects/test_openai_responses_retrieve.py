import json

import pytest
from exchanges import SSE, make_exchange
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.openai_responses_retrieve import answered, asked, matches
from pandaprobe_proxy.model.call import UsageSource
from responding import as_sse, events_of, message, response, text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses/resp_1"),
        ("GET", "/openai/v1/responses/resp_1/"),
        ("GET", "/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/cancel"),
    ],
)
def test_the_path_is_known_by_its_end(method, path):
    assert matches(method, path, ())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses"),
        ("POST", "/v1/responses/compact"),
        ("GET", "/v1/responses/resp_1/cancel"),
        ("DELETE", "/v1/responses/resp_1"),
        ("GET", "/v1/responses/resp_1/input_items"),
    ],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_the_request_names_a_response():
    assert asked({}, "/v1/responses/resp%201").parameters == {"response_id": "resp 1"}
    assert asked({"k": 1}, "/v1/responses/resp_1/cancel").operation == "cancel"
    assert asked({}, "/").parameters == {} and asked({}, "/").operation is None


def get(body, headers=None, method="GET", path="/v1/responses/resp_1?stream=true&starting_after=4"):
    more = {} if headers is None else {"headers": headers}
    return decode(make_exchange(b"", body, method=method, path=path, **more))


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_that_is_not_done_is_pending(status):
    made = get(json.dumps(response(status=status)).encode())
    assert (made.operation, made.kind, made.response_id) == ("retrieve", "OTHER", "resp_1")
    assert made.pending and made.output == () and not made.lossy


def test_a_response_that_is_done_is_told():
    made = get(json.dumps(response(message(text("Hi.")))).encode())
    assert made.output[0].text == "Hi." and made.usage.source is UsageSource.REPORTED and not made.pending


def test_a_resumed_stream_is_the_same_response():
    told = events_of(message(text("Hello there.")))
    made = get(as_sse(told[5:]), SSE)
    assert (made.response_id, made.output[0].text, made.streamed) == ("resp_1", "Hello there.", True)
    cut = get(as_sse(told[5:7]), SSE)
    assert cut.partial and not cut.lossy and cut.usage.source is UsageSource.NONE
    assert cut.parameters == {"response_id": "resp_1"}


def test_a_cancelled_response_is_told():
    made = get(json.dumps(response(status="cancelled")).encode(), None, "POST", "/v1/responses/resp_1/cancel")
    assert (made.operation, made.kind, made.response_id) == ("cancel", "OTHER", "resp_1") and not made.pending


def test_an_answer_of_a_wrong_shape_is_told():
    assert answered({}).lossy
