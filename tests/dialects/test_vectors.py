from base64 import b64encode

import pytest
from pandaprobe_proxy.dialects.vectors import describe_vectors


@pytest.mark.parametrize(
    ("vectors", "count", "dimensions"),
    [
        ([[0.5, 1.0], [0.1, 0.2]], 2, 2),
        ([b64encode(bytes(12)).decode()], 1, 3),
        ([[1], [1, 2]], 2, [1, 2]),
        ([], 0, []),
    ],
)
def test_vectors_are_counted_and_measured(vectors, count, dimensions):
    assert describe_vectors(vectors) == ({"count": count, "dimensions": dimensions}, True)


@pytest.mark.parametrize("odd", [None, {}, [None], [[1], {"a": 1}]])
def test_what_is_no_vector_is_told(odd):
    assert not describe_vectors(odd)[1]
