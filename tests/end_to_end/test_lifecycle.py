"""Sessions through a real sidecar with a short gap: opened, idle, opened again, closed, each told once."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest
from listening import listener
from openai_upstream import openai_upstream
from sidecar import clean_environment, free_port, sidecar, wait_until


def post(url, body, **headers):
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method="POST")
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read())


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:
        return json.loads(response.read())


def chat(recording, session, text="hi"):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return post(f"{recording.url}/chat/completions", body, **{"X-PandaProbe-Session": session})


def told(recording, session=None):
    words = ("--session", session) if session else ()
    lines = recording.cli("sessions", "changes", "--limit", "1000", "--json", *words).splitlines()
    return [json.loads(line)["change"] for line in lines]


@pytest.fixture
def upstream():
    with openai_upstream() as running:
        yield running


@pytest.fixture
def hearing():
    with listener() as server:
        yield server


def test_the_life_of_a_session_is_told_to_a_url_and_a_command_in_order(tmp_path, upstream, hearing):
    out = tmp_path / "out"
    script = tmp_path / "hook.sh"
    script.write_text(
        f'#!/bin/sh\necho "$PANDAPROBE_CHANGE $PANDAPROBE_SESSION $OPENAI_API_KEY" >> {out}\ncat > /dev/null\n'
    )
    script.chmod(0o700)
    (tmp_path / "secret").write_text("s3cret")
    flags = ("--session-gap-s", "1", "--session-hook", str(script), "--session-hook", hearing.url)
    flags += ("--session-hook-secret-file", str(tmp_path / "secret"))
    with sidecar(tmp_path / "data", upstream.url, *flags, env={"OPENAI_API_KEY": "sk-canary"}) as recording:
        recording.ready()
        wait_until(lambda: len(recording.status()["session_hooks"]) == 2)
        chat(recording, "trip")
        wait_until(lambda: told(recording) == ["opened", "idle"])
        chat(recording, "trip", "again")
        wait_until(lambda: told(recording)[2:3] == ["reopened"])
        assert recording.json("sessions", "close", "trip")["session_id"] == "trip"
        wait_until(lambda: told(recording)[-1] == "closed")
        changes = told(recording)
        # A slow machine may find it idle once more before it is asked to close it.
        assert changes in (["opened", "idle", "reopened", "closed"], ["opened", "idle", "reopened", "idle", "closed"])
        wait_until(lambda: len(hearing.heard) == len(changes))
        wait_until(lambda: out.exists() and len(out.read_text().splitlines()) == len(changes))
        (listed,) = recording.json("sessions", "ls", "--state", "closed")["items"]
        assert (listed["state"], recording.json("sessions", "ls", "--state", "open")["items"]) == ("closed", [])
        wait_until(lambda: [mark["told"] for mark in recording.status()["session_hooks"]] == [len(changes)] * 2)
        assert "canary" not in recording.cli("status")
    assert [change["change"] for change in hearing.heard] == changes
    assert [change["number"] for change in hearing.heard] == list(range(1, len(changes) + 1))
    assert all("X-PandaProbe-Signature" in headers for headers, _ in hearing.requests)
    assert out.read_text().splitlines() == [f"{change} trip " for change in changes]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("calls.db*"))
    assert b"token=canary" not in stored and b"s3cret" not in stored


def test_what_became_idle_while_no_sidecar_ran_is_told_once_and_a_hook_hears_it(tmp_path, upstream, hearing):
    with sidecar(tmp_path / "data", upstream.url, "--session-hook", hearing.url) as recording:
        recording.ready()
        wait_until(lambda: recording.status()["session_hooks"])
        chat(recording, "trip")
        recording.settled(calls=1)
    assert [change["change"] for change in hearing.heard] == ["opened"]
    flags = ("--session-gap-s", "1", "--session-hook", hearing.url)
    with sidecar(tmp_path / "data", upstream.url, *flags) as recording:
        wait_until(lambda: told(recording) == ["opened", "idle"])
        wait_until(lambda: [change["change"] for change in hearing.heard][-1:] == ["idle"])
    assert [change["number"] for change in hearing.heard] == [1, 2]


def test_a_recorder_killed_between_a_change_and_its_hook_tells_it_after_the_restart(tmp_path, upstream, hearing):
    flags = ("--session-gap-s", "1", "--session-hook", hearing.url)
    hearing.statuses = [503] * 1000
    with sidecar(tmp_path / "data", upstream.url, *flags) as recording:
        recording.ready()
        wait_until(lambda: recording.status()["session_hooks"])
        chat(recording, "trip")
        wait_until(lambda: told(recording) == ["opened", "idle"])
        wait_until(lambda: recording.status()["session_hooks"][0]["error"] == "it answered 503")
        doctor = recording.cli("doctor", check=False).stdout
        assert "fails: it answered 503; 2 changes wait for it" in doctor
        before = len(hearing.requests)
        os.kill(recording.recorder_pid(), signal.SIGKILL)
        hearing.statuses.clear()
        wait_until(lambda: [change["change"] for change in hearing.heard[before:]][-2:] == ["opened", "idle"], 20)
        assert chat(recording, "other")["choices"]
        wait_until(lambda: recording.status()["session_hooks"][0]["told"] >= 3)
        assert told(recording, "trip") == ["opened", "idle"]


def test_a_hook_that_hangs_holds_up_neither_calls_nor_their_recording(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url, "--session-gap-s", "1", "--session-hook", "sleep 600") as recording:
        recording.ready()
        for number in range(20):
            chat(recording, f"s-{number}")
        status = recording.settled(calls=20)
        assert (status["recorded"], status["recorder_restarts"]) == (20, 0)
        wait_until(lambda: told(recording).count("idle") == 20)
        assert recording.stop() == 0


def test_a_run_that_says_it_is_over_is_closed_with_all_of_its_calls(tmp_path, upstream):
    """The close may come before the last call is stored: it is told after that."""
    with sidecar(tmp_path / "data", upstream.url) as recording:
        recording.ready()
        for number in range(10):
            session = f"run-{number}"
            chat(recording, session)
            assert post(f"{recording.web}/sessions/{session}/close", None, **recording.opened)["closing"] is True
        wait_until(lambda: told(recording).count("closed") == 10)
        assert all(told(recording, f"run-{number}") == ["opened", "closed"] for number in range(10))
        changes = get(f"{recording.web}/changes?after=0&limit=5", **recording.opened)
        assert (len(changes["items"]), changes["after"]) == (5, 5)


def test_what_an_app_says_at_its_end_is_told_before_the_sidecar_ends(tmp_path, upstream, hearing):
    with sidecar(tmp_path / "data", upstream.url, "--session-hook", hearing.url) as recording:
        recording.ready()
        wait_until(lambda: recording.status()["session_hooks"])
        chat(recording, "trip")
        post(f"{recording.web}/sessions/trip/close", None, **recording.opened)
        assert recording.stop() == 0
        assert [change["change"] for change in hearing.heard] == ["opened", "closed"]


def test_changes_are_followed_on_the_command_line(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url) as recording:
        recording.ready()
        following = subprocess.Popen(
            [sys.executable, "-m", "pandaprobe_proxy", "sessions", "changes", "-f", "--json"],
            env={**clean_environment(), "PANDAPROBE_DATA_DIR": str(recording.directory), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            chat(recording, "trip")
            assert json.loads(following.stdout.readline())["change"] == "opened"
            recording.cli("sessions", "close", "trip")
            assert json.loads(following.stdout.readline())["change"] == "closed"
        finally:
            following.kill()
            following.communicate()


def test_a_hook_that_is_the_sidecar_itself_is_refused_in_a_sentence(tmp_path, upstream):
    port = free_port()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pandaprobe_proxy", "serve", "--port", str(port), "--web-port", "0"),
            *("--data-dir", str(tmp_path / "data"), "--session-hook", f"http://localhost:{port}/v1"),
        ],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, "is the sidecar itself" in done.stderr) == (2, True)
