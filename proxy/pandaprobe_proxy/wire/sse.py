"""Server-sent events out of bytes, fed in any cuts (WHATWG HTML, §9.2 "Server-sent events").

Each event carries the stream offset at which it was complete, so that its arrival can be looked up. Time is linear in
the bytes fed, however they are cut. An event that the stream leaves unfinished is never returned: it is the `tail`.
"""

import re
from collections.abc import Iterator

from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.runs import Runs
from pandaprobe_proxy.wire.stream import LIMIT_BYTES, StreamEvent

_SLICE = 256 * 1024
_BEGINS = frozenset(b"deir:")
"""How a line begins that says something: data, event, id, retry, or a comment."""
_BOM = b"\xef\xbb\xbf"
_WHOLE = re.compile(rb"(?:event:[^\r\n]*\n)?data: ?(\{[^\r\n]*\})\n\n")
"""The plainest form of an event, the only one of which runs are looked for."""


class SseDecoder:
    """Bytes in, events out. `limit_bytes` bounds one event and one line; beyond it, WireError."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.comments = 0
        self.retry_ms: int | None = None
        self.tail: StreamEvent | None = None
        """After `close`: the event that was never finished by a blank line."""
        self._limit = limit_bytes
        self._line = bytearray()
        self._offset = 0
        self._first = True
        self._held = 0
        self._data: list[bytes] = []
        self._type = b""
        self._id = b""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that these bytes complete."""
        return list(self.read(data))

    def close(self) -> list[StreamEvent]:
        """The stream has ended: the event that a last lone CR completes, if any; what remains is the `tail`."""
        events = []
        if self._line[-1:] == b"\r":
            events = list(self._take_lines([bytes(self._line)]))
        elif self._line:
            self._take_field(bytes(self._line))
            self._offset += len(self._line)
        self._line.clear()
        if self._data:
            self.tail = self._dispatch()
        return events

    def read(self, data: bytes) -> Iterator[StreamEvent]:
        """As `feed`, one by one, so that an event that passes the bound does not take those before it along."""
        whole, rest = self._split(data)
        yield from self._take_lines(whole)
        self._line += rest
        self._check(len(self._line) - self._line.endswith(b"\r"))

    def skip(self, length: int) -> None:
        """Passes over whole events that somebody else has read."""
        self._offset += length

    def _split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Whole lines with their ends, and the rest. A CR at the end of `data` waits for the LF that may follow it."""
        if self._line[-1:] == b"\r":
            data = b"\r" + data
            del self._line[-1:]
        searched = len(data) - 1 if data.endswith(b"\r") else len(data)
        end = max(data.rfind(b"\n", 0, searched), data.rfind(b"\r", 0, searched)) + 1
        if not end:
            return [], data
        lines = data[:end].splitlines(keepends=True)
        if self._line:
            lines[0] = bytes(self._line) + lines[0]
            self._line.clear()
        return lines, data[end:]

    def _take_lines(self, lines: list[bytes]) -> Iterator[StreamEvent]:
        for line in lines:
            self._offset += len(line)
            bare = line.rstrip(b"\r\n")
            if bare:
                self._check(len(bare))
                if bare[0] in _BEGINS or self._first:
                    self._take_field(bare)
            elif self._data:
                yield self._dispatch()
            else:
                self._type = b""
                self._first = False

    def _take_field(self, line: bytes) -> None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._held += len(value) + 1
            self._data.append(value)
        elif not name:
            self.comments += line[:1] == b":"
        elif name == b"event":
            self._type = value
        elif name == b"id":
            self._id = self._id if b"\0" in value else value
        elif name == b"retry" and value.isdigit() and len(value) < 19:
            self.retry_ms = int(value)

    def _check(self, line_bytes: int) -> None:
        """Whole lines and begun ones count alike, so that it does not matter where the bytes are cut."""
        if self._held + line_bytes > self._limit:
            raise WireError(f"an event of the stream is longer than {self._limit} bytes")

    def _dispatch(self) -> StreamEvent:
        event = StreamEvent(
            self._type.decode("utf-8", "replace") if self._type else "message",
            b"\n".join(self._data).decode("utf-8", "replace"),
            self._id.decode("utf-8", "replace") if self._id else "",
            self._offset,
        )
        self._data = []
        self._type = b""
        self._held = 0
        return event


class SseReader:
    """Iterates once over the events of a whole body. Bytes that pass the bound end it early: see `error`.

    With `alike`, a run of events comes as one.
    """

    def __init__(self, body: bytes, limit_bytes: int = LIMIT_BYTES, alike: Alike | None = None) -> None:
        self.error: WireError | None = None
        self.first_end: int | None = None
        """Where the first event was complete."""
        self._body = body
        self._decoder = SseDecoder(limit_bytes)
        self._runs = Runs(body, alike, _WHOLE) if alike else None

    @property
    def tail(self) -> StreamEvent | None:
        return self._decoder.tail

    def __iter__(self) -> Iterator[StreamEvent]:
        try:
            for event in self._read_runs(self._runs) if self._runs else self._read():
                if self.first_end is None:
                    self.first_end = event.end
                yield event
        except WireError as error:
            self.error = error

    def _read(self) -> Iterator[StreamEvent]:
        view = memoryview(self._body)
        for at in range(0, len(self._body), _SLICE):
            yield from self._decoder.read(bytes(view[at : at + _SLICE]))
        yield from self._decoder.close()

    def _read_runs(self, runs: Runs) -> Iterator[StreamEvent]:
        """An event, then the run that it begins, and so on."""
        at = start = 0
        event = StreamEvent("", "", "", 0)
        while at < len(self._body):
            blank = self._body.find(b"\n\n", at + runs.pause_bytes, at + _SLICE)
            end = blank + 2 if blank >= 0 else at + _SLICE
            for following in self._decoder.read(self._body[at:end]):
                start, event = event.end, following
                yield event
            at = min(end, len(self._body))
            if event.end != at:
                runs.pause(at)
                continue
            for run in runs.follow(event, start):
                yield run
                self._decoder.skip(run.end - at)
                at, event = run.end, run
        yield from self._decoder.close()
