"""Elements of one array as events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.json_array import JsonArrayReader


def read(body, **more):
    reader = JsonArrayReader(body, **more)
    return [event.data for event in reader], reader


def test_each_element_is_an_event_where_it_is_whole():
    reader = JsonArrayReader(b'[{"a": [1, 2]}\n,\n{"b": "x,]}"}]')
    events = list(reader)
    assert [event.data for event in events] == ['{"a": [1, 2]}', '{"b": "x,]}"}']
    assert [event.end for event in events] == [15, 30]
    assert (reader.first_end, reader.tail, reader.error) == (15, None, None)


@pytest.mark.parametrize("body", [b"[]", b"[ \n ]", b"[,]", b"["])
def test_an_empty_array_has_none(body):
    assert read(body)[0] == []


def test_what_is_no_array_is_an_error():
    found, reader = read(b'{"a": 1}')
    assert (found, "no JSON array" in str(reader.error)) == ([], True)


@pytest.mark.parametrize("body", [b'[{"a":1},{"b"', b'[{"a":1},{"b":"unfinished', b'[{"a":1},{"b":1}'])
def test_an_element_that_was_not_finished_is_the_tail(body):
    found, reader = read(body)
    assert found == ['{"a":1}']
    assert reader.tail.data == body.split(b",", 1)[1].decode()


def test_an_element_that_is_too_long_ends_it():
    found, reader = read(b'[1,"' + b"x" * 20 + b'",2]', limit_bytes=10)
    assert (found, "longer than 10 bytes" in str(reader.error)) == (["1"], True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from([None, 2]))
def test_any_array_gives_its_elements_and_every_cut_those_before_it(values, indent):
    body = json.dumps(values, indent=indent, ensure_ascii=False).encode()
    assert [json.loads(text) for text in read(body)[0]] == values
    for cut in range(1, len(body), 7):
        found = [json.loads(text) for text in read(body[:cut])[0]]
        assert found == values[: len(found)]
