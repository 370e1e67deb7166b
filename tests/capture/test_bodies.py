import gzip
import json
import os
import zlib
from dataclasses import replace

import brotli
import pytest
import zstandard
from pandaprobe_proxy.capture.bodies import MOST_SECRETS, REMEMBERED_PIECES, BodyKeeper
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.wire.websocket import TEXT, read_messages, write_frame

CANARY = b"sk-canary-0123456789abcdef"
CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


class CountingRedactor(Redactor):
    searched = 0

    def body(self, data, known=()):
        self.searched += 1
        return super().body(data, known)


@pytest.fixture
def redactor():
    return CountingRedactor(b"k" * 32)


@pytest.fixture
def keeper(redactor):
    return BodyKeeper(redactor)


def keep(keeper, data, coding="", known=()):
    return keeper.keep(data, coding, known, len(data))


def test_a_clean_body_is_kept_exactly(keeper):
    body = json.dumps({"messages": [{"role": "user", "content": "a" * 100}]}).encode()
    kept = keep(keeper, body)
    assert b"".join(kept.body.pieces) == kept.data == body
    assert (kept.body.redactions, kept.body.complete, kept.body.withheld) == (0, True, "")


def test_a_secret_is_taken_out_of_its_piece_only(keeper):
    messages = [{"role": "user", "content": "a" * 100}, {"role": "user", "content": f"{CANARY.decode()} " + "b" * 100}]
    kept = keep(keeper, json.dumps({"messages": messages}).encode())
    assert kept.body.redactions == 1
    assert CANARY not in kept.data
    assert json.dumps(messages[0]).encode() in kept.body.pieces


def test_a_piece_that_was_seen_is_not_searched_again(keeper, redactor):
    messages = [{"role": "user", "content": letter * 100} for letter in "abcdef"]
    for end in range(1, 7):
        keep(keeper, json.dumps({"messages": messages[:end]}).encode())
    assert redactor.searched < 6 + 2 * 6


def test_the_same_piece_is_searched_again_for_another_credential(keeper):
    body = b'{"messages":[{"role":"user","content":"the word is hunter22hunter22 and so on and on and on"}]}'
    assert keep(keeper, body).body.redactions == 0
    assert keep(keeper, body, known=(b"hunter22hunter22",)).body.redactions == 1
    assert keep(keeper, body).body.redactions == 0


def test_memory_of_pieces_is_bounded(keeper):
    for number in range(REMEMBERED_PIECES + 10):
        keep(keeper, b"%d" % number)
    assert len(keeper._seen) == REMEMBERED_PIECES


@pytest.mark.parametrize("coding", CODINGS)
def test_a_clean_coded_body_is_kept_in_its_coding(keeper, coding):
    data = CODINGS[coding](b'{"content": "hello"}' * 50)
    kept = keep(keeper, data, coding)
    assert (kept.body.pieces, kept.body.coding, kept.data) == ((data,), coding, data)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_body_with_a_secret_is_kept_uncoded_without_it(keeper, coding):
    kept = keep(keeper, CODINGS[coding](b'{"content": "' + CANARY + b'"}'), coding)
    assert kept.body.coding == ""
    assert kept.body.redactions == 1
    assert kept.data.startswith(b'{"content": "[redacted:api_key:')


@pytest.mark.parametrize(
    ("coding", "data"),
    [("gzip", b"not gzip at all"), ("unheard-of", b"x"), ("gzip", gzip.compress(bytes(40_000_000)))],
    ids=["garbage", "unknown", "bomb"],
)
def test_what_cannot_be_searched_is_withheld_and_says_why(keeper, coding, data):
    kept = keep(keeper, data, coding)
    assert kept.body.pieces == ()
    assert kept.body.withheld.startswith("cannot be searched for secrets: ")
    assert (kept.body.size, kept.body.complete) == (len(data), False)


def test_less_than_crossed_the_wire_is_said(keeper):
    assert keeper.keep(b"abc", "", (), 10).body.complete is False


def frames(*texts):
    return b"".join(write_frame(TEXT, text) for text in texts)


def test_clean_frames_are_kept_as_they_crossed(keeper):
    data = frames(b"hello", b"there")
    kept = keeper.keep_frames(data, False, (), len(data))
    assert (kept.body.pieces, kept.body.complete) == ((data,), True)


def test_frames_with_a_secret_are_rebuilt_without_it(keeper):
    data = frames(b"hello", b"key " + CANARY)
    kept = keeper.keep_frames(data, False, (), len(data))
    first, second = read_messages(kept.data)
    assert first.payload == b"hello"
    assert second.payload.startswith(b"key [redacted")
    assert kept.body.redactions == 1


