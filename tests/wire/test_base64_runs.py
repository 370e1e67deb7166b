"""Long base64 is found in JSON and text, however it is written, and nothing else is taken for it."""

import json
import time
from base64 import b64encode, encodebytes, urlsafe_b64encode
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.base64_runs import LEAST_BYTES, find_runs

IMAGE = bytes(range(256)) * 16
PLAIN = b64encode(IMAGE)


def found(data):
    return [data[start:end] for start, end in find_runs(data)]


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_a_string_of_base64_is_found_in_both_alphabets(encode):
    data = json.dumps({"type": "image", "data": encode(IMAGE).decode(), "after": "x"}).encode()
    assert found(data) == [encode(IMAGE)]


def test_the_payload_of_a_data_url_is_found_alone_and_in_a_text():
    url = "data:image/png;base64," + PLAIN.decode()
    assert found(json.dumps({"url": url}).encode()) == [PLAIN]
    assert found(f"look: ![it]({url}) and ![again]({url}).".encode()) == [PLAIN, PLAIN]


def test_a_text_that_is_nothing_else_is_found():
    assert found(PLAIN) == [PLAIN]
    assert found(PLAIN + b"\n") == [PLAIN]


def test_base64_is_found_as_writers_of_json_escape_it():
    slashes = PLAIN.replace(b"/", b"\\/")
    plusses = PLAIN.replace(b"+", b"\\u002B").replace(b"=", b"\\u003D")
    assert found(b'{"data":"%s"}' % slashes) == [slashes]
    assert found(b'{"data":"%s"}' % plusses) == [plusses]
    lines = json.dumps(encodebytes(IMAGE).decode()).encode()
    assert found(lines) == [lines[1:-1].removesuffix(b"\\n")]
    assert found(encodebytes(IMAGE)) == [encodebytes(IMAGE).rstrip()]


def test_base64_in_json_in_json_is_found():
    inner = json.dumps({"screenshot": PLAIN.decode()})
    assert found(json.dumps({"arguments": inner}).encode()) == [PLAIN]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * (LEAST_BYTES - 1),
        b'"' + PLAIN[: LEAST_BYTES - 1] + b'"',
        b"data:;base64,aGVsbG8=" + b" " * LEAST_BYTES,
        b'"' + b"some words of a text " * 100 + b'"',
        b'"' + b"word\n" * 500 + b'"',
        b'"' + PLAIN + b'!"',
        b'"' + PLAIN[:2000] + b"." + PLAIN[:2000] + b'"',
        '"' + "日本語" * 1000 + '"',
    ],
)
def test_what_is_short_or_something_else_is_not_found(data):
    assert find_runs(data if isinstance(data, bytes) else data.encode()) == []


@given(
    st.lists(st.sampled_from([PLAIN, b'"', b'","data":"', b";base64,", b"text ", b"\\", b"\n", b"\xff", b"x" * 1024]))
)
def test_runs_are_in_order_and_apart(parts):
    data = b"".join(parts)
    runs = find_runs(data)
    assert all(end - start >= LEAST_BYTES for start, end in runs)
    assert all(end <= start for (_, end), (start, _) in pairwise(runs))


@pytest.mark.parametrize(
    "unit", [b'"', b";base64,", b'"abc\n', b"\\/", b'"' + b"A" * 1100 + b' "', b"A" * 60 + b"\n", b"word "]
)
def test_looking_is_quick_whatever_there_is(unit):
    data = unit * (2_000_000 // len(unit))
    began_s = time.process_time()
    find_runs(data)
    assert time.process_time() - began_s < 0.5
