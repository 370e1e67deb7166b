import pytest
from pandaprobe_proxy.dialects.openai_models import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError


@pytest.mark.parametrize(
    "path", ["/v1/models", "/models", "/v1/models/gpt-4o", "/v1/models/meta/llama", "/v1beta/openai/models"]
)
def test_the_path_is_known_by_its_end(path):
    assert matches("GET", path, ())


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/v1/models", ()),
        ("DELETE", "/v1/models/m", ()),
        ("GET", "/v1/submodels", ()),
        ("GET", "/v1beta/models", ()),
        ("GET", "/v1/models", ((b"Anthropic-Version", b"2023-06-01"),)),
    ],
)
def test_what_others_call_models_is_not(method, path, headers):
    assert not matches(method, path, headers)


def test_a_list_is_its_names():
    read = answered({"object": "list", "data": [{"id": "a", "owned_by": "x"}, {"id": "b"}], "next": None})
    assert read.extra == {"object": "list", "models": ["a", "b"]} and not read.lossy


def test_one_model_is_named():
    read = answered({"id": "a", "object": "model", "created": 1})
    assert (read.model, read.extra) == ("a", {"object": "model", "created": 1})
    assert asked({}, "/v1/models/meta%2Fllama").model == "meta/llama"
    assert asked({}, "/v1/models").model is None
    assert asked({"odd": 1}, "/elsewhere").parameters == {"odd": 1}


def test_an_error_is_an_error():
    assert answered({"error": "no", "id": "x"}).error == CallError("no")


@pytest.mark.parametrize("data", [[1], [{"id": 5}], [{}]])
def test_an_entry_without_a_name_is_told(data):
    assert answered({"data": data}).lossy


def test_models_have_no_tokens_to_count():
    assert not DIALECT.counts_tokens and DIALECT.operation == "models"
