"""How a streamed answer is framed."""

import struct
import zlib

import pytest
from pandaprobe_proxy.dialects.framings import find_framing, open_stream
from pandaprobe_proxy.wire.aws_eventstream import AwsEventReader
from pandaprobe_proxy.wire.json_array import JsonArrayReader
from pandaprobe_proxy.wire.ndjson import NdjsonReader
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.sse import SseReader

PRELUDE = struct.pack(">II", 100, 20)
FRAME = PRELUDE + struct.pack(">I", zlib.crc32(PRELUDE)) + bytes(88)


@pytest.mark.parametrize(
    ("content_type", "framing"),
    [
        ("text/event-stream", SseReader),
        ("Text/Event-Stream; charset=utf-8", SseReader),
        ("application/x-ndjson", NdjsonReader),
        ("application/stream+json", NdjsonReader),
        ("application/vnd.amazon.eventstream", AwsEventReader),
        ("application/json", None),
        ("", None),
    ],
)
def test_the_type_says(content_type, framing):
    assert find_framing(b"x", content_type, asked=False) is framing


@pytest.mark.parametrize("body", [b"", b"  \n", b'{"error": 1}', b"\n[1]"])
def test_json_that_claims_to_be_events_and_nothing_at_all_are_no_stream(body):
    assert find_framing(body, "text/event-stream", asked=True) is None


def test_an_empty_body_is_no_stream_of_lines():
    assert find_framing(b"\n", "application/x-ndjson", asked=True) is None


@pytest.mark.parametrize(
    ("body", "framing"),
    [
        (b"data: 1\n\n", SseReader),
        (b"\xef\xbb\xbf: hello\n", SseReader),
        (b"\n\n[ {", JsonArrayReader),
        (b"[]", JsonArrayReader),
        (b"[1]", None),
        (FRAME, AwsEventReader),
        (b"x" * 12, None),
        (b'{"a": 1}\n{"b"', NdjsonReader),
        (b'{"a": 1}\r\n{"b": 2}\r\n', NdjsonReader),
        (b'{\n"a": 1}\n', None),
        (b'{"a": 1}\n', None),
        (b"hello", None),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "", "application/octet-stream"])
def test_looks_say_where_a_stream_was_asked_for_and_the_type_does_not(body, framing, content_type):
    assert find_framing(body, content_type, asked=True) is framing
    assert find_framing(body, content_type, asked=False) is None


ALIKE = Alike(lambda value, kind: "t")


@pytest.mark.parametrize(("framing", "form"), [(SseReader, b'data: {"t":"a"}\n\n'), (NdjsonReader, b'{"t":"a"}\n')])
def test_a_stream_is_opened_with_its_runs_where_these_are_known(framing, form):
    assert sum(event.events for event in open_stream(framing, form * 1000, ALIKE)) == 1000
    assert len(list(open_stream(framing, form * 1000, ALIKE))) < 100
    assert len(list(open_stream(framing, form * 1000, None))) == 1000


def test_other_framings_have_no_runs():
    assert len(list(open_stream(JsonArrayReader, b"[" + b",".join([b'{"t":"a"}'] * 1000) + b"]", ALIKE))) == 1000
