"""AWS frames as events."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.aws_eventstream import AwsEventReader


def text_header(name, value):
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def frame(payload, headers=b"", **named):
    headers += b"".join(text_header(f":{name.replace('_', '-')}", value) for name, value in named.items())
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return head + struct.pack(">I", zlib.crc32(head))


def read(body, **more):
    reader = AwsEventReader(body, **more)
    return list(reader), reader


def test_a_frame_is_an_event_of_its_type():
    body = frame(b'{"a":1}', event_type="chunk", message_type="event") + frame(b"{}")
    events, reader = read(body)
    assert [(event.event, event.data) for event in events] == [("chunk", '{"a":1}'), ("message", "{}")]
    assert (reader.first_end, events[-1].end, reader.tail, reader.error) == (events[0].end, len(body), None, None)


def test_an_exception_says_that_it_is_one():
    body = frame(b"{}", message_type="exception", exception_type="throttlingException")
    body += frame(b"", message_type="error", error_code="500")
    assert [event.event for event in read(body)[0]] == ["exception:throttlingException", "exception:500"]


def test_headers_of_other_types_are_stepped_over():
    values = {0: b"", 1: b"", 2: b"x", 3: b"xx", 4: b"xxxx", 5: b"x" * 8, 6: b"\x00\x01x", 8: b"x" * 8, 9: b"x" * 16}
    headers = b"".join(b"\x01h" + bytes([kind]) + value for kind, value in values.items())
    assert read(frame(b"{}", headers, event_type="e"))[0][0].event == "e"


@pytest.mark.parametrize("headers", [b"\x01h\x63", b"\x01h", b"\x05"])
def test_headers_that_cannot_be_read_end_it(headers):
    events, reader = read(frame(b"{}") + frame(b"{}", headers))
    assert (len(events), "headers that cannot be read" in str(reader.error)) == (1, True)


def test_a_wrong_checksum_ends_it():
    good = frame(b"{}")
    for at in (5, len(good) - 6):
        bad = bytearray(good)
        bad[at] ^= 1
        events, reader = read(good + bytes(bad))
        assert (len(events), "wrong checksum" in str(reader.error)) == (1, True)


def test_headers_that_are_longer_than_their_frame_end_it():
    prelude = struct.pack(">II", 16, 99)
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    _, reader = read(head + struct.pack(">I", zlib.crc32(head)))
    assert "longer headers" in str(reader.error)


def test_a_frame_that_is_too_long_ends_it():
    _, reader = read(frame(b"x" * 100), limit_bytes=50)
    assert "longer than 50 bytes" in str(reader.error)


def test_a_frame_that_is_not_all_there_is_the_tail():
    good = frame(b"{}")
    for cut in range(1, len(good)):
        events, reader = read(good + good[:cut])
        assert (len(events), reader.tail.data, reader.tail.end) == (1, good[:cut].hex(), len(good) + cut)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4))
def test_every_cut_gives_the_frames_before_it(payloads):
    body = b"".join(frame(payload, event_type="e") for payload in payloads)
    whole, _ = read(body)
    for cut in range(len(body)):
        events, reader = read(body[:cut])
        assert events == whole[: len(events)]
        assert reader.error is None
        assert (reader.tail is None) == (cut == (events[-1].end if events else 0))
