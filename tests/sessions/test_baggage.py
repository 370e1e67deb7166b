from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.sessions.baggage import MAX_BYTES, MAX_ENTRIES, read_baggage

KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+-.^_`|~", min_size=1, max_size=20)
SPACES = st.text(" \t", max_size=2)


def read(*values: bytes) -> list[tuple[str, bytes]]:
    return list(read_baggage(tuple((b"Baggage", value) for value in values)))


def test_no_header_is_no_baggage():
    assert read_baggage(((b"host", b"h"),)) == ()


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (b"a=1", [("a", b"1")]),
        (b"a=1,b=2", [("a", b"1"), ("b", b"2")]),
        (b" a\t= 1 ; p=q;r , b=2 ", [("a", b"1"), ("b", b"2")]),
        (b"a=x=y", [("a", b"x=y")]),
        (b"a=", [("a", b"")]),
        (b"a=%C3%A9%20%2C%3B", [("a", "é ,;".encode())]),
        (b"a=%zz%", [("a", b"%zz%")]),
        (b"a=1+2", [("a", b"1+2")]),
        (b"A=1,a=2,a=3", [("A", b"1"), ("a", b"2"), ("a", b"3")]),
    ],
)
def test_entries_are_read_without_properties_and_encoding(value, entries):
    assert read(value) == entries


@pytest.mark.parametrize(
    "value", [b"", b",", b"a", b"=1", b"a b=1", b'a="1"', b"a=1 2", b"a=\xc3\xa9", b"a=\\", b"\xe9=1"]
)
def test_what_is_no_entry_takes_no_other_along(value):
    assert read(value + b",good=1") == [("good", b"1")]


def test_several_headers_are_one_list():
    assert read(b"a=1", b"b=2") == [("a", b"1"), ("b", b"2")]


def test_nothing_is_read_beyond_the_limits():
    many = b",".join(b"k%d=1" % number for number in range(MAX_ENTRIES + 5))
    assert len(read(many)) == MAX_ENTRIES
    long = b"a=1,b=" + b"x" * MAX_BYTES + b",c=1"
    assert read(long) == [("a", b"1")]
    assert read(b"a=" + b"x" * (MAX_BYTES - 2)) == [("a", b"x" * (MAX_BYTES - 2))]


@given(st.lists(st.tuples(KEYS, st.text(max_size=20), SPACES), min_size=1, max_size=10))
def test_what_a_sender_writes_is_read_back(entries):
    header = ",".join(f"{pad}{key}{pad}={pad}{quote(value, safe='')}{pad};p={pad}1" for key, value, pad in entries)
    assert read(header.encode()) == [(key, value.encode()) for key, value, _ in entries]


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_any_bytes_are_read_within_the_limits(values):
    entries = read(*values)
    assert len(entries) <= MAX_ENTRIES and all(key.isascii() and key for key, _ in entries)
