"""A writer whose commits somebody counts. It adds nothing to them and hides no error."""

import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.batch import Batch, RunState


class Counting(Protocol):
    """Who counts."""

    def begin(self, dropped: dict[str, int]) -> None: ...

    def observe(self, batch: Batch, took_s: float) -> None: ...


class _Metered:
    def __init__(self, writer: Writer, counting: Counting, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._counting = counting
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def begin(self, run: str, at_ns: int) -> RunState:
        state = self._writer.begin(run, at_ns)
        self._counting.begin(dict(state.dropped))
        return state

    def commit(self, batch: Batch) -> None:
        started_s = self._clock()
        self._writer.commit(batch)
        self._counting.observe(batch, self._clock() - started_s)


def meter(writer: Writer, counting: Counting, clock: Callable[[], float] = time.perf_counter) -> Writer:
    """The same writer; `counting` is told of what it has committed, and nothing of what it refused."""
    return cast(Writer, _Metered(writer, counting, clock))
