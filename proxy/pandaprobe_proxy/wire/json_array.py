"""The elements of one JSON array that is sent piece by piece: each element is an event, as soon as it is whole.

Gemini streams this way unless SSE is asked for. Only brackets and strings are looked at; what an element means is
somebody else's matter.
"""

import re
from collections.abc import Iterator

from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.stream import LIMIT_BYTES, StreamEvent

_MARKS = re.compile(rb'["\[\]{},]')
_STRING_END = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class JsonArrayReader:
    """Iterates once over the elements of a whole body. An element that was not finished is the `tail`."""

    def __init__(self, body: bytes, limit_bytes: int = LIMIT_BYTES) -> None:
        self.error: WireError | None = None
        self.first_end: int | None = None
        self.tail: StreamEvent | None = None
        self._body = body
        self._limit = limit_bytes

    def __iter__(self) -> Iterator[StreamEvent]:
        start = self._body.find(b"[") + 1
        if not start:
            self.error = WireError("the stream is no JSON array")
            return
        for element_start, end, whole in self._elements(start):
            text = self._body[element_start:end].strip()
            if not text:
                continue
            if len(text) > self._limit:
                self.error = WireError(f"an element of the stream is longer than {self._limit} bytes")
                return
            event = StreamEvent("message", text.decode("utf-8", "replace"), "", end)
            if not whole:
                self.tail = event
                return
            self.first_end = self.first_end or end
            yield event

    def _elements(self, start: int) -> Iterator[tuple[int, int, bool]]:
        """(start, end, whether it is whole) of each element."""
        depth, at = 0, start
        while mark := _MARKS.search(self._body, at):
            at = mark.end()
            sign = mark[0]
            if sign == b'"':
                string = _STRING_END.match(self._body, mark.start())
                if string is None:
                    break
                at = string.end()
            elif sign in b"[{":
                depth += 1
            elif sign == b"," and not depth:
                yield start, mark.start(), True
                start = at
            elif sign in b"]}":
                depth -= 1
                if depth < 0:
                    yield start, mark.start(), True
                    return
        yield start, len(self._body), False
