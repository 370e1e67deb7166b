"""Frames of `application/vnd.amazon.eventstream` out of bytes (AWS, "Amazon event stream encoding").

A frame is: total length, header length, a checksum of both; headers; payload; a checksum of it all. Numbers are big
endian. A frame whose checksum does not fit ends the stream, since nothing after it can be trusted.
"""

import struct
import zlib
from collections.abc import Iterator

from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.stream import LIMIT_BYTES, StreamEvent

_PRELUDE = struct.Struct(">III")
_LEAST = 16
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; 6 and 7 say their length themselves."""


class AwsEventReader:
    """Iterates once over the frames of a whole body. An event's type is that of its headers, its data its payload."""

    def __init__(self, body: bytes, limit_bytes: int = LIMIT_BYTES) -> None:
        self.error: WireError | None = None
        self.first_end: int | None = None
        self.tail: StreamEvent | None = None
        self._body = body
        self._limit = limit_bytes

    def __iter__(self) -> Iterator[StreamEvent]:
        at = 0
        try:
            while at < len(self._body):
                end = self._measure(at)
                if end is None:
                    rest = self._body[at:].hex()
                    self.tail = StreamEvent("message", rest, "", len(self._body))
                    return
                event = self._read(at, end)
                self.first_end = self.first_end or end
                yield event
                at = end
        except WireError as error:
            self.error = error

    def _measure(self, at: int) -> int | None:
        """Where the frame at that offset ends; None if it is not all there."""
        if len(self._body) - at < _LEAST:
            return None
        total, _, checksum = _PRELUDE.unpack_from(self._body, at)
        if zlib.crc32(self._body[at : at + 8]) != checksum or total < _LEAST:
            raise WireError("a frame of the stream has a wrong checksum")
        if total > self._limit:
            raise WireError(f"a frame of the stream is longer than {self._limit} bytes")
        return at + total if at + total <= len(self._body) else None

    def _read(self, at: int, end: int) -> StreamEvent:
        _, length, _ = _PRELUDE.unpack_from(self._body, at)
        (checksum,) = struct.unpack_from(">I", self._body, end - 4)
        if zlib.crc32(self._body[at : end - 4]) != checksum:
            raise WireError("a frame of the stream has a wrong checksum")
        middle = at + _PRELUDE.size + length
        if middle > end - 4:
            raise WireError("a frame of the stream has longer headers than itself")
        headers = _read_headers(self._body[at + _PRELUDE.size : middle])
        name = headers.get(":event-type") or headers.get(":exception-type") or headers.get(":error-code") or "message"
        if headers.get(":message-type") in ("exception", "error"):
            name = f"exception:{name}"
        return StreamEvent(name, self._body[middle : end - 4].decode("utf-8", "replace"), "", end)


def _read_headers(data: bytes) -> dict[str, str]:
    """The headers whose values are text."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            name = data[at + 1 : at + 1 + data[at]].decode("utf-8", "replace")
            at += 1 + data[at]
            kind = data[at]
            at += 1
            if kind in (6, 7):
                size = int.from_bytes(data[at : at + 2])
                at += 2
                found[name] = data[at : at + size].decode("utf-8", "replace")
            else:
                size = _SIZES[kind]
            at += size
    except (IndexError, KeyError) as error:
        raise WireError("a frame of the stream has headers that cannot be read") from error
    return found
