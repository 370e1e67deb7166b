"""Newline-delimited JSON out of bytes: each line that says something is an event (application/x-ndjson and its kin)."""

from collections.abc import Iterator

from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.stream import LIMIT_BYTES, StreamEvent


class NdjsonReader:
    """Iterates once over the lines of a whole body. A last line without its end is the `tail`, and an event too."""

    def __init__(self, body: bytes, limit_bytes: int = LIMIT_BYTES) -> None:
        self.error: WireError | None = None
        self.first_end: int | None = None
        self.tail: StreamEvent | None = None
        self._body = body
        self._limit = limit_bytes

    def __iter__(self) -> Iterator[StreamEvent]:
        at = 0
        while at < len(self._body):
            found = self._body.find(b"\n", at)
            end = len(self._body) if found < 0 else found + 1
            if end - at > self._limit:
                self.error = WireError(f"a line of the stream is longer than {self._limit} bytes")
                return
            line = self._body[at:end].strip()
            at = end
            if not line:
                continue
            event = StreamEvent("message", line.decode("utf-8", "replace"), "", end)
            self.first_end = self.first_end or end
            if found < 0:
                self.tail = event
            yield event
