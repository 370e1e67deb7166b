"""`run`: a command with its clients pointed at the sidecar, in real processes."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai_upstream import openai_upstream
from sidecar import clean_environment, free_port, sidecar, wait_until

CALL = """
import json, os, sys, urllib.request
body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Capital of France?"}]}).encode()
headers = {"Content-Type": "application/json", "Authorization": "Bearer x"}
for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines():
    headers.update([line.split(": ", 1)])
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, headers)
print(json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"])
sys.exit(7)
"""
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def upstream():
    with openai_upstream() as upstream:
        yield upstream


def start(directory, *words, env=None, **more):
    command = [sys.executable, "-m", "pandaprobe_proxy", "run", "--data-dir", str(directory)]
    return subprocess.Popen(
        [*command, "--port", str(free_port()), "--web-port", "0", *words],
        env={**clean_environment(), **(env or {})},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more},
    )


def run(directory, *words, **more):
    process = start(directory, *words, **more)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_it_starts_a_sidecar_records_the_command_and_returns_its_code(tmp_path, upstream):
    words = ("--session", "trip-42", "--upstream", f"openai={upstream.url}", "--", sys.executable, "-c", CALL)
    code, out, err = run(tmp_path / "data", *words)
    assert (code, out) == (7, "Paris.\n")
    assert f"pandaprobe-proxy sessions show trip-42 --data-dir {tmp_path}/data" in err
    shown = subprocess.run(
        [sys.executable, "-m", "pandaprobe_proxy", "calls", "ls", "--json", "--data-dir", str(tmp_path / "data")],
        capture_output=True,
        check=True,
    )
    (item,) = json.loads(shown.stdout)["items"]
    assert (item["session_id"], item["outcome"]) == ("trip-42", "ok")
    assert upstream.sessions() == [None]


def test_a_base_url_that_was_set_stays_the_upstream(tmp_path, upstream):
    code, out, _ = run(tmp_path / "data", "--", sys.executable, "-c", CALL, env={"OPENAI_BASE_URL": upstream.url})
    assert (code, out) == (7, "Paris.\n")
    assert [seen.path for seen in upstream.seen] == ["/v1/chat/completions"]


def test_a_running_sidecar_is_used_and_left_running(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url) as recording:
        code, out, _ = run(recording.directory, "--", sys.executable, "-c", CALL)
        assert (code, out) == (7, "Paris.\n")
        assert recording.settled(calls=1)["pid"] == recording.process.pid


ONE_CALL = CALL.replace("sys.exit(7)", "")
LATER = f"import sys; print('ready', flush=True); sys.stdin.readline()\n{ONE_CALL}"


def test_commands_that_share_a_sidecar_may_end_in_any_order_and_the_last_ends_it(tmp_path, upstream):
    words = ("--upstream", f"openai={upstream.url}", "--", sys.executable, "-c", LATER)
    first = start(tmp_path / "data", *words, stdin=subprocess.PIPE)
    assert first.stdout.readline() == "ready\n"
    second = start(tmp_path / "data", *words, stdin=subprocess.PIPE)
    assert second.stdout.readline() == "ready\n"
    assert first.communicate("\n", timeout=30)[0] == "Paris.\n"
    assert second.communicate("\n", timeout=30)[0] == "Paris.\n"
    assert not sidecars_of(tmp_path / "data")


def test_commands_that_start_at_once_share_one_sidecar(tmp_path, upstream):
    words = ("--upstream", f"openai={upstream.url}", "--", sys.executable, "-c", ONE_CALL)
    processes = [start(tmp_path / "data", *words) for _ in range(3)]
    said = [process.communicate(timeout=60) for process in processes]
    assert [out for out, _ in said] == ["Paris.\n"] * 3
    assert "unrecorded" not in "".join(err for _, err in said)
    assert not sidecars_of(tmp_path / "data")


def sidecars_of(directory):
    """The command lines of processes that record into it."""
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.parent.exists()]
    return [line for line in lines if b"serve" in line and os.fsencode(directory) in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_sidecar_starts_leaves_none_behind(tmp_path, number):
    process = start(tmp_path / "data", "--", sys.executable, "-c", "print('ran')")
    wait_until(lambda: sidecars_of(tmp_path / "data"))
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode in (128 + number, 0)
    assert not sidecars_of(tmp_path / "data")


def test_the_command_gets_every_variable(tmp_path):
    _, out, _ = run(tmp_path / "data", "--session", "s", "--", sys.executable, "-c", SHOW)
    env = json.loads(out)
    assert env["PANDAPROBE_SESSION"] == "s"
    assert env["OPENAI_BASE_URL"].endswith("/v1")
    assert {"ANTHROPIC_BASE_URL", "PANDAPROBE_PROXY", "PANDAPROBE_ENDPOINT"} <= set(env)


def test_without_a_sidecar_the_command_runs_all_the_same_and_says_so(tmp_path):
    (tmp_path / "data").mkdir()
    code, out, err = run(tmp_path / "data", "--port", "x", "--", sys.executable, "-c", "print('ran'); exit(3)")
    assert (code, out) == (3, "ran\n")
    assert err.startswith("Warning: the sidecar cannot be used, so the command runs unrecorded: port = 'x'")


def test_if_it_is_required_the_command_does_not_run_without_it(tmp_path):
    code, out, err = run(tmp_path / "data", "--require", "--port", "x", "--", sys.executable, "-c", "print('ran')")
    assert (code, out) == (1, "")
    assert err.startswith("Error: the sidecar cannot be used, so the command was not run: ")


@pytest.mark.parametrize(("words", "code"), [(("no-such-command",), 127), (("/",), 126)])
def test_a_command_that_cannot_be_run_is_told(tmp_path, words, code):
    returned, _, err = run(tmp_path / "data", "--", *words)
    assert (returned, f"Error: {words[0]} cannot be run" in err) == (code, True)


def test_without_a_command_it_says_how_to_be_used(tmp_path):
    code, _, err = run(tmp_path / "data")
    assert (code, "Usage:" in err) == (2, True)


def test_a_bad_session_is_told_before_anything_runs(tmp_path):
    code, out, err = run(tmp_path / "data", "--require", "--session", " ", "--", sys.executable, "-c", "print('ran')")
    assert (code, out, "1 to 255 characters" in err) == (1, "", True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT])
def test_signals_are_passed_on(tmp_path, number):
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(40))\n"
        "print('ready', flush=True)\ntime.sleep(30)"
    )
    process = start(tmp_path / "data", "--", sys.executable, "-c", code, start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 40


def test_a_command_that_a_signal_ends_gives_128_and_its_number(tmp_path):
    code, _, _ = run(tmp_path / "data", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert code == 137


def test_the_command_has_the_terminal(tmp_path):
    leader, follower = pty.openpty()
    process = start(
        tmp_path / "data", "--", sys.executable, "-c", "import os; print(os.isatty(0), os.isatty(1))",
        stdin=follower, stdout=follower, stderr=follower, text=False,
    )  # fmt: skip
    os.close(follower)
    said, ends = b"", time.monotonic() + 30
    while b"\n" not in said and time.monotonic() < ends:
        said += os.read(leader, 1000)
    process.wait(30)
    os.close(leader)
    assert said.startswith(b"True True")
