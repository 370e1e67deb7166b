"""What others want done with the writer, which only the recorder's thread may use: between two commits, in turn."""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from pandaprobe_proxy.store.base import Writer

T = TypeVar("T")


class Works:
    """Takes works from any thread, and does them in the one that runs it."""

    def __init__(self, writer: Writer, monotonic_ns: Callable[[], int]) -> None:
        self._writer = writer
        self._now = monotonic_ns
        self._queue: queue.SimpleQueue[tuple[Callable[[Writer], Any], Future[Any]]] = queue.SimpleQueue()

    @property
    def waiting(self) -> bool:
        """There is something to do."""
        return not self._queue.empty()

    def put(self, work: Callable[[Writer], T]) -> Future[T]:
        """Has it done; the future is its result."""
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def run(self, most_ns: int) -> None:
        """Does what waits, and begins nothing more after so many nanoseconds."""
        ends_ns = self._now() + most_ns
        while self._now() <= ends_ns:
            try:
                work, future = self._queue.get_nowait()
            except queue.Empty:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(self._writer))
            except Exception as error:  # it belongs to whoever waits for the future
                future.set_exception(error)
