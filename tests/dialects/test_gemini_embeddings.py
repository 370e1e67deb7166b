import pytest
import recorded
from dialects.samples.gemini_embeddings import MODEL, SAMPLES
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.gemini_embeddings import answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message, UsageSource


@pytest.mark.parametrize("method", ["embedContent", "batchEmbedContents", "predict"])
def test_the_path_is_known_by_its_end(method):
    assert matches("POST", f"{MODEL}:{method}", ())
    assert matches("POST", f"/v1/projects/p/locations/l/publishers/google/models/textembedding-gecko:{method}", ())
    assert not matches("GET", f"{MODEL}:{method}", ())


def test_what_vertex_predicts_with_another_model_is_something_else():
    assert not matches("POST", "/v1/publishers/google/models/imagen-4:predict", ())
    assert not matches("POST", "/v1:predict/", ()) and not matches("POST", "/v1beta/models", ())


def test_samples_are_read():
    one, batch, vertex = (decode(exchange) for _, exchange in SAMPLES)
    assert one.input == (Message("user", [{"text": "a"}]),) and one.usage.input == 1
    assert [message.text for message in batch.input] == ["a", "b"]
    assert batch.extra == {"count": 2, "dimensions": 1}
    assert (vertex.input, vertex.usage.input) == ((Message("user", "a"),), 4)
    assert vertex.usage.source is UsageSource.REPORTED and vertex.parameters == {"task_type": "RETRIEVAL_QUERY"}
    for call in (one, batch, vertex):
        assert (call.kind, call.requested_model, call.lossy) == ("EMBEDDING", "gemini-embedding-001", False)


def test_odd_items_are_kept_beside():
    read = asked({"requests": ["x", {"outputDimensionality": 5}], "instances": [5]}, f"{MODEL}:embedContent")
    assert (read.messages, read.parameters) == ((), {"others": ["x", 5], "outputDimensionality": 5})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"embedding": "x"},
        {"embeddings": ["x"]},
        {"embeddings": []},
        {"embeddings": [{"values": 5}]},
        {"predictions": [{"embeddings": "x"}]},
    ],
)
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_error_is_one():
    assert answered({"error": {"message": "m"}}).error == CallError("m")


@pytest.mark.parametrize("name", [*recorded.names("batchEmbedContents"), *recorded.names("vertex_predict")])
def test_recorded_traffic_is_read_without_loss(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.error) == ("gemini_embeddings", False, None)
    assert call.input and call.extra["dimensions"] > 100
