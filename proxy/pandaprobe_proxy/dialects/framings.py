"""Which framing a streamed answer has: by its content type, or by its looks where a stream was asked for."""

import re
import zlib
from collections.abc import Callable

from pandaprobe_proxy.wire.aws_eventstream import AwsEventReader
from pandaprobe_proxy.wire.json_array import JsonArrayReader
from pandaprobe_proxy.wire.ndjson import NdjsonReader
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.sse import SseReader
from pandaprobe_proxy.wire.stream import StreamReader

Framing = Callable[[bytes], StreamReader]
SSE = "text/event-stream"
BY_TYPE: dict[str, Framing] = {
    SSE: SseReader,
    "application/x-ndjson": NdjsonReader,
    "application/ndjson": NdjsonReader,
    "application/jsonl": NdjsonReader,
    "application/stream+json": NdjsonReader,
    "application/vnd.amazon.eventstream": AwsEventReader,
}
_START = re.compile(rb"\s*+(\S)")
_EVENTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")
_ARRAY = re.compile(rb"\s*\[\s*[\]{]")
_LINES = re.compile(rb"\s*\{[^\r\n]*\}\r?\n\s*\{")


def find_framing(body: bytes, content_type: str, asked: bool) -> Framing | None:
    """How the body is framed; None if it is no stream."""
    kind = content_type.partition(";")[0].strip().lower()
    declared = BY_TYPE.get(kind)
    begun = _START.match(body)
    if declared is SseReader:
        # JSON that claims to be a stream of events is JSON.
        return declared if begun and begun[1] not in b"{[" else None
    if declared is not None:
        return declared if begun else None
    return _guess(body) if asked else None


def open_stream(framing: Framing, body: bytes, alike: Alike | None) -> StreamReader:
    """The events of a body; with `alike`, runs of them as one where the framing can tell."""
    if framing is SseReader:
        return SseReader(body, alike=alike)
    return NdjsonReader(body, alike=alike) if framing is NdjsonReader else framing(body)


def _guess(body: bytes) -> Framing | None:
    if _EVENTS.match(body):
        return SseReader
    if _ARRAY.match(body):
        return JsonArrayReader
    if len(body) >= 12 and zlib.crc32(body[:8]) == int.from_bytes(body[8:12]):
        return AwsEventReader
    return NdjsonReader if _LINES.match(body) else None
