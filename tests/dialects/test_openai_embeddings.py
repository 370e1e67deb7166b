import base64
import struct

import pytest
from pandaprobe_proxy.dialects.openai_embeddings import DIALECT, answered, asked, matches, read_dimensions
from pandaprobe_proxy.model.call import CallError, Message


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/openai/deployments/d/embeddings", ()) and matches("POST", "/v1/embeddings", ())
    assert not matches("GET", "/v1/embeddings", ()) and not matches("POST", "/v1/embeddings/x", ())


def test_a_request_is_its_inputs_and_parameters():
    read = asked({"model": "m", "input": ["a", "b"], "encoding_format": "base64"}, "/v1/embeddings")
    assert read.messages == (Message("user", "a"), Message("user", "b"))
    assert (read.model, read.parameters, read.stream) == ("m", {"encoding_format": "base64"}, False)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 1536])
def test_dimensions_are_the_same_in_both_encodings(length):
    numbers = [0.5] * length
    packed = base64.b64encode(struct.pack(f"<{length}f", *numbers)).decode()
    assert read_dimensions(numbers) == read_dimensions(packed) == length


@pytest.mark.parametrize("length", [2, 128])
def test_floats_of_older_vllm_are_twice_as_long(length):
    packed = base64.b64encode(struct.pack(f"<{length}d", *[0.5, -0.25] * (length // 2))).decode()
    assert read_dimensions(packed) == length


def test_what_is_no_base64_has_no_dimensions():
    assert read_dimensions("Y") is None and read_dimensions("") == 0


def test_a_total_alone_is_of_the_input():
    read = answered({"data": [], "usage": {"total_tokens": 7}})
    assert (read.usage.input, read.usage.output, read.usage.raw) == (7, None, {"total_tokens": 7})
    assert answered({"data": [], "usage": {"total_tokens": "7"}}).usage.input is None
    assert answered({"data": [], "usage": {"total_tokens": -7}}).usage.input is None


def test_vectors_are_counted_and_not_kept():
    read = answered(
        {
            "object": "list",
            "data": [{"index": 0, "embedding": [0.1, 0.2]}, {"index": 1, "embedding": [0.3, 0.4]}],
            "model": "m",
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        }
    )
    assert (read.model, read.extra, read.usage.input, read.messages) == ("m", {"count": 2, "dimensions": 2}, 4, ())
    assert not read.lossy


@pytest.mark.parametrize(("data", "dimensions"), [([], []), ([{"embedding": [1]}, {"embedding": [1, 2]}], [1, 2])])
def test_vectors_of_no_or_several_lengths(data, dimensions):
    read = answered({"data": data})
    assert read.extra == {"count": len(data), "dimensions": dimensions} and not read.lossy


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": [1]}, {"data": [{"embedding": None}]}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_error_is_an_error():
    read = answered({"error": {"message": "m"}})
    assert read.error == CallError("m") and not read.lossy


def test_the_dialect_is_of_embeddings():
    assert DIALECT.operation == "embeddings"
