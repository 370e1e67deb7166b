"""Promises about the machine: descriptors, memory, and the clock on the wall."""

import asyncio
import os
import resource
import time
from contextlib import contextmanager
from pathlib import Path

from faults.on_recorder import MIB, recorder_pid
from faults.oracle import oracle, readable, rss
from faults.promises import Measured, NotHere, promise
from pandaprobe_proxy.store.sqlite import open_reader

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
MEMORY = Path("/sys/fs/cgroup/memory")


@promise(19, "descriptors used up", "0 running streams broken; recovers <= 2 s")
async def descriptors(place, full):
    measured = Measured()
    streams = 50 if full else 15
    async with oracle(place / "data", pause_s=0.1, chunks=60) as one:
        await recorder_pid(one)
        relay = one.recording.process.pid
        running = asyncio.create_task(one.calls([4 * n + 1 for n in range(streams)], at_once=streams))
        await asyncio.sleep(1)
        open_now = len(os.listdir(f"/proc/{relay}/fd"))
        soft, hard = resource.prlimit(relay, resource.RLIMIT_NOFILE)
        resource.prlimit(relay, resource.RLIMIT_NOFILE, (open_now + 3, hard))
        refused = [asyncio.create_task(one.call(4001 + 4 * n)) for n in range(20)]
        await asyncio.sleep(1)
        resource.prlimit(relay, resource.RLIMIT_NOFILE, (soft, hard))
        freed = time.monotonic()
        fresh = await one.call(8001 + 3)
        measured.figure("s until a call goes through again", time.monotonic() - freed, 2)
        measured.claim(fresh.whole and fresh.status == 200, f"not after there were descriptors again: {fresh.status}")
        await running
        broken = [seen for number, seen in one.seen.items() if number < 4000 and not seen.whole]
        measured.figure("running streams broken", len(broken), 0)
        await asyncio.gather(*refused)
        status = await one.settle()
    measured.claim(status.adds_up, f"the numbers do not add up: {status}")
    measured.notes.append(
        f"{streams} streams, {sum(not s.whole or s.status != 200 for s in one.seen.values())} refused"
    )
    return measured


@promise(
    18, "the wall clock jumps (+1 h, -1 h, +2 years, back)", "0 negative durations; order kept; ids grow", short=False
)
async def clock_jumps(place, full):
    if FAKETIME is None:
        raise NotHere("libfaketime is not installed (apt-get install faketime)")
    measured = Measured()
    stamp = place / "stamp"
    stamp.write_text("+0")
    env = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with oracle(place / "data", "--keep-days", "0", env=env, pause_s=0.05, chunks=20) as one:
        await recorder_pid(one)
        number = 0
        for jump in ("+0", "+1h", "-1h", "+2y", "+0") * (3 if full else 1):
            running = asyncio.create_task(one.calls([number + 4 * n + 1 for n in range(10)], at_once=10))
            await asyncio.sleep(0.3)
            stamp.write_text(jump)
            await running
            number += 1000
        measured.wrong += await one.verdict()
        reader = await readable(lambda: open_reader(place / "data" / "calls.db"))
        rows = reader.calls(100_000)
        reader.close()
    measured.claim(all(row.ended_ns >= row.started_ns for row in rows), "a duration is negative")
    marks = [row.marks.ended for row in rows]
    measured.claim(all(0 < mark < 60e9 for mark in marks), f"durations from {min(marks)} to {max(marks)} ns")
    years = {time.gmtime(row.started_ns / 1e9).tm_year for row in rows}
    measured.claim(len(years) > 1, "the clock did not jump")
    begun = [row.call_id for row in sorted(rows, key=lambda row: row.call_id)]
    measured.claim(len(set(begun)) == len(rows), "ids are not unique")
    measured.notes.append(f"{len(rows)} calls in the years {sorted(years)}")
    return measured


@contextmanager
def memory_cap(limit):
    """A cgroup (v1) of that many bytes; a function that puts a process into it, one that tells its peak and kills."""
    group = MEMORY / f"pandaprobe-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(limit))
    except OSError as error:
        raise NotHere(f"no cgroup v1 for memory can be made here ({error.strerror})") from error
    try:
        yield group
    finally:
        for _ in range(50):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.1)


@promise(22, "memory cap of 256 MB, 200 bodies of 1 MB at once", "no OOM kill; capture shed, not calls")
async def little_memory(place, full):
    measured = Measured()
    count = 200 if full else 60
    text = b"p" * MIB
    flags = ("--ring-bytes", str(32 * MIB), "--max-held-bytes", str(48 * MIB))
    with memory_cap(256 * MIB) as group:
        async with oracle(place / "data", *flags, chunks=3) as one:
            recorder = await recorder_pid(one)
            relay = one.recording.process.pid
            for pid in (relay, recorder):
                (group / "cgroup.procs").write_text(str(pid))
            bodies = [
                b'{"model":"m","seed":%d,"messages":[{"role":"user","content":"%d %b"}]}' % (n, n, text)
                for n in range(count)
            ]
            calls = [one.call(n, body=body) for n, body in enumerate(bodies)]
            await asyncio.gather(*calls)
            status = await one.settle(120)
            measured.figure("s to a fresh capture", await one.fresh(), 5)
            same = one.status().recorder_pid == recorder
            peak = int((group / "memory.max_usage_in_bytes").read_text())
            sizes = rss(relay) / MIB, rss(one.status().recorder_pid) / MIB
    harmed = [n for n, seen in one.seen.items() if not seen.whole or seen.status != 200]
    measured.claim(not harmed, f"{len(harmed)} calls were harmed")
    measured.claim(status.adds_up, f"the numbers do not add up: {status}")
    measured.claim(same, "the recorder was killed for its memory")
    measured.figure("MB in all at worst", peak / MIB, 256)
    measured.notes.append(
        f"{count} bodies; relay {sizes[0]:.0f} MB, recorder {sizes[1]:.0f} MB; dropped {status.dropped or 'none'}"
    )
    return measured
