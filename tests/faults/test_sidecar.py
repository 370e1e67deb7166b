"""The sidecar itself killed, stopped, started twice, or told to end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from numbered import answer_of, call, numbered_upstream
from sidecar import clean_environment, sidecar, wait_until


async def in_thread(function, *arguments):
    return await asyncio.to_thread(function, *arguments)


async def test_killed_its_running_calls_become_interrupted_with_what_came(tmp_path):
    async with numbered_upstream(100, pause_s=0.05) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await in_thread(recording.recorder_pid)
            streams = [asyncio.create_task(call(recording.port, number)) for number in range(5)]
            await asyncio.sleep(1.0)
            recording.process.kill()
            results = await asyncio.gather(*streams, return_exceptions=True)
            assert all(isinstance(result, ConnectionError) for result in results)
            recording.process.wait()

            def ended():
                items = recording.json("calls", "ls")["items"]
                return items if items and all(item["outcome"] != "open" for item in items) else None

            calls = await in_thread(wait_until, ended)
            assert [item["outcome"] for item in calls] == ["interrupted"] * 5
            body = recording.cli("calls", "show", calls[0]["call_id"], "--response")
            assert body and answer_of(int(body.split('content": "')[1].split(".")[0]), 100).startswith(body.encode())


@pytest.mark.parametrize("after_s", [0.0, 0.2])
def test_killed_as_soon_as_it_runs_it_leaves_nobody_behind(tmp_path, after_s):
    with sidecar(tmp_path / "data", "http://127.0.0.1:1") as recording:
        time.sleep(after_s)
        recording.process.kill()
        recording.process.wait()
        wait_until(lambda: refuses(recording.web_port))


def refuses(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


async def test_killed_with_its_recorder_the_next_one_closes_what_was_open(tmp_path):
    async with numbered_upstream(100, pause_s=0.05) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await in_thread(recording.ready)
            recorder = await in_thread(recording.recorder_pid)
            stream = asyncio.create_task(call(recording.port, 1))
            await in_thread(wait_until, lambda: recording.json("calls", "ls")["items"])
            os.kill(recorder, signal.SIGKILL)
            recording.process.kill()
            recording.process.wait()
            await asyncio.gather(stream, return_exceptions=True)
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await in_thread(recording.recorder_pid)
            await in_thread(wait_until, lambda: recording.json("calls", "ls")["items"][0]["outcome"] == "interrupted")


async def test_told_to_end_it_lets_running_streams_finish_and_stores_them(tmp_path):
    async with numbered_upstream(20, pause_s=0.05) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            await in_thread(recording.recorder_pid)
            streams = [asyncio.create_task(call(recording.port, number)) for number in range(50)]
            await asyncio.sleep(0.4)
            code = await in_thread(recording.stop)
            answers = await asyncio.gather(*streams)
            status = await in_thread(recording.status)
            calls = recording.json("calls", "ls", "--limit", "100")["items"]
    assert code == 0
    assert answers == [answer_of(number, 20) for number in range(50)]
    assert (status["running"], status["relayed"], status["recorded"], status["adds_up"]) == (False, 50, 50, True)
    assert [item["outcome"] for item in calls] == ["ok"] * 50


async def test_a_second_signal_ends_it_at_once(tmp_path):
    async with numbered_upstream(1000, pause_s=0.05) as upstream:
        with sidecar(tmp_path / "data", upstream.url) as recording:
            stream = asyncio.create_task(call(recording.port, 1))
            await asyncio.sleep(0.5)
            recording.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            started = time.monotonic()
            await in_thread(recording.stop)
            assert time.monotonic() - started < 2
            await asyncio.gather(stream, return_exceptions=True)


async def test_a_taken_port_is_one_clear_sentence(tmp_path):
    async with numbered_upstream(1) as upstream:
        with sidecar(tmp_path / "one", upstream.url) as recording:
            command = [sys.executable, "-m", "pandaprobe_proxy", "serve", "--data-dir", str(tmp_path / "two")]
            done = await in_thread(
                lambda: subprocess.run(
                    [*command, "--port", str(recording.port), "--web-port", "0"],
                    env=clean_environment(),
                    capture_output=True,
                    text=True,
                    timeout=20,
                )
            )
            second = await in_thread(
                lambda: subprocess.run(
                    [*command[:-1], str(tmp_path / "one"), "--port", "0", "--web-port", "0"],
                    env=clean_environment(),
                    capture_output=True,
                    text=True,
                    timeout=20,
                )
            )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"port {recording.port}" in done.stderr and "--port" in done.stderr
    assert second.returncode == 1
    assert "already records" in second.stderr and "--data-dir" in second.stderr