def test_a_frame_cut_off_is_left_out(keeper):
    whole = frames(b"hello")
    data = whole + frames(CANARY)[:12]
    kept = keeper.keep_frames(data, False, (), len(data))
    assert (kept.data, kept.body.complete) == (whole, False)
    assert keeper.keep_frames(data[:3], False, (), 3).body.pieces == ()


def test_frames_that_do_not_inflate_are_withheld(keeper):
    data = bytes([0xC1, 4]) + os.urandom(4)
    kept = keeper.keep_frames(b"\xc1\x03\xff\xff\xff", False, (), len(data))
    assert kept.body.withheld.startswith("cannot be searched")


def test_times_of_frames_that_were_rebuilt_fit_them(keeper):
    frames = [write_frame(TEXT, text) for text in (b"one", b"key " + CANARY, b"two")]
    data = b"".join(frames)
    chunks = ((10, len(frames[0]) + 3), (20, len(frames[1]) - 3), (30, len(frames[2])))
    kept = keeper.keep_frames(data, False, (CANARY,), len(data))
    fitted = kept.fit(chunks)
    assert [at for at, _ in fitted] == [10, 20, 30] and sum(length for _, length in fitted) == len(kept.data)
    assert kept.fit(()) == () and kept.fit(chunks[:1])[-1][0] == 10
    assert keeper.keep_frames(frames[0], False, (), len(frames[0])).fit(chunks) == chunks


def event(text):
    return json.dumps({"type": "t", "delta": text}).encode()


class TestPieces:
    """A secret that comes in pieces, and what was found of it elsewhere."""

    def test_what_was_taken_out_is_known(self, keeper):
        whole = keeper.keep(b'{"a": "%b"}' % CANARY, "", (), 99)
        assert whole.secrets == keeper.keep(b'{"a": "%b"}' % CANARY, "", (), 99).secrets == (CANARY,)
        assert keeper.keep_frames(frames(CANARY), False, (), 30).secrets == (CANARY,)
        assert keeper.keep(b"clean", "", (), 5).secrets == ()

    def test_a_body_without_it_is_the_very_same(self, keeper):
        kept = keeper.keep(b"clean", "", (), 5)
        assert keeper.mask(kept, None, set()) is kept and keeper.mask(kept, None, {CANARY}) is kept
        framed = keeper.keep_frames(frames(b"clean"), False, (), 7)
        assert keeper.mask(framed, False, {CANARY}) is framed

    def test_a_stream_is_masked_and_says_how_often(self, keeper):
        data = b"".join(b"data: %b\n\n" % event(text) for text in (CANARY[:9].decode(), CANARY[9:].decode()))
        masked = keeper.mask(keeper.keep(data, "", (), len(data)), None, {CANARY})
        assert CANARY[9:] not in masked.data and masked.body.pieces == (masked.data,)
        assert (masked.body.redactions, len(masked.data)) == (1, len(data))

    def test_compressed_frames_are_masked_as_plain_ones_that_fit_their_times(self, keeper):
        deflated = zlib.compressobj(wbits=-15)
        packed = []
        for text in (CANARY[:9].decode(), CANARY[9:].decode()):
            payload = (deflated.compress(event(text)) + deflated.flush(zlib.Z_SYNC_FLUSH))[:-4]
            packed.append(b"\xc1" + bytes([len(payload)]) + payload)
        data = b"".join(packed)
        masked = keeper.mask(keeper.keep_frames(data, False, (), len(data)), False, {CANARY})
        said = [json.loads(message.payload)["delta"] for message in read_messages(masked.data)]
        assert said == ["x" * 9, "x" * (len(CANARY) - 9)]
        chunks = tuple((at, len(frame)) for at, frame in enumerate(packed))
        assert masked.fit(chunks) == tuple((at, len(frame)) for at, frame in enumerate(masked.body.pieces))

    def test_what_takes_too_long_is_not_looked_for(self, keeper):
        data = b"sk-" * 9_999 + b"!"
        kept = keeper.keep(data, "", (), len(data))
        assert keeper.mask(replace(kept, data=data * 2), None, {b"sk-" * 10_000}) is None

    def test_too_many_are_not_looked_for(self, keeper):
        kept = keeper.keep(b"clean", "", (), 5)
        assert keeper.mask(kept, None, {b"%d" % number for number in range(MOST_SECRETS + 1)}) is None
