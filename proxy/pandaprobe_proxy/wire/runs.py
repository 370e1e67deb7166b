"""Runs of a stream: many events in a row that are alike but for a text that grows and a few values that mean nothing.

Most of a long answer is made of them, and reading each event by itself is most of what decoding costs. A run is read
as one event, whose text is that of all; an event that differs in any other way is left to be read by itself.
"""

import re
from collections.abc import Iterator

from pandaprobe_proxy.wire.run_forms import Alike, learn
from pandaprobe_proxy.wire.stream import StreamEvent

WORTH_BYTES = 4096
"""With less than this to come, no run is looked for."""
_FIRST_WINDOW = 4096
_LEAST_WINDOW = 256
_WINDOW = 256 * 1024
"""More at once is slower, and would be held in memory several times."""
_FEW = 4


class RunError(Exception):
    """What was taken for a run has to be read event by event."""


class Runs:
    """The runs of one body, looked for from its beginning to its end."""

    def __init__(self, body: bytes, alike: Alike, whole: re.Pattern[bytes]) -> None:
        """`whole` matches the bytes of an event, and has its JSON as a group."""
        self.pause_bytes = 0
        """How much to read before it is worth to look again."""
        self._again = 0
        self._body = body
        self._alike = alike
        self._whole = whole

    def follow(self, event: StreamEvent, start: int) -> Iterator[StreamEvent]:
        """What comes after `event`, which began at `start`, and is alike: in as few events as can be, or nothing."""
        body, at = self._body, event.end
        if at < self._again or len(body) - at < WORTH_BYTES or body[start : start + 24] != body[at : at + 24]:
            return
        count = 0
        form = learn(body[start:at], event, self._alike, self._whole)
        window, grows = _FIRST_WINDOW if form else 0, True
        while form and window >= _LEAST_WINDOW:
            end, last = form.find_last(body, at, at + window)
            if end == at:
                break
            runs = form.read(body, at, end, last)
            yield from runs
            if not runs:
                window, grows = (end - at) // 4, False
                continue
            at = end
            count += sum(run.events for run in runs)
            window = min(8 * window, _WINDOW) if grows else window
        if count < _FEW:
            self.pause(at)
        else:
            self.pause_bytes = 0

    def pause(self, at: int) -> None:
        """Looks no more for a while, which began at `at`, and next time for a longer one."""
        self.pause_bytes = min(2 * self.pause_bytes + 1024, _WINDOW)
        self._again = at + self.pause_bytes
