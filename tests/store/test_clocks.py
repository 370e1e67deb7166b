"""The clock that gaps are measured by."""

import time

from pandaprobe_proxy.store.clocks import make_clocks


def test_the_steady_clock_starts_at_the_wall_and_goes_by_what_elapses():
    wall, elapsed = [1_000], [70]
    clocks = make_clocks(lambda: wall[0], lambda: elapsed[0])
    assert (clocks.wall_ns(), clocks.steady_ns()) == (1_000, 1_000)
    wall[0], elapsed[0] = 9, 75
    assert (clocks.wall_ns(), clocks.steady_ns()) == (9, 1_005)


def test_real_clocks_run_forward():
    clocks = make_clocks()
    first = clocks.steady_ns()
    assert first <= clocks.steady_ns() and abs(first - time.time_ns()) < 60 * 10**9
