"""Promises about the recorder: killed, stopped, or busy with what it cannot get through."""

import asyncio
import os
import signal
import time
from random import Random

from faults.oracle import added_ms, oracle, percentile, rss
from faults.promises import Measured, promise

MIB = 1024 * 1024


async def recorder_pid(oracle_):
    await oracle_.until(lambda status: status.recorder_pid and status.recorder_state == "ok")
    return oracle_.status().recorder_pid


@promise(
    1, "recorder killed (-9) while 100 streams run", "0 of 100 altered; back in 2 s; lost <= 1 s of calls", short=False
)
async def killed(place, full):
    measured, dice = Measured(), Random(1)
    streams, kills = (100, 25) if full else (20, 3)
    back = []
    async with oracle(place / "data", pause_s=0.05, chunks=24) as one:
        await recorder_pid(one)

        async def agent(first):
            number = 4 * first + 1  # a stream, of a second and more
            while agents_run:
                await one.call(number)
                number += 4 * streams

        agents_run = True
        agents = [asyncio.create_task(agent(first)) for first in range(streams)]
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.1, 0.8))
            pid = await recorder_pid(one)
            os.kill(pid, signal.SIGKILL)
            back.append(
                await one.until(lambda s, pid=pid: s.recorder_pid not in (None, pid) and s.recorder_state == "ok")
            )
        agents_run = False
        await asyncio.gather(*agents)
        measured.wrong += await one.verdict()
        measured.figure("s to a fresh capture", await one.fresh(), 5)
        status = one.status()
    measured.claim(status.recorder_restarts >= kills, f"{status.recorder_restarts} restarts after {kills} kills")
    measured.figure("s until it is back", back[0], 2)
    measured.figure("s at worst, with the delay that grows when it fails again and again", max(back))
    measured.figure("calls lost", sum(status.dropped.values()), 0)
    measured.notes.append(f"{len(one.seen)} calls, {kills} kills, {one.scrapes} scrapes")
    return measured


@promise(2, "recorder stopped (SIGSTOP)", "added p99 < 1 ms; relay grows <= 64 MB; drops counted", short=False)
async def stopped(place, full):
    measured = Measured()
    seconds = 60 if full else 2
    flags = ("--recorder-silence-s", "600", "--ring-bytes", str(8 * MIB))
    async with oracle(place / "data", *flags, chunks=3) as one:
        pid = await recorder_pid(one)
        relay = one.recording.process.pid
        await one.calls(range(400), at_once=2)
        before = [one.seen[number].took_s for number in range(100, 400)]
        await one.settle()
        grown = rss(relay)
        os.kill(pid, signal.SIGSTOP)
        try:
            number, ends = 1000, time.monotonic() + seconds
            while time.monotonic() < ends:
                await one.calls(range(number, number + 200), at_once=2)
                number += 200
            during = [one.seen[n].took_s for n in range(1000, number)]
            grown = rss(relay) - grown
            status = one.status()
        finally:
            os.kill(pid, signal.SIGCONT)
        measured.claim(status.adds_up and status.in_flight > 0, f"the numbers while it was stopped: {status}")
        measured.wrong += await one.verdict(may_drop=("ring_full", "recorder_stalled"))
        measured.figure("s to a fresh capture", await one.fresh(), 5)
        dropped = one.status().dropped
    measured.figure("ms added to p50", 1000 * (percentile(during, 0.5) - percentile(before, 0.5)), 1)
    measured.figure("ms added to p99", added_ms(before, during), 1)
    measured.figure("MB that the relay grew", grown / MIB, 64)
    measured.notes.append(f"{len(during)} calls while stopped for {seconds} s, dropped {dropped or 'none'}")
    return measured


@promise(
    27,
    "recorder busy with a pattern that takes for ever",
    "calls unharmed; added p99 < 1 ms; recorded in the end",
    short=False,
)
async def busy(place, full):
    """A pattern of the user's own, and a text that it takes exponential time for."""
    measured = Measured()
    flags = ("--redact", "(p+)+x", "--recorder-silence-s", "3")
    async with oracle(place / "data", *flags, chunks=3) as one:
        await recorder_pid(one)
        await one.calls(range(200), at_once=2)
        before = [seen.took_s for seen in one.seen.values()]
        poison = b'{"model":"m","seed":777,"messages":[{"role":"user","content":"%b"}]}' % (b"p" * 60 + b"!")
        await one.call(777, body=poison)
        await one.calls(range(1000, 1400 if full else 1100), at_once=2)
        during = [one.seen[number].took_s for number in one.seen if number >= 1000]
        try:
            await one.settle(60)
        except AssertionError:
            measured.wrong.append("nothing more is recorded: the recorder is killed and meets the same call again")
        status = one.status()
        measured.claim(status.adds_up, f"the numbers do not add up: {status}")
    measured.claim(all(seen.whole for seen in one.seen.values()), "calls were harmed")
    measured.figure("ms added to p99", added_ms(before, during), 1)
    measured.notes.append(f"hung {status.recorder_hangs} times, dropped {status.dropped or 'none'}")
    return measured
