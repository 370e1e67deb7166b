"""Newline-delimited JSON out of bytes: each line that says something is an event (application/x-ndjson and its kin)."""

import re
from collections.abc import Iterator

from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.runs import Runs
from pandaprobe_proxy.wire.stream import LIMIT_BYTES, StreamEvent

_WHOLE = re.compile(rb"(\{[^\r\n]*\})\n")


class NdjsonReader:
    """Iterates once over the lines of a whole body. A last line without its end is the `tail`, and an event too.

    With `alike`, a run of lines comes as one event.
    """

    def __init__(self, body: bytes, limit_bytes: int = LIMIT_BYTES, alike: Alike | None = None) -> None:
        self.error: WireError | None = None
        self.first_end: int | None = None
        self.tail: StreamEvent | None = None
        self._body = body
        self._limit = limit_bytes
        self._runs = Runs(body, alike, _WHOLE) if alike else None

    def __iter__(self) -> Iterator[StreamEvent]:
        at = 0
        while at < len(self._body):
            start = at
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
            for run in self._runs.follow(event, start) if self._runs else ():
                yield run
                at = run.end
