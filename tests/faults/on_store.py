"""Promises about the store: full, locked, slow, failing, unwritable, corrupt, torn."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from random import Random
from statistics import median

from faults.on_recorder import MIB, recorder_pid
from faults.oracle import added_ms, asked, direct, numbered_origin, oracle
from faults.promises import Measured, NotHere, promise
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite import open_reader, open_writer


@contextmanager
def file_system(place, size):
    """A tmpfs of its own."""
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        raise NotHere("a tmpfs cannot be mounted here (needs root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def injected(pid, what):
    """System calls of a process fail or wait, by strace, for the block."""
    if not shutil.which("strace"):
        raise NotHere("strace is not installed")
    words = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:{what}"]
    tracer = subprocess.Popen([*words, "-o", "/dev/null", "-p", str(pid)], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    if tracer.poll() is not None:
        raise NotHere("strace cannot attach to a process here")
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)


def fill(filler):
    """Takes what space there is; how much that was."""
    taken = 0
    with filler.open("ab") as file:
        while (space := os.statvfs(filler.parent).f_bavail * 4096) > 0:
            taken += file.write(b"\0" * min(space, MIB))
            file.flush()
    return taken


def is_sound(path):
    with sqlite3.connect(path) as store:
        return store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@promise(
    4, "disk full", "0 app errors; resumes <= 5 s after there is space; store sound; drops counted exactly", short=False
)
async def disk_full(place, full):
    measured = Measured()
    with file_system(place / "disk", "24m") as disk:
        async with oracle(disk / "data", "--ring-bytes", str(MIB)) as one:
            await recorder_pid(one)
            await one.calls(range(20))
            await one.settle()
            number, ends = 100, time.monotonic() + 90
            while one.status().dropped.get("disk_full", 0) < (1000 if full else 20):
                fill(disk / "filler")  # what the ballast and the log gave back, too
                await one.calls(range(number, number + 20))
                number += 20
                assert time.monotonic() < ends, "the disk never got full"
            await one.until(lambda status: status.degraded == ("disk_full",))
            (disk / "filler").unlink()
            resumed = await one.until(lambda status: status.recorder_state == "ok")
            measured.wrong += await one.verdict(may_drop=("disk_full", "ring_full"))
            measured.figure("s to a fresh capture", await one.fresh(), 5)
            dropped = one.status().dropped
        measured.claim(is_sound(disk / "data" / "calls.db"), "the store is not sound")
    measured.claim(sum(dropped.values()) > 0, "nothing had to be dropped")
    measured.figure("s until it resumes", resumed, 5)
    measured.notes.append(f"dropped {dropped}")
    return measured


@promise(5, "volume nearly full because of us", "file + WAL <= cap + 4 MB; oldest sessions first", short=False)
async def budget(place, full):
    measured = Measured()
    cap = 8 * MIB
    dice = Random(5)
    async with oracle(place / "data", "--keep-bytes", str(cap)) as one:
        await recorder_pid(one)
        path, most = place / "data" / "calls.db", 0
        rounds = 120 if full else 40
        for number in range(rounds):
            text = dice.randbytes(300_000).hex()
            body = b'{"model":"m","seed":%d,"messages":[{"role":"user","content":"%b"}]}' % (number, text.encode())
            await one.call(number, body=body, session=f"s-{number:03d}")
            await asyncio.sleep(0.25)
            most = max(most, sum(p.stat().st_size for p in (path, path.with_name("calls.db-wal")) if p.exists()))
        await one.settle()
        trimmed = await one.until(lambda s: s.store_bytes <= cap + 4 * MIB, 20)
        reader = open_reader(path)
        kept = sorted(row.session_id for row in reader.sessions(1000))
        reader.close()
    measured.figure("MB over the cap at worst", (most - cap) / MIB, 4)
    measured.figure("s until it is within", trimmed)
    newest = [f"s-{number:03d}" for number in range(rounds - 3, rounds)]
    measured.claim(all(one in kept for one in newest), f"the newest sessions went: {kept}")
    measured.notes.append(f"{rounds * 0.6:.0f} MB of random text at 2 MB/s against a cap of {cap // MIB} MB")
    return measured


@promise(6, "store locked by another process", "added p99 < 1 ms; everything written after the unlock", short=False)
async def locked(place, full):
    measured = Measured()
    seconds = 30 if full else 2
    async with oracle(place / "data", chunks=3) as one:
        await recorder_pid(one)
        for number in range(0, 300, 10):  # as they come while it is locked: the first after a pause takes longer
            await one.calls(range(number, number + 10), at_once=2)
            await asyncio.sleep(0.2 if full else 0)
        before = [seen.took_s for seen in one.seen.values()]
        await one.settle()
        lock = sqlite3.connect(place / "data" / "calls.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        ends, number = time.monotonic() + seconds, 1000
        while time.monotonic() < ends:
            await one.calls(range(number, number + 10), at_once=2)
            number += 10
            await asyncio.sleep(0.2)
        told = one.status()
        lock.execute("ROLLBACK")
        lock.close()
        measured.wrong += await one.verdict()
        measured.figure("s to a fresh capture", await one.fresh(), 5)
    during = [seen.took_s for n, seen in one.seen.items() if 1000 <= n < number]
    measured.claim(told.in_flight > 0 and told.adds_up, f"while locked: {told}")
    measured.figure("ms added to p99", added_ms(before, during), 1)
    measured.notes.append(f"{len(during)} calls while locked for {seconds} s, state {told.recorder_state}")
    return measured


@promise(7, "slow disk (fsync takes 500 ms)", "added p99 < 1 ms; everything written", short=False)
async def slow_disk(place, full):
    measured = Measured()
    async with oracle(place / "data", chunks=3) as one:
        pid = await recorder_pid(one)
        await one.calls(range(300), at_once=2)
        before = [seen.took_s for seen in one.seen.values()]
        await one.settle()
        with injected(pid, "delay_enter=500000"):
            await one.calls(range(1000, 2000 if full else 1100), at_once=2)
        measured.wrong += await one.verdict()
    during = [seen.took_s for n, seen in one.seen.items() if n >= 1000]
    measured.figure("ms added to p99", added_ms(before, during), 1)
    return measured


@promise(8, "fsync fails (EIO)", "0 app errors; degraded within 1 s; nothing lost once it works")
async def failing_disk(place, full):
    measured = Measured()
    async with oracle(place / "data") as one:
        pid = await recorder_pid(one)
        await one.calls(range(20))
        await one.settle()
        with injected(pid, "error=EIO"):
            await one.calls(range(100, 120))
            await asyncio.sleep(1)
            started = time.monotonic()
            await one.calls(range(120, 140))
            degraded = await one.until(lambda status: status.degraded == ("store_error",))
            degraded = time.monotonic() - started
            await one.calls(range(140, 400 if full else 160))
        await one.until(lambda status: not status.degraded)
        measured.wrong += await one.verdict(may_drop=("store_error",))
        measured.figure("s to a fresh capture", await one.fresh(), 5)
    measured.claim(is_sound(place / "data" / "calls.db"), "the store is not sound")
    measured.figure("s from the first call that could not last to degraded", degraded, 1)
    return measured


@promise(9, "nowhere to write", "starts anyway, <= 1 s; says that nothing is recorded; calls go on")
async def unwritable(place, full):
    measured = Measured()
    with file_system(place / "disk", "1m") as disk:
        remount = ["mount", "-o", "remount,ro", str(disk)]
        await asyncio.to_thread(subprocess.run, remount, check=True)
        started = time.monotonic()
        async with numbered_origin() as origin, asked(disk, origin, origin.url) as one:
            measured.figure("s until a call goes through", time.monotonic() - started, 1)
            await one.calls(range(20))
            wrong = [n for n, seen in one.seen.items() if seen != direct(n)]
            measured.claim(not wrong, f"calls {wrong} were harmed")
            log = one.recording.log.read_text()
            measured.claim("cannot be used, so nothing is recorded" in log, "the log does not say so")
    return measured


async def start_s(home):
    """(seconds from start to recording, the status after ten calls) of a sidecar on that store."""
    started = time.monotonic()
    async with oracle(home) as one:
        await one.until(lambda status: status.recorder_state == "ok")
        took = time.monotonic() - started
        await one.calls(range(100, 110))
        return took, await one.settle()


@promise(
    10,
    "store corrupt at start",
    "<= 1 s later than with a sound one; old file kept aside; recording goes on in a new one",
    short=False,
)
async def corrupt(place, full):
    measured, dice = Measured(), Random(10)
    sound, broken = [], []
    for round_ in range(5 if full else 2):
        home = place / f"r{round_}" / "data"
        home.parent.mkdir()
        async with oracle(home) as one:
            await recorder_pid(one)
            await one.calls(range(30))
            await one.settle()
        sound.append((await start_s(home))[0])
        store = bytearray((home / "calls.db").read_bytes())
        for _ in range(5):
            at = dice.randrange(0, len(store) - 200) if round_ else 0
            store[at : at + 200] = dice.randbytes(200)
        (home / "calls.db").write_bytes(store)
        took, status = await start_s(home)
        broken.append(took)
        measured.claim(status.recorded == 10 and not status.dropped, f"not recorded after corruption: {status}")
        measured.claim(list(home.glob("calls.db.corrupt-*")) or is_sound(home / "calls.db"), "the old file is gone")
    measured.figure("s more from start to recording", median(broken) - median(sound), 1)
    measured.figure("s from start to recording, median", median(broken))
    measured.figure("s from start to recording with a sound store, median", median(sound))
    return measured


@promise(11, "torn WAL", "0 corrupt opens over every frame boundary and 1,000 random cuts; a prefix each time")
async def torn(place, full):
    measured, dice = Measured(), Random(11)
    async with oracle(place / "data") as one:
        await recorder_pid(one)
        await one.calls(range(40))
        await asyncio.sleep(1)  # then some are in the database, and some in the log only
        for first in range(1000, 1200, 20):
            await one.calls(range(first, first + 20))
        pid = one.status().recorder_pid
        os.kill(pid, signal.SIGSTOP)
        for name in ("calls.db", "calls.db-wal", "calls.db-shm"):
            shutil.copy(place / "data" / name, place / name)
        os.kill(pid, signal.SIGCONT)
        await one.settle()
    wal = (place / "calls.db-wal").read_bytes()
    frame = 24 + int.from_bytes((place / "calls.db").read_bytes()[16:18], "big")
    synced = 32 + frame * begun_to_write_back((place / "calls.db-shm").read_bytes())
    cuts = list(range(synced, len(wal), frame)) if full else []
    cuts += [dice.randint(synced, len(wal)) for _ in range(1000 if full else 40)]
    counts = await asyncio.to_thread(lambda: [rows_after(place, wal, cut, dice) for cut in cuts])
    bad = [cut for cut, count in zip(cuts, counts, strict=True) if count is None]
    measured.claim(not bad, f"{len(bad)} of {len(cuts)} cuts could not be opened: {bad[:5]}")
    ordered = [count for _, count in sorted(zip(cuts, counts, strict=True)) if count is not None]
    measured.claim(ordered == sorted(ordered), "a longer log holds fewer calls")
    measured.notes.append(f"{len(cuts)} cuts of {len(wal) // frame} frames, {min(ordered)} to {max(ordered)} calls")
    return measured


def begun_to_write_back(index):
    """How many frames of the log a checkpoint has begun to bring into the database, for which the log was synced: they
    cannot be torn (sqlite.org, "WAL-mode File Format", §2.1: `nBackfillAttempted` in the index's header)."""
    return int.from_bytes(index[128:132], sys.byteorder)


def rows_after(place, wal, cut, dice):
    """How many calls a store has whose log was cut there and ends in garbage; None if it is not sound."""
    spot = place / "spot"
    spot.mkdir(exist_ok=True)
    for left in spot.iterdir():
        left.unlink()
    shutil.copy(place / "calls.db", spot / "calls.db")
    (spot / "calls.db-wal").write_bytes(wal[:cut] + dice.randbytes(dice.choice((0, 50, 5000))))
    try:
        writer = open_writer(spot / "calls.db", ballast_bytes=0)
        writer.close()
        reader = open_reader(spot / "calls.db")
        try:
            return reader.counts().calls if is_sound(spot / "calls.db") and not aside(spot) else None
        finally:
            reader.close()
    except StoreError:
        return None


def aside(spot):
    return list(spot.glob("*corrupt*"))
