"""Runs and watches that are killed go on, beside a real sidecar; what people say goes through its web port."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter

from openai_upstream import openai_upstream
from places import Place
from records import START_NS, make_record
from sidecar import clean_environment, sidecar, wait_until

S = 1_000_000_000
SLOW = """
import os, time

NAME, VERSION = "slow", 1


def evaluate(session):
    fd = os.open({log!r}, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.write(fd, session.session_id.encode() + b"\\n")
    os.close(fd)
    time.sleep(0.05)
    return 1.0
"""


def start(directory, *words):
    environment = {**clean_environment(), "PANDAPROBE_DATA_DIR": str(directory)}
    command = [sys.executable, "-m", "pandaprobe_proxy", "eval", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kept(path, name):
    """How often each session was judged, as the file says."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = db.execute("SELECT session_id FROM judgements WHERE name = ?", (name,)).fetchall()
    finally:
        db.close()
    return Counter(session_id for (session_id,) in rows)


def chat(running, session, text="hi"):
    import urllib.request

    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"Content-Type": "application/json", "X-PandaProbe-Session": session}
    request = urllib.request.Request(f"{running.url}/chat/completions", body, headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.read()


def test_a_run_that_is_killed_goes_on_and_what_was_kept_is_not_judged_twice(tmp_path):
    place = Place(tmp_path / "data" / "calls.db")
    for number in range(60):
        place.put(make_record(session=f"s{number:02}", at_ns=START_NS + number * S))
    place.close()
    own, log = tmp_path / "slow.py", tmp_path / "judged"
    own.write_text(SLOW.format(log=str(log)))
    words = ("run", "-e", str(own), "-e", "loops", "--json")
    for _ in range(2):  # twice, in mid-run, in any moment
        before = sum(kept(place.path, "slow").values())
        process = start(tmp_path / "data", *words)
        wait_until(lambda before=before: sum(kept(place.path, "slow").values()) > before, 30)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close(), process.stderr.close()
    done = kept(place.path, "slow")
    assert 0 < len(done) < 60
    judged_before = len(log.read_text().splitlines())
    last = start(tmp_path / "data", *words)
    told = json.loads(last.communicate(timeout=60)[0])
    assert last.returncode == 0
    assert (told["sessions"], told["evaluated"]) == (60, 60 - len(done))
    judged_last = log.read_text().splitlines()[judged_before:]
    assert not set(judged_last) & set(done)
    assert len(judged_last) == 60 - len(done)
    for name in ("slow", "loops"):
        assert kept(place.path, name) == Counter({f"s{number:02}": 1 for number in range(60)})


def test_a_watch_judges_sessions_of_a_running_sidecar_and_goes_on_after_it_was_killed(tmp_path):
    with openai_upstream() as upstream, sidecar(tmp_path / "data", upstream.url, "--session-gap-s", "1") as running:
        running.ready()

        def judged():
            return {
                row["session_id"]: row["stale"]
                for name in ("a", "b")
                for row in running.json("eval", "show", name)["items"]
                if row["name"] == "loops"
            }

        chat(running, "a")
        chat(running, "b")
        running.settled(2)
        watch = start(running.directory, "watch", "-e", "loops")
        try:
            wait_until(lambda: judged() == {"a": False, "b": False}, 30)
        finally:
            watch.send_signal(signal.SIGKILL)
            watch.communicate()
        chat(running, "a", "once more")
        running.settled(3)
        assert judged() == {"a": True, "b": False}
        watch = start(running.directory, "watch", "-e", "loops")
        try:
            wait_until(lambda: judged() == {"a": False, "b": False}, 30)
        finally:
            watch.send_signal(signal.SIGINT)
            watch.communicate(timeout=20)
        assert watch.returncode == 130
        path = running.directory / "calls.db"
        assert kept(path, "loops") == Counter({"a": 2, "b": 1})


def test_scores_and_calibrations_go_through_the_running_sidecar(tmp_path):
    secret = "sk-proj-" + "a1B2" * 12
    with openai_upstream() as upstream, sidecar(tmp_path / "data", upstream.url) as running:
        running.ready()
        for number in range(20):
            chat(running, f"s{number:02}")
        running.settled(20)
        running.cli("eval", "run", "-e", "completion_integrity")
        for number in range(20):
            words = ("--session", f"s{number:02}", "--by", "anna", "--reason", f"saw {secret}")
            running.cli("scores", "add", "success", "true" if number % 2 else "false", *words)
        listed = running.json("scores", "ls", "--name", "success")["items"]
        assert len(listed) == 20 and all(secret not in one["reason"] for one in listed)
        (found,) = running.json("eval", "calibrate", "--score", "success")["items"]
        assert "it may be guessing" in found["calibration"]["refused"]
        rows = {row["evaluator"]: row["calibrated"] for row in running.json("eval", "ls")["items"]}
        assert rows["completion_integrity"] == "no better than chance"
        done = running.cli("scores", "add", "ok", "1", "--span", "gone", check=False)
        assert (done.returncode, "there is no span 'gone'" in done.stderr) == (3, True)
    assert secret.encode() not in b"".join(
        file.read_bytes() for file in (tmp_path / "data").iterdir() if file.is_file() and os.access(file, os.R_OK)
    )
