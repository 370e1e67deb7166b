import itertools
import json

from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.capture.redact_stream import mask

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
