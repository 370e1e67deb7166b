import pytest
from pandaprobe_proxy.dialects.counts import add_counts, read_count


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        ({"a": 5}, 5),
        ({"a": 5.0}, 5),
        ({"a": 0, "b": 7}, 0),
        ({"a": None, "b": 7}, 7),
        ({"a": True}, None),
        ({"a": 5.5}, None),
        ({"a": -1}, None),
        ({"a": "5"}, None),
        ({"a": 2**60}, None),
        ({"a": 2**53}, None),
        ({"a": float("nan")}, None),
        ({"a": []}, None),
        ({"a": float("inf")}, None),
        ({}, None),
        ("odd", None),
        (None, None),
    ],
)
def test_a_count_is_a_whole_number_that_can_be(raw, count):
    assert read_count(raw, "a", "b") == count


def test_a_sum_is_of_what_is_known():
    assert (add_counts(1, None, 2), add_counts(None, None), add_counts()) == (3, None, None)
