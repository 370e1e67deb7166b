import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.relay.bodies import (
    MAX_LINE,
    MAX_TRAILERS,
    Chunked,
    FramingError,
    Sized,
    Unbounded,
    chunk,
    last_chunk,
    rechunk,
)

WIRE = b'5\r\nhello\r\n1;name="v"\r\n!\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\nx-b:\r\n\r\nNEXT'
CONTENT = b"hello!0123456789"
TRAILERS = ((b"X-Sum", b"1"), (b"x-b", b""))


def drain(body, pieces):
    return b"".join(body.feed(piece) for piece in pieces)


def test_chunks_fed_whole_give_content_trailers_and_what_follows():
    body = Chunked()
    assert body.feed(WIRE) == CONTENT
    assert (body.done, body.trailers, body.rest) == (True, TRAILERS, b"NEXT")


@pytest.mark.parametrize("cut", range(1, len(WIRE)))
def test_chunks_may_be_cut_anywhere(cut):
    body = Chunked()
    got = body.feed(WIRE[:cut])
    done = body.done
    rest = body.rest if done else b""
    if not done:
        got += body.feed(WIRE[cut:])
        rest = body.rest
    else:
        rest += WIRE[cut:]
    assert (got, body.trailers, rest) == (CONTENT, TRAILERS, b"NEXT")


def test_chunks_may_come_byte_by_byte():
    body = Chunked()
    got = b""
    for at in range(len(WIRE)):
        if body.done:
            break
        got += body.feed(WIRE[at : at + 1])
    assert (got, body.trailers, at) == (CONTENT, TRAILERS, len(WIRE) - 4)


TOKENS = (b"1\r\n", b"2\r\n", b"a", b"\r\n", b"0\r\n", b"1;x\r\n", b"A: b\r\n")


def tell(pieces):
    """What a chunked body makes of pieces: content, whether it is done, trailers, what follows; None if it refuses."""
    body, got, rest = Chunked(), b"", b""
    for piece in pieces:
        try:
            got, rest = (got, rest + piece) if body.done else (got + body.feed(piece), body.rest)
        except FramingError:
            return None
    return got, body.done, body.trailers, rest


@pytest.mark.parametrize("first", TOKENS)
def test_where_it_is_cut_makes_no_difference(first):
    for others in itertools.product(TOKENS, repeat=4):
        wire = (first, *others)
        whole = tell([b"".join(wire)])
        assert tell(wire) == whole, wire
        for cut in range(1, 5):
            assert tell([b"".join(wire[:cut]), b"".join(wire[cut:])]) == whole, (wire, cut)


@given(st.lists(st.binary(min_size=1, max_size=40)), st.lists(st.integers(1, 30), min_size=1))
def test_what_is_chunked_is_unchunked_however_it_is_cut(contents, sizes):
    wire = b"".join(map(chunk, contents)) + last_chunk(((b"T", b"v"),))
    body, got, at, turn = Chunked(), b"", 0, 0
    while at < len(wire):
        size = sizes[turn % len(sizes)]
        got += body.feed(wire[at : at + size])
        at, turn = at + size, turn + 1
    assert (got, body.done, body.trailers, body.rest) == (b"".join(contents), True, ((b"T", b"v"),), b"")


@pytest.mark.parametrize(
    "wire",
    [
        b"+5\r\nhello\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\t\r\nhello\r\n",
        b"\r\n5\r\nhello\r\n",
        b"5\nhello\n",
        b"5\n\r\nhello\r\n",
        b"5\rx\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;\x00\r\nhello\r\n",
        b"g\r\n",
        b"5_0\r\n",
        b"\xb2\r\n",
        b"1" * 16 + b"\r\n",
        b"ffffffffffffffffffff\r\n",
        b"5\r\nhelloX\r\n",
        b"5\r\nhello\n\r\n",
        b"5\r\nhello\rX",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"0\r\nbad trailer\r\n\r\n",
        b"0\r\nA : b\r\n\r\n",
        b"0\r\n: b\r\n\r\n",
        b"0\r\nA: b\r\n c\r\n\r\n",
        b"0\r\nA: b\nC: d\r\n\r\n",
        b"0\r\nA: \x00\r\n\r\n",
        b"5;" + b"x" * MAX_LINE + b"\r\n",
        b"5;" + b"x" * MAX_LINE,
        b"0\r\nA: " + b"x" * MAX_TRAILERS,
        b"0\r\nA: " + b"x" * MAX_TRAILERS + b"\r\n\r\n",
    ],
)
def test_chunks_that_could_be_understood_in_two_ways_are_refused_whole_or_byte_by_byte(wire):
    with pytest.raises(FramingError):
        Chunked().feed(wire)
    body = Chunked()
    with pytest.raises(FramingError):
        drain(body, (wire[at : at + 1] for at in range(len(wire))))


@pytest.mark.parametrize("cut", range(6))
def test_a_sized_body_ends_at_its_size_and_keeps_what_follows(cut):
    body = Sized(4)
    wire = b"bodyNEXT"
    assert drain(body, [wire[:cut], wire[cut:]] if cut < 4 else [wire]) == b"body"
    assert (body.done, body.rest, body.trailers) == (True, b"NEXT", ())


def test_an_empty_body_is_done_at_once_and_takes_nothing():
    body = Sized(0)
    assert body.done
    assert (body.feed(b"NEXT"), body.rest) == (b"", b"NEXT")
    assert Sized(0).feed(b"") == b""


def test_a_body_of_unknown_length_is_all_that_comes():
    body = Unbounded()
    assert drain(body, [b"a", b"\r\n0\r\n\r\n"]) == b"a\r\n0\r\n\r\n"
    assert not body.done


def test_chunks_are_written_with_their_size_in_hexadecimal():
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert last_chunk() == b"0\r\n\r\n"


def test_trailers_that_may_not_cross_are_left_out_of_the_end():
    assert last_chunk(((b"A", b"1"), (b"Content-Length", b"9"))) == b"0\r\nA: 1\r\n\r\n"


def test_content_is_chunked_again_and_the_end_follows_the_last_of_it():
    body = Chunked()
    assert rechunk(body.feed(b"1\r\na\r\n1\r\nb\r\n"), body) == b"2\r\nab\r\n"
    assert rechunk(body.feed(b"1\r"), body) == b""
    assert rechunk(body.feed(b"\nc\r\n0\r\n\r\n"), body) == b"1\r\nc\r\n0\r\n\r\n"
