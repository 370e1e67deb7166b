"""Tells, now and then, what has become of sessions: in the recorder's thread, between two commits, a little at once.

A sweep waits until the recorder is up to date: a call that ran when its session was closed is stored before that is
told. It asks nothing of the clock that sessions live by, but when to look.
"""

from collections.abc import Callable

import structlog

from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.errors import StoreError

log = structlog.get_logger("recorder")

EVERY_NS = 1_000_000_000
PATIENCE_NS = 30_000_000_000
"""A recorder that is behind for longer is swept for all the same."""


class Sweep:
    """When to sweep, and with which gap."""

    def __init__(self, gap_s: float, monotonic_ns: Callable[[], int]) -> None:
        self._gap_ns = int(gap_s * 1_000_000_000)
        self._now = monotonic_ns
        self._due_ns = monotonic_ns()
        self._refused = False

    def hurry(self) -> None:
        """Somebody asked for something that the next sweep tells. May be called from any thread."""
        self._due_ns = min(self._due_ns, self._now())

    def step(self, writer: Writer, behind: bool) -> bool:
        """Sweeps if it is time to; whether there is more to do at once."""
        now_ns = self._now()
        if now_ns < self._due_ns + (PATIENCE_NS if behind else 0):
            return False
        try:
            more = writer.sweep(self._gap_ns)
        except StoreError as error:
            if not self._refused:
                log.warning("what became of sessions cannot be told now", why=str(error))
            self._refused, more = True, False
        else:
            self._refused = False
        if not more:
            self._due_ns = now_ns + EVERY_NS
        return more
