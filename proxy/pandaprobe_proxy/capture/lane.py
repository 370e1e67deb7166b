"""The slow lane: a large exchange is made a row beside the recorder, which goes on reading meanwhile.

What a body costs depends on what is in it, which nobody knows before. So whatever is large goes here, one at a time, in
order. What waits here is staged in the store, its end included: a recorder that dies starts it again.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.model.record import Record

LARGE_BYTES = 128 * 1024
"""Of a response; a request costs about an eighth."""
MOST_BYTES = 256 * 1024 * 1024
"""That wait; more are made rows at once, which holds up the recorder, and in the end lets the ring drop."""

Made = tuple[str, Future[Record]]


class Lane:
    """`finish` makes a Record of an exchange that has ended; it runs in one thread of its own."""

    def __init__(self, finish: Callable[[Gathering], Record]) -> None:
        self._finish = finish
        self._pool = ThreadPoolExecutor(1, "recorder-lane")
        self._waiting: deque[tuple[str, int, Future[Record]]] = deque()
        self._bytes_held = 0

    @property
    def busy(self) -> bool:
        """Something is in it, done or not."""
        return bool(self._waiting)

    def takes(self, gathering: Gathering) -> bool:
        """Whether an exchange is large enough to go here, and there is room."""
        large = gathering.response_bytes + gathering.request_bytes // 8 > LARGE_BYTES
        return large and self._bytes_held + _size(gathering) <= MOST_BYTES

    def put(self, exchange: str, gathering: Gathering) -> None:
        size = _size(gathering)
        self._bytes_held += size
        self._waiting.append((exchange, size, self._pool.submit(self._finish, gathering)))

    def first(self, wait: bool = False) -> Made | None:
        """What came first of what is in it, if it is done; with `wait`, once it is."""
        if not self._waiting:
            return None
        exchange, _, future = self._waiting[0]
        if wait:
            future.exception()
        return (exchange, future) if future.done() else None

    def pop(self) -> None:
        """The first is somewhere else now."""
        _, size, _ = self._waiting.popleft()
        self._bytes_held -= size

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _size(gathering: Gathering) -> int:
    return gathering.request_bytes + gathering.response_bytes
