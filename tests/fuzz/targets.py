"""What is fuzzed: functions of bytes, each of which raises if what it looks at does what it must not.

They need no fuzzer: `test_targets.py` runs the corpus through them, `run.py` lets atheris look for more.
"""

from contextlib import suppress

import h11
from pandaprobe_proxy.capture.keep import Keeper, Policy, Sizes
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.dialects.registry import DIALECTS
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.relay.bodies import Chunked, FramingError, rechunk
from pandaprobe_proxy.relay.http1 import (
    BadAnswer,
    Framing,
    Refused,
    read_request,
    read_response,
    write_request,
    write_response,
)
from pandaprobe_proxy.wire import content_coding
from pandaprobe_proxy.wire.aws_eventstream import AwsEventReader
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.json_array import JsonArrayReader
from pandaprobe_proxy.wire.multipart import read_parts
from pandaprobe_proxy.wire.ndjson import NdjsonReader
from pandaprobe_proxy.wire.sse import SseDecoder, SseReader
from pandaprobe_proxy.wire.websocket import read_messages

LIMIT = 4096
"""A bound small enough to be passed."""
CANARY = b"sk-canary-0123456789abcdefABCDEF"
CODINGS = ("gzip", "deflate", "br", "zstd", "gzip, br", "identity", "x-gzip")
KINDS = (b"application/json", b"text/event-stream", b"application/x-ndjson", b"multipart/form-data; boundary=b", b"")
ENDPOINTS = sorted({endpoint for dialect in DIALECTS for endpoint in dialect.endpoints})


def in_cuts(data, step):
    """The data in pieces of that many bytes."""
    return (data[at : at + step] for at in range(0, len(data), step))


def sse(data):
    """An event stream says the same however it is cut, as a whole, and piece by piece."""
    step, body = (data[0] % 7 + 1, data[1:]) if data else (1, b"")

    def read(pieces):
        decoder, events = SseDecoder(LIMIT), []
        try:
            for piece in pieces:
                events.extend(decoder.read(piece))
        except WireError:
            return events, "too long"
        return events + decoder.close(), decoder.tail

    whole, cut = read([body]), read(in_cuts(body, step))
    assert whole == cut, (whole, cut)
    reader = SseReader(body, LIMIT)
    events = list(reader)
    assert (events, "too long" if reader.error else reader.tail) == whole, (events, whole)


def frames(data):
    """The other framings give events, in order, or say that they cannot; nothing else happens."""
    for kind in (NdjsonReader, JsonArrayReader, AwsEventReader):
        reader = kind(data, LIMIT)
        ends = [event.end for event in reader]
        assert ends == sorted(ends) and all(0 < end <= len(data) for end in ends), (kind, ends)
    for part in read_parts(data, "multipart/form-data; boundary=b"):
        assert part.data in data
    with suppress(WireError):
        list(read_messages(data, limit_bytes=LIMIT))


def coding(data):
    """A content-coding comes off within its bounds, the same in any cuts, or it is said that it cannot.

    zstd itself holds a frame against the length that it says only if it gets all of it at once; so a damaged frame may
    be refused in one piece and not in several. What comes of it is the same wherever something comes.
    """
    if not data:
        return
    name, body = CODINGS[data[0] % len(CODINGS)], data[1:]

    def undo(pieces):
        decoder = content_coding.ContentDecoder(name)
        try:
            return b"".join([decoder.feed(piece) for piece in pieces]), decoder.is_complete()
        except WireError:
            return None

    whole, cut = undo([body]), undo(in_cuts(body, max(1, len(body) // 5)))
    assert whole == cut or (name == "zstd" and None in (whole, cut)), (name, whole, cut)
    assert whole is None or len(whole[0]) <= content_coding.LIMIT_BYTES


def redaction(data):
    """A credential that the call is known to use is nowhere in what is kept, and the rest has an end."""
    redactor = Redactor(b"k" * 32)
    middle = len(data) // 2
    planted = data[:middle] + CANARY + data[middle:]
    kept = redactor.body(planted, (CANARY,))
    assert CANARY not in kept.data and kept.count, kept
    redactor.text(data.decode("utf-8", "surrogateescape"), (CANARY,))
    redactor.url(data, (CANARY,))
    redactor.headers(((b"X-Fuzzed", data), (b"Authorization", b"Bearer " + data)), (CANARY,))


def head(data):
    """A head is refused, or what goes on is a head that another reader understands in the same way."""
    with suppress(Refused):
        request = read_request(data)
        written = write_request(request, request.target, b"up.test")
        machine = h11.Connection(h11.SERVER)
        machine.receive_data(written)
        event = machine.next_event()
        assert isinstance(event, h11.Request), event
        assert (event.method.decode(), event.target) == (request.method, request.target)
        again = read_request(written)
        assert (again.framing, again.length) == (request.framing, request.length), again
    with suppress(BadAnswer):
        response = read_response(data, "POST")
        again = read_response(write_response(response, response.framing is Framing.CHUNKED, False), "POST")
        assert again.status == response.status


def chunks(data):
    """Chunks hold the same however they are cut, and what is framed anew holds the same for another reader."""

    def unframe(pieces):
        body, content = Chunked(), b""
        try:
            for piece in pieces:
                content += body.feed(piece)
                if body.done:
                    break
        except FramingError:
            return None
        return content, body.done, body.trailers

    whole = unframe([data])
    parts = [unframe(in_cuts(data, step)) for step in (1, 7)]
    assert all(part == whole for part in parts), (whole, parts)
    if whole and whole[1]:
        assert read_anew(data) == whole[0]


def read_anew(data):
    """What h11 reads of a body that was framed anew."""
    body = Chunked()
    framed = rechunk(body.feed(data), body)
    machine = h11.Connection(h11.SERVER)
    machine.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + framed)
    content = b""
    while not isinstance(event := machine.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA, "the end is missing"
        content += bytes(event.data) if isinstance(event, h11.Data) else b""
    return content


KEEPER = Keeper(Policy(), Redactor(b"k" * 32), lambda _: None)


def decoding(data):
    """Whatever a provider answers, and whatever is asked of it: the exchange is kept."""
    if len(data) < 4:
        return
    method, _, path = ENDPOINTS[int.from_bytes(data[:2]) % len(ENDPOINTS)].partition(" ")
    asked, _, answered = data[4:].partition(b"\0\0")
    kinds = KINDS[data[2] % len(KINDS)], KINDS[data[3] % len(KINDS)]
    identity = "0190a1b2-0000-7000-8000-00000000000a"
    sent = ((b"authorization", b"Bearer " + CANARY), (b"content-type", kinds[0]))
    begun = RequestHead(identity, 0, 1, "127.0.0.1:1", "openai", "http://x", method, path.encode(), sent)
    answer = ResponseHead(identity, 5, 200, b"OK", ((b"content-type", kinds[1]),))
    marks = ((7, len(answered)),) if answered else ()
    exchange = Exchange(begun, asked, (), answer, answered, marks, Ended(identity, 9, Outcome.OK))
    record = KEEPER.finish(KEEPER.begin(begun), exchange, Sizes(len(asked), len(answered)))
    assert "redaction_failed" not in (record.request.withheld, record.response.withheld)


TARGETS = {one.__name__: one for one in (sse, frames, coding, redaction, head, chunks, decoding)}
