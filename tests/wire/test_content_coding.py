import gzip
import tracemalloc
import zlib
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.content_coding import ContentDecoder, Decoded, decode, read_codings
from pandaprobe_proxy.wire.errors import WireError
from pieces import cuts


def deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd}
TEXT = b'{"role":"user","content":"' + bytes(range(32, 127)) * 3 + b'"}'


@pytest.mark.parametrize("coding", PACK)
def test_each_coding_is_undone(coding):
    assert decode(PACK[coding](TEXT), coding) == Decoded(TEXT, True)


def test_raw_deflate_is_undone_too():
    assert decode(deflate_raw(TEXT), "deflate") == Decoded(TEXT, True)


@pytest.mark.parametrize("coding", PACK)
def test_cuts_do_not_matter(coding):
    for pieces in cuts(PACK[coding](TEXT)):
        decoder = ContentDecoder(coding)
        assert b"".join(decoder.feed(piece) for piece in pieces) == TEXT
        assert decoder.is_complete()


def test_raw_deflate_may_be_cut_before_its_second_byte():
    for pieces in cuts(deflate_raw(TEXT)):
        decoder = ContentDecoder("deflate")
        assert b"".join(decoder.feed(piece) for piece in pieces) == TEXT


@pytest.mark.parametrize("coding", PACK)
def test_what_came_of_a_broken_off_body_is_there_and_marked(coding):
    packed = PACK[coding](TEXT)
    for length in range(1, len(packed)):
        part = decode(packed[:length], coding)
        assert not part.complete and TEXT.startswith(part.data)


@pytest.mark.parametrize("coding", [*PACK, "", "identity"])
def test_nothing_is_a_whole(coding):
    assert decode(b"", coding) == Decoded(b"", True)


def test_codings_are_undone_in_the_reverse_of_their_order():
    assert decode(brotli.compress(gzip.compress(TEXT)), "gzip, br") == Decoded(TEXT, True)
    assert decode(zstd(zlib.compress(TEXT)), "deflate,identity , zstd") == Decoded(TEXT, True)
    assert not decode(brotli.compress(gzip.compress(TEXT)[:-1]), "gzip, br").complete


def test_names_are_read_as_they_are_written():
    assert read_codings(" X-GZip ,, Br, identity") == ("gzip", "br")
    assert decode(TEXT, "identity") == Decoded(TEXT, True)


def test_an_unknown_coding_is_refused():
    with pytest.raises(WireError, match="'compress' is not known"):
        decode(TEXT, "gzip, compress")


def test_too_many_codings_are_refused():
    with pytest.raises(WireError, match="more than 4 times"):
        decode(TEXT, "gzip,gzip,gzip,gzip,gzip")


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_members_follow_each_other(coding):
    pack = PACK[coding]
    assert decode(pack(b"a") + pack(b"") + pack(TEXT), coding) == Decoded(b"a" + TEXT, True)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_too_many_members_are_refused(coding):
    with pytest.raises(WireError, match="more than 10000 members"):
        decode(PACK[coding](b"a") * 10_001, coding)


@pytest.mark.parametrize("coding", PACK)
def test_bytes_after_the_end_that_are_no_member_are_refused(coding):
    with pytest.raises(WireError):
        decode(PACK[coding](TEXT) + b"and more that is not coded", coding)


@pytest.mark.parametrize("coding", PACK)
def test_bytes_that_are_something_else_are_refused(coding):
    with pytest.raises(WireError, match="not what it claims"):
        decode(b"\xfe\xfe\xfe this was never packed", coding)


def bomb(coding: str, size: int) -> bytes:
    block = b"\0" * 1024 * 1024
    if coding == "br":
        packer = brotli.Compressor(quality=5)
        return b"".join(packer.process(block) for _ in range(size // len(block))) + packer.finish()
    packer = {
        "gzip": lambda: zlib.compressobj(wbits=31),
        "deflate": zlib.compressobj,
        "zstd": zstandard.ZstdCompressor().compressobj,
    }[coding]()
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


@pytest.mark.parametrize("coding", PACK)
def test_a_bomb_stops_at_the_bound_and_takes_no_memory(coding):
    packed = bomb(coding, 200 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="unpacks to more than"):
            decode(packed, coding, ratio=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024 * 1024


def test_the_ratio_bounds_what_is_far_below_the_limit():
    packed = gzip.compress(b"\0" * 3_000_000)
    with pytest.raises(WireError, match="more than 1048576 bytes"):
        decode(packed, "gzip")
    assert len(decode(packed, "gzip", ratio=2000).data) == 3_000_000


def test_a_short_text_may_be_as_repetitive_as_it_likes():
    assert len(decode(gzip.compress(b"a" * 1_000_000), "gzip").data) == 1_000_000


def test_a_bomb_inside_a_coding_is_found():
    with pytest.raises(WireError, match="a gzip body unpacks"):
        decode(zstd(gzip.compress(gzip.compress(b"\0" * 30_000_000))), "gzip, gzip, zstd")


def test_the_limit_holds_over_all_pieces():
    decoder = ContentDecoder("gzip", limit_bytes=1000)
    packed = gzip.compress(bytes(range(250)) * 4 + b"!")
    assert len(decoder.feed(packed[:100])) <= 1000
    with pytest.raises(WireError, match="more than 1000 bytes"):
        decoder.feed(packed[100:])


def test_output_that_fills_a_piece_exactly_is_not_lost():
    for coding, pack in PACK.items():
        for size in (65_535, 65_536, 65_537, 131_072):
            assert decode(pack(b"x" * size), coding).data == b"x" * size


def test_each_flushed_piece_is_there_at_once():
    packer = zlib.compressobj(wbits=31)
    decoder = ContentDecoder("gzip")
    for text in (b"data: 1\n\n", b"data: 2\n\n"):
        assert decoder.feed(packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)) == text
    assert not decoder.is_complete()


@given(st.binary(max_size=300), st.sampled_from([*PACK, "gzip, br", "deflate, zstd"]))
def test_any_bytes_give_bytes_or_a_wire_error(data, coding):
    with suppress(WireError):
        assert isinstance(decode(data, coding).data, bytes)
