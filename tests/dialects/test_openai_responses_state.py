import pytest
from exchanges import make_exchange
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.openai_responses_state import answered, asked, matches
from pandaprobe_proxy.model.call import CallError


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("DELETE", "/v1/responses/resp_1", True),
        ("GET", "/openai/v1/responses/resp_1/input_items/", True),
        ("GET", "/v1/responses/resp_1", False),
        ("DELETE", "/v1/responses/resp_1/input_items", False),
        ("DELETE", "/v1/responses", False),
    ],
)
def test_the_path_is_known_by_its_end(method, path, known):
    assert matches(method, path, ()) == known


def test_the_request_names_a_response():
    assert asked({}, "/v1/responses/resp_1").parameters == {"response_id": "resp_1"}
    assert asked({}, "/").parameters == {}


def test_what_the_provider_says_is_kept():
    deleted = b'{"id":"resp_1","object":"response.deleted","deleted":true}'
    made = decode(make_exchange(b"", deleted, method="DELETE", path="/v1/responses/resp_1"))
    assert (made.operation, made.kind, made.extra["deleted"], made.lossy) == ("state", "OTHER", True, False)
    listed = b'{"object":"list","data":[{"role":"user","content":"Hi"}],"has_more":false}'
    made = decode(make_exchange(b"", listed, method="GET", path="/v1/responses/resp_1/input_items?order=asc"))
    assert made.extra["data"] == [{"role": "user", "content": "Hi"}] and made.output == ()


def test_an_error_in_a_successful_answer_is_an_error():
    assert answered({"error": {"message": "m"}}).error == CallError("m") and answered({}).lossy
