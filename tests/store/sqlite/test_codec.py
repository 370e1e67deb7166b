"""Bytes as the store keeps them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.store.sqlite.codec import LARGE_BYTES, Codec, from_text, read_chunks, to_text, write_chunks

CODEC = Codec(b'{"role": "user", "content": "')


@given(st.binary(max_size=3000))
def test_what_is_shrunk_grows_back(data):
    small = CODEC.shrink(data)
    assert CODEC.grow(small) == data
    assert len(small) <= len(data) + 1


@given(st.lists(st.integers(1, 2**40) | st.binary(max_size=100), max_size=50))
def test_a_recipe_is_read_as_it_was_written(parts):
    assert CODEC.read_recipe(CODEC.write_recipe(parts)) == parts


def test_pieces_in_a_row_cost_a_byte_each():
    assert len(CODEC.write_recipe(range(1_000_000, 1_000_040))) <= 46


@given(st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**7)), max_size=30))
def test_chunks_keep_their_microseconds(pairs):
    pairs = sorted(pairs)
    expected = tuple((at // 1000 * 1000, length) for at, length in pairs)
    assert read_chunks(CODEC, write_chunks(CODEC, pairs, ())) == [expected, ()]
    assert read_chunks(CODEC, write_chunks(CODEC, (), pairs)) == [(), expected]


def test_json_is_kept_small_and_text_is_kept_readable():
    value = {"ü": [1, None, 2.5], "x": "y"}
    assert CODEC.read_json(CODEC.write_json(value)) == value
    assert CODEC.read_json(None) is None
    assert to_text(value) == '{"ü":[1,null,2.5],"x":"y"}'
    assert from_text(to_text(value)) == value
    assert (to_text(None), from_text(None), from_text(None, 3)) == (None, None, 3)


def test_what_json_cannot_say_is_told_all_the_same():
    assert from_text(to_text({"large": 10**40, "odd": {"a": complex(1)}})) == {"large": 10**40, "odd": {"a": "(1+0j)"}}


@pytest.mark.parametrize("data", [b"", b"x", b'{"role": "user", "content": "hi"}'])
def test_short_bytes_stay_short(data):
    assert len(CODEC.shrink(data)) <= len(data) + 1


def test_what_is_large_comes_back_too():
    data = random.Random(1).randbytes(1000) * 2000
    assert len(data) > LARGE_BYTES
    small = CODEC.shrink(data)
    assert len(small) < len(data) // 10
    assert CODEC.grow(small) == data
