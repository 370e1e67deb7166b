import pytest
from exchanges import events
from pandaprobe_proxy.dialects.vertex_anthropic import DIALECT, answered, asked, matches, streamed

PREFIX = "/v1/projects/p/locations/us-east5/publishers/anthropic/models"
BODY = {"anthropic_version": "vertex-2023-10-16", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("end", "model", "stream"),
    [
        ("claude-m@20250929:rawPredict", "claude-m@20250929", False),
        ("claude-m%4020250929:streamRawPredict", "claude-m@20250929", True),
        ("claude-m%3ArawPredict", "claude-m", False),
    ],
)
def test_the_path_names_the_model_and_says_whether_to_stream(end, model, stream):
    path = f"{PREFIX}/{end}"
    assert matches("POST", path, ())
    read = asked(BODY, path)
    assert (read.model, read.stream, read.operation) == (model, stream, None)
    assert read.messages[0].content == "hi" and read.parameters == {"anthropic_version": "vertex-2023-10-16"}


def test_counting_tokens_names_the_model_in_the_body():
    path = f"{PREFIX}/count-tokens:rawPredict"
    read = asked(BODY | {"model": "claude-m"}, path)
    assert matches("POST", path, ()) and (read.model, read.operation) == ("claude-m", "count_tokens")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{PREFIX}/m:rawPredict"),
        ("POST", f"{PREFIX}/m:predict"),
        ("POST", "/v1/publishers/google/models/m:rawPredict"),
        ("POST", "/v1/publishers/anthropic/models/a/b:rawPredict"),
    ],
)
def test_other_paths_and_methods_are_not(method, path):
    assert not matches(method, path, ())


def test_bodies_are_those_of_anthropic():
    content = [{"type": "text", "text": "hi"}]
    assert answered({"content": content}).messages[0].text == "hi"
    start = {"type": "message_start", "message": {"id": "msg_vrtx_1", "content": content}}
    assert streamed(events(start, done=False)).response_id == "msg_vrtx_1"


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("vertex_anthropic", "chat") and DIALECT.version >= 1
    assert asked({}, "/").model is None
