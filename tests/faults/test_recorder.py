"""Whatever happens to the recorder, the app does not feel it, and the numbers add up."""

import asyncio
import os
import random
import signal
import time

import pytest
from numbered import answer_of, call, numbered_upstream
from sidecar import sidecar

STREAMS = 100
CHUNKS = 24


async def in_thread(function, *arguments):
    return await asyncio.to_thread(function, *arguments)


@pytest.mark.slow
async def test_killed_ten_times_while_a_hundred_streams_run(tmp_path):
    """No stream altered, every finished call recorded once, nothing left open."""
    dice = random.Random(7)
    async with numbered_upstream(CHUNKS, pause_s=0.08) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await in_thread(recording.recorder_pid)
            answers = {}

            async def agent(first):
                for number in range(first, first + 4):
                    answers[number] = await call(recording.port, number, session=f"s-{first}")

            agents = [asyncio.create_task(agent(first * 10)) for first in range(STREAMS)]
            killed = set()
            for _ in range(10):
                await asyncio.sleep(dice.uniform(0.2, 0.7))
                pid = await in_thread(recording.recorder_pid)
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            await asyncio.gather(*agents)
            status = await in_thread(recording.settled, STREAMS * 4)
            calls = await in_thread(recording.json, "calls", "ls", "--limit", "1000")
            bodies = {
                call["call_id"]: await in_thread(recording.cli, "calls", "show", call["call_id"], "--response")
                for call in calls["items"][:40]
            }
    assert len(killed) == 10
    assert answers == {number: answer_of(number, CHUNKS) for number in answers}
    assert len(answers) == STREAMS * 4
    assert (status["relayed"], status["recorded"], status["dropped"]) == (400, 400, {})
    assert status["adds_up"] is True
    assert [call["outcome"] for call in calls["items"]] == ["ok"] * 400
    assert len({call["call_id"] for call in calls["items"]}) == 400
    wanted = {answer.decode() for answer in answers.values()}
    assert set(bodies.values()) <= wanted
    assert len(set(bodies.values())) == 40


async def test_stopped_calls_go_on_and_are_recorded_afterwards(tmp_path):
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            pid = await in_thread(recording.recorder_pid)
            await call(recording.port, 0)
            await in_thread(recording.settled, 1)
            os.kill(pid, signal.SIGSTOP)
            try:
                started = time.monotonic()
                for number in range(1, 51):
                    assert await call(recording.port, number) == answer_of(number, 3)
                took_s = time.monotonic() - started
                status = await in_thread(recording.status)
            finally:
                os.kill(pid, signal.SIGCONT)
            after = await in_thread(recording.settled, 51)
    assert took_s < 5
    assert (status["relayed"], status["in_flight"], status["adds_up"]) == (51, 50, True)
    assert (after["recorded"], after["dropped"], after["adds_up"]) == (51, {}, True)


async def test_it_stands_back_where_the_processor_is_short(tmp_path):
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await call(recording.port, 0)
            status = await in_thread(recording.settled, 1)
            pid = await in_thread(recording.recorder_pid)
            relay, recorder = (os.getpriority(os.PRIO_PROCESS, one) for one in (status["pid"], pid))
            assert os.sched_getscheduler(pid) == os.SCHED_BATCH
    assert recorder > relay


async def test_stopped_for_ever_it_is_started_again_and_every_call_is_recorded(tmp_path):
    async with numbered_upstream(3, pause_s=0.0) as upstream:
        with sidecar(tmp_path / "data", upstream.url, "--recorder-silence-s", "1.5") as recording:
            pid = await in_thread(recording.recorder_pid)
            await call(recording.port, 0)
            await in_thread(recording.settled, 1)
            os.kill(pid, signal.SIGSTOP)
            for number in range(1, 21):
                assert await call(recording.port, number) == answer_of(number, 3)
            after = await in_thread(recording.settled, 21, 60)
            told = await in_thread(recording.cli, "status")
            log = await in_thread(recording.log.read_text)
    assert (after["recorded"], after["dropped"], after["adds_up"]) == (21, {}, True)
    assert (after["recorder_restarts"], after["recorder_hangs"]) == (1, 1)
    assert after["recorder_pid"] != pid
    assert "restarted 1 times (1 of them since it hung)" in told
    assert "the recorder hangs and is killed" in log


async def test_stopped_for_long_the_ring_fills_and_whole_calls_are_dropped_and_counted(tmp_path):
    async with numbered_upstream(200, pause_s=0.0) as upstream:
        with sidecar(tmp_path / "data", upstream.url, "--ring-bytes", "1048576") as recording:
            pid = await in_thread(recording.recorder_pid)
            await call(recording.port, 0)
            await in_thread(recording.settled, 1)
            os.kill(pid, signal.SIGSTOP)
            try:
                for number in range(1, 101):
                    assert await call(recording.port, number) == answer_of(number, 200)
                status = await in_thread(recording.status)
            finally:
                os.kill(pid, signal.SIGCONT)
            after = await in_thread(recording.settled)
            calls = await in_thread(recording.json, "calls", "ls", "--limit", "1000")
    assert status["adds_up"] is True
    assert sum(status["dropped"].values()) > 10
    assert after["relayed"] == 101 == after["recorded"] + sum(after["dropped"].values())
    assert set(after["dropped"]) <= {"ring_full", "recorder_stalled"}
    assert len(calls["items"]) == after["recorded"]
    assert {call["outcome"] for call in calls["items"]} == {"ok"}
