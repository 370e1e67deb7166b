"""The slow lane: a large exchange is made a row beside the recorder, which goes on reading meanwhile.

What a body costs depends on what is in it, which nobody knows before. So whatever is large goes here, one at a time, in
order. What waits here is staged in the store, its end included: a recorder that dies starts it again. What connections
that are open have said so far is read here, too.
Both threads share one interpreter: what holds it in one piece, as a search of garbage does, holds up the recorder, too.
"""

import gc
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.model.record import Record

LARGE_BYTES = 64 * 1024
"""Of a response; a request costs a quarter, or half where it is nested deeply."""
PIECE_BYTES = 64
"""What one piece of a body costs besides, as bytes."""
CODED_BYTES = 1024 * 1024
"""What a content-coded body may come to, however small it is: 40 bytes of zstd can be half a megabyte."""


class Work(NamedTuple):
    """What is in the lane of one exchange."""

    exchange: str
    ended: bool
    bytes_held: int
    made: Future[Any]
    """A Record; None if there is nothing new of an exchange that is open."""


class Lane:
    """`finish` makes a Record of an exchange that has ended, `look` of one that is open; both run in one thread."""

    def __init__(self, finish: Callable[[Gathering], Record], look: Callable[[Gathering], Record | None]) -> None:
        self._finish = finish
        self._look = look
        self._pool = ThreadPoolExecutor(1, "recorder-lane")
        self._waiting: deque[Work] = deque()
        self.bytes_held = 0
        """Of the bodies of what is in it and has ended."""

    @property
    def busy(self) -> bool:
        """Something is in it, done or not."""
        return bool(self._waiting)

    def takes(self, gathering: Gathering) -> bool:
        """Whether an exchange is large enough to go here."""
        return _weigh(gathering) > LARGE_BYTES

    def put(self, exchange: str, gathering: Gathering, ended: bool = True) -> None:
        held = gathering.bytes_held if ended else 0  # what is open is held by others already
        self.bytes_held += held
        made = self._pool.submit(self._run, self._finish if ended else self._look, gathering)
        self._waiting.append(Work(exchange, ended, held, made))

    def _run(self, make: Callable[[Gathering], Record | None], gathering: Gathering) -> Record | None:
        """A decoded call may be a million objects, none of them garbage: looking for it among them stops everything."""
        gc.disable()
        try:
            return make(gathering)
        finally:
            gc.enable()

    def first(self, wait: bool = False) -> Work | None:
        """What came first of what is in it, if it is done; with `wait`, once it is."""
        if not self._waiting:
            return None
        work = self._waiting[0]
        if wait:
            work.made.exception()
        return work if work.made.done() else None

    def pop(self) -> None:
        """The first is somewhere else now."""
        self.bytes_held -= self._waiting.popleft().bytes_held

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _weigh(gathering: Gathering) -> int:
    """What it costs to make it a row, as bytes of a plain response."""
    coded = (gathering.request_coded and gathering.request_bytes) or (
        gathering.response_coded and gathering.response_bytes
    )
    plain = gathering.request_bytes // 2 + gathering.response_bytes + PIECE_BYTES * gathering.came.pieces
    return plain + CODED_BYTES if coded else plain
