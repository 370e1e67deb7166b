import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.capture.redact_stream import MaskError, mask

SECRET = b"sk-canary-0123456789abcdef"


def event(text):
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


def text_of(stream):
    blocks = [block.split(b"data: ", 1)[1] for block in stream.split(b"\n\n") if b"data: " in block]
    return "".join(json.loads(block)["choices"][0]["delta"]["content"] for block in blocks)


@given(st.sets(st.integers(1, len(SECRET) - 1)), st.booleans())
def test_a_secret_split_at_any_places_is_masked_and_the_rest_is_untouched(cuts, commented):
    places = [0, *sorted(cuts), len(SECRET)]
    parts = [SECRET[start:end].decode() for start, end in itertools.pairwise(places)]
    between = b": keep-alive\n\n" if commented else b""
    stream = between.join([event("before "), *(event(part) for part in parts), event(" after")])
    masked = mask(stream, [SECRET])
    assert text_of(masked.replace(between, b"") if between else masked) == "before " + "x" * len(SECRET) + " after"
    assert len(masked) == len(stream)


def test_a_stream_without_the_secret_is_unchanged():
    stream = event("sk-canary-") + event("something else")
    assert mask(stream, [SECRET]) == stream


def test_a_secret_that_almost_comes_again_and_again_is_passed_over_in_linear_time():
    almost = [event(chr(byte)) for byte in SECRET[:-1]] * 500
    stream = b"".join(almost)
    assert mask(stream, [SECRET]) == stream
    assert text_of(mask(stream + event(SECRET.decode()), [SECRET])).endswith("x" * len(SECRET))


def test_fragments_with_their_own_event_lines_are_masked():
    parts = (b"sk-canary-01234", b"56789abcdef")
    stream = b"".join(
        b'event: content_block_delta\r\ndata: {"delta":{"type":"text_delta","text":"' + part + b'"}}\r\n\r\n'
        for part in parts
    )
    assert not any(part in mask(stream, [SECRET]) for part in parts)


def test_a_very_long_secret_is_masked_in_one_piece_and_in_many():
    secret = b"sk-" * 10_000
    assert mask(event(secret.decode()), [secret]) == event("x" * len(secret))
    pieces = [secret[at : at + 7].decode() for at in range(0, len(secret), 7)]
    assert text_of(mask(b"".join(map(event, pieces)), [secret])) == "x" * len(secret)


def test_each_of_several_times_is_masked():
    stream = event("a ") + event(SECRET.decode()) + event("sk-canary-") + event(SECRET.decode()) + event(" b")
    assert text_of(mask(stream, [SECRET])) == f"a {'x' * 26}sk-canary-{'x' * 26} b"


def test_a_secret_of_one_character_is_masked():
    assert mask(event("a-b"), [b"-"]) == event("axb")


@pytest.mark.parametrize("almost", [b"s" * 100_000, b's"' * 100_000, b"sk-" * 9_999 + b"!" + b"sk-" * 9_999])
def test_a_stream_that_almost_says_a_secret_very_often_is_passed_over_or_given_up(almost):
    secret = b"sk-" * 10_000
    try:
        assert mask(almost, [secret]) == almost
    except MaskError:
        assert almost[:1] == b"s"


def test_what_takes_too_long_is_given_up():
    with pytest.raises(MaskError):
        mask(b's"' * 100_000, [b"sk-0123456789"])
