import contextlib
import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.websocket import BINARY, PING, TEXT, read_frames, read_messages, write_frame


def frame(opcode, payload, final=True, masked=True, compressed=False):
    """A frame as a client (masked) or a server writes it."""
    head = bytes([(0x80 if final else 0) | (0x40 if compressed else 0) | opcode])
    length, bit = len(payload), 0x80 if masked else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + length.to_bytes(2)
    else:
        head += bytes([bit | 127]) + length.to_bytes(8)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def deflate(compressor, payload):
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


@given(st.lists(st.tuples(st.sampled_from([TEXT, BINARY, PING]), st.binary(max_size=300), st.booleans()), max_size=5))
def test_messages_are_read_as_they_were_written(told):
    data = b"".join(frame(opcode, payload, masked=masked) for opcode, payload, masked in told)
    assert [(m.opcode, m.payload) for m in read_messages(data)] == [(opcode, payload) for opcode, payload, _ in told]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70000])
@pytest.mark.parametrize("masked", [True, False])
def test_every_length_form_is_read(length, masked):
    payload = os.urandom(length)
    assert [m.payload for m in read_messages(frame(BINARY, payload, masked=masked))] == [payload]


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
def test_a_written_frame_reads_back(length):
    payload = os.urandom(length)
    data = write_frame(BINARY, payload)
    assert [(m.payload, m.end) for m in read_messages(data)] == [(payload, len(data))]


def test_fragments_become_one_message_around_a_control_frame():
    data = frame(TEXT, b"hel", final=False) + frame(PING, b"!") + frame(0, b"lo")
    assert [(m.opcode, m.payload) for m in read_messages(data)] == [(PING, b"!"), (TEXT, b"hello")]


@pytest.mark.parametrize("length", [5, 200, 70000])
def test_a_frame_cut_off_anywhere_is_left_out_and_the_one_before_it_stays(length):
    whole, cut = frame(TEXT, b"first"), frame(BINARY, b"x" * length)
    for end in {*range(min(20, len(cut))), len(cut) - 1}:
        messages = read_messages(whole + cut[:end])
        assert [m.payload for m in messages] == [b"first"]
        assert messages[0].end == len(whole)


@pytest.mark.parametrize("fresh", [True, False])
def test_compressed_messages_are_inflated_with_the_context_that_was_agreed(fresh):
    texts = [b"hello hello hello", b"hello again hello", b"hello"]
    kept = zlib.compressobj(wbits=-15)
    data = b"".join(
        frame(TEXT, deflate(zlib.compressobj(wbits=-15) if fresh else kept, text), compressed=True) for text in texts
    )
    assert [m.payload for m in read_messages(data, fresh_context=fresh)] == texts


def test_a_compressed_message_may_be_in_fragments():
    payload = deflate(zlib.compressobj(wbits=-15), b"a" * 1000)
    data = frame(TEXT, payload[:3], final=False, compressed=True) + frame(0, payload[3:])
    assert [m.payload for m in read_messages(data)] == [b"a" * 1000]


def test_what_does_not_inflate_is_an_error():
    with pytest.raises(WireError):
        read_messages(frame(TEXT, b"\xff\xff\xff", compressed=True))


def test_a_bomb_stops_at_the_limit():
    bomb = frame(TEXT, deflate(zlib.compressobj(wbits=-15), bytes(10_000_000)), compressed=True)
    with pytest.raises(WireError):
        read_messages(bomb, limit_bytes=1_000_000)
    assert len(read_messages(bomb)[0].payload) == 10_000_000


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data):
    assert all(item.end <= len(data) for item in read_frames(data))
    with contextlib.suppress(WireError):
        read_messages(data)
