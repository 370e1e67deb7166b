"""Disk full, store locked, store unusable: calls go on, losses are counted, recording resumes by itself."""

import asyncio
import os
import sqlite3
import subprocess
import time

import pytest
from numbered import answer_of, call, free_space, numbered_upstream
from sidecar import sidecar, wait_until


async def in_thread(function, *arguments):
    return await asyncio.to_thread(function, *arguments)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(filler):
    """Takes what space there is."""
    with filler.open("ab") as file:
        while (space := free_space(filler.parent)) > 0:
            file.write(os.urandom(min(space, 1 << 20)))
            file.flush()


async def test_a_full_disk_pauses_recording_and_it_resumes_when_there_is_space(small_disk):
    async with numbered_upstream(20, pause_s=0.0) as upstream:
        with sidecar(small_disk / "data", upstream.url, "--ring-bytes", "1048576") as recording:
            await call(recording.port, 0)
            await in_thread(recording.settled, 1)
            filler = small_disk / "filler"
            number = 0

            async def full():
                nonlocal number
                fill(filler)  # the ballast that was given up, too
                for _ in range(100):
                    number += 1
                    assert await call(recording.port, number) == answer_of(number, 20)
                return (await in_thread(recording.status))["dropped"].get("disk_full")

            deadline = time.monotonic() + 90
            while not await full():  # the log has room of its own, too
                assert time.monotonic() < deadline
            during = await in_thread(recording.status)
            filler.unlink()
            freed = time.monotonic()
            await in_thread(
                wait_until,
                lambda: recording.status()["recorder_state"] == "ok" and recording.status()["in_flight"] == 0,
            )
            resumed_s = time.monotonic() - freed
            await call(recording.port, 100_000, session="after")
            after = await in_thread(recording.settled)
            assert len(recording.json("calls", "ls", "--session", "after")["items"]) == 1
        with sqlite3.connect(recording.directory / "calls.db") as store:
            assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert during["adds_up"] is True
    assert after["adds_up"] is True
    assert after["relayed"] == after["recorded"] + sum(after["dropped"].values())
    assert after["dropped"]["disk_full"] > 0
    assert set(after["dropped"]) <= {"disk_full", "ring_full"}  # full before the recorder had met the full disk
    assert resumed_s < 10


async def test_a_disk_that_is_full_from_the_start_is_told_and_waited_for(small_disk):
    fill(small_disk / "filler")
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        with sidecar(small_disk / "data", upstream.url) as recording:
            for number in range(5):
                assert await call(recording.port, number) == answer_of(number, 3)
            await in_thread(wait_until, lambda: recording.status()["recorder_state"] == "disk_full")
            (small_disk / "filler").unlink()
            after = await in_thread(recording.settled, 5)
    assert (after["recorded"], after["dropped"], after["adds_up"]) == (5, {}, True)


async def test_a_store_locked_by_another_process_delays_recording_only(tmp_path):
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await call(recording.port, 0)
            await in_thread(recording.settled, 1)
            other = sqlite3.connect(recording.directory / "calls.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            longest_s = 0.0
            for number in range(1, 41):
                started = time.monotonic()
                assert await call(recording.port, number) == answer_of(number, 3)
                longest_s = max(longest_s, time.monotonic() - started)
                await asyncio.sleep(0.05)
            await in_thread(wait_until, lambda: recording.status()["recorder_state"] == "store_busy")
            during = await in_thread(recording.status)
            other.execute("ROLLBACK")
            other.close()
            after = await in_thread(recording.settled, 41)
    assert longest_s < 1
    assert (during["recorded"], during["in_flight"], during["adds_up"]) == (1, 40, True)
    assert (after["recorded"], after["dropped"], after["adds_up"]) == (41, {}, True)


async def test_a_store_that_cannot_be_opened_is_no_reason_not_to_relay(tmp_path):
    (tmp_path / "data").write_text("a file where the directory should be")
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            for number in range(5):
                assert await call(recording.port, number) == answer_of(number, 3)
            log = await in_thread(recording.log.read_text)
    assert "nothing is recorded" in log


async def test_a_corrupt_store_is_put_aside_and_a_new_one_begun(tmp_path):
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "calls.db").write_bytes(os.urandom(100_000))
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await call(recording.port, 1)
            status = await in_thread(recording.settled, 1)
    assert status["recorded"] == 1
    assert len(list((tmp_path / "data").glob("*.corrupt-*"))) == 1
