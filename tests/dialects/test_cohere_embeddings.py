import pytest
import recorded
from dialects.samples.cohere_embeddings import SAMPLES
from pandaprobe_proxy.dialects.cohere_embeddings import answered, asked, matches
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import CallError, Message


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/v2/embed", ()) and matches("POST", "/co/v1/embed/", ())
    assert not matches("GET", "/v2/embed", ()) and not matches("POST", "/api/embed", ())


def test_samples_are_read():
    typed, first = (decode(exchange) for _, exchange in SAMPLES)
    assert typed.input == (Message("user", "a"), Message("user", "b"))
    assert typed.extra == {"count": 2, "dimensions": 2, "embedding_types": ["float", "int8"]}
    assert (typed.usage.input, typed.response_id, typed.parameters) == (4, "e1", {"input_type": "search_query"})
    assert first.input[1].content == [{"type": "image", "image": "data:image/png;base64,AA=="}]
    assert first.extra == {"count": 1, "dimensions": 1, "embedding_types": ["float"]}
    assert not typed.lossy and not first.lossy and typed.kind == "EMBEDDING"


def test_inputs_are_contents():
    parts = [{"type": "text", "text": "a"}]
    assert asked({"inputs": [{"content": parts}, "odd"]}, "/v2/embed").messages == (
        Message("user", parts),
        Message("user", "odd"),
    )


@pytest.mark.parametrize("body", [{}, {"embeddings": "x"}, {"embeddings": {"float": [5]}}, {"embeddings": {}}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_error_is_one():
    assert answered({"error": "m"}).error == CallError("m") and not answered({"error": "m"}).lossy


@pytest.mark.parametrize("name", recorded.names("cohere_v2.embed"))
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.error) == ("cohere_embeddings", False, None)
    assert call.input and call.usage.input and call.extra["dimensions"] > 100
