import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.capture.frames import HEAD_BYTES, Dropped, FrameError, decode, encode, whole
from pandaprobe_proxy.model.exchange import (
    Ended,
    Outcome,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
)

ID = "0190a1b2-0000-7000-8000-000000000001"
nanoseconds = st.integers(0, 2**63)
pairs = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=4).map(tuple)
events = st.one_of(
    st.builds(
        RequestHead,
        st.just(ID),
        nanoseconds,
        nanoseconds,
        st.text(max_size=9),
        st.text(max_size=9),
        st.text(max_size=9),
        st.text(max_size=9),
        st.binary(max_size=20),
        pairs,
    ),
    st.builds(RequestBody, st.just(ID), nanoseconds, st.binary(max_size=40)),
    st.builds(ResponseHead, st.just(ID), nanoseconds, st.integers(100, 599), st.binary(max_size=9), pairs),
    st.builds(ResponseBody, st.just(ID), nanoseconds, st.binary(max_size=40)),
    st.builds(Ended, st.just(ID), nanoseconds, st.sampled_from(Outcome), st.text(max_size=9), nanoseconds, pairs),
    st.builds(Dropped, st.just(ID), nanoseconds, st.text(max_size=9)),
)


@given(st.lists(events, max_size=5))
def test_what_is_encoded_is_decoded_equal_and_in_order(told):
    data = b"".join(encode(event) for event in told)
    frames = list(decode(data))
    assert [frame.event for frame in frames] == told
    assert b"".join(frame.data for frame in frames) == data


def test_a_frame_cut_short_anywhere_is_an_error():
    data = encode(ResponseBody(ID, 1, b"abc"))
    for end in range(1, len(data)):
        with pytest.raises(FrameError):
            list(decode(data[:end]))


def test_a_length_that_cannot_be_is_an_error():
    data = bytearray(encode(ResponseBody(ID, 1, b"abc")))
    data[:4] = (HEAD_BYTES - 1).to_bytes(4, "little")
    with pytest.raises(FrameError):
        list(decode(bytes(data)))


@pytest.mark.parametrize("kind", [0, 7, 255])
def test_an_unknown_kind_is_an_error(kind):
    data = bytearray(encode(Ended(ID, 1, Outcome.OK)))
    data[4] = kind
    with pytest.raises(FrameError):
        list(decode(bytes(data)))


def test_a_head_with_garbage_for_fields_is_an_error():
    data = bytearray(encode(Ended(ID, 1, Outcome.OK)))
    data[HEAD_BYTES:] = b"\xc1" * (len(data) - HEAD_BYTES)
    with pytest.raises(FrameError):
        list(decode(bytes(data)))


def test_bytes_that_are_no_frames_are_refused_rather_than_read_for_ever():
    good = encode(Dropped("0190a1b2-0000-7000-8000-000000000001", 1, "why"))
    assert (whole(good + good[:9]), whole(good + bytes(100))) == (len(good), len(good) + 100)
    frames = decode(good + bytes(100))
    assert next(frames).data == good
    with pytest.raises(FrameError):
        next(frames)
