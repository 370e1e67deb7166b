import pytest
from dialects.samples.ollama_embeddings import SAMPLES
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.ollama_embeddings import answered, matches
from pandaprobe_proxy.model.call import CallError, Message, Usage


@pytest.mark.parametrize("path", ["/api/embed", "/api/embeddings", "/ollama/api/embed/"])
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ()) and not matches("GET", path, ())


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/v1/embeddings", "/v2/embed", "/api/embedded"])
def test_other_paths_are_not(path):
    assert not matches("POST", path, ())


def test_samples_are_read():
    many, one = (decode(exchange) for _, exchange in SAMPLES)
    assert many.input == (Message("user", "a"), Message("user", "b"))
    assert (many.usage.input, many.extra) == (8, {"load_duration": 5, "count": 2, "dimensions": 2})
    assert (one.input, one.usage.input) == ((Message("user", "a"),), None)
    assert one.extra == {"count": 1, "dimensions": 2} and not one.lossy


def test_other_shapes_are_told():
    assert answered({}).lossy and answered({"embeddings": [5]}).lossy
    answer = answered({"error": "no such model"})
    assert (answer.error, answer.lossy, answer.usage) == (CallError("no such model"), False, Usage())
