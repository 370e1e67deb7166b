"""The clocks of a store: what people read, and one that only runs forward, which gaps are measured by."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both in nanoseconds since 1970."""

    wall_ns: Clock
    steady_ns: Clock
    """Runs on while the machine sleeps, and does not jump when its clock is set."""


def make_clocks(wall_ns: Clock = time.time_ns, elapsed_ns: Clock | None = None) -> Clocks:
    """The steady clock starts at the wall's time, and goes on by what has elapsed, such as since the system booted."""
    elapsed = elapsed_ns or _since_boot_ns
    ahead_ns = wall_ns() - elapsed()
    return Clocks(wall_ns, lambda: ahead_ns + elapsed())


def _since_boot_ns() -> int:
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
