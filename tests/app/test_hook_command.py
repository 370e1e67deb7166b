"""Real children: what they are given, how they end, and what they cannot do."""

import asyncio
import json
import os
import sys
import time

import pytest
from pandaprobe_proxy.app.hook_command import LOGGED_BYTES, CommandHook
from pandaprobe_proxy.app.hooks import HookFailed
from pandaprobe_proxy.model.lifecycle import Cause, Change, ChangeKind, State
from structlog.testing import capture_logs

CHANGE = Change(7, "a b; rm -rf /", ChangeKind.IDLE, State.IDLE, 1_700_000_000_000_000_000, Cause.GAP)
ENVIRON = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "OPENAI_API_KEY": "sk-canary", "PANDAPROBE_REDACT": "x"}


def python(tmp_path, program, **more):
    return CommandHook([sys.executable, "-c", program, str(tmp_path / "out")], tmp_path, ENVIRON, **more)


async def failure(hook):
    with pytest.raises(HookFailed) as raised:
        await hook.tell(CHANGE)
    return str(raised.value), raised.value.refused


async def test_it_has_the_change_on_its_input_and_in_its_environment(tmp_path):
    program = "import json, os, sys; json.dump([json.load(sys.stdin), dict(os.environ)], open(sys.argv[1], 'w'))"
    await python(tmp_path, program).tell(CHANGE)
    given, environment = json.loads((tmp_path / "out").read_text())
    assert given == {
        "number": 7,
        "session_id": "a b; rm -rf /",
        "change": "idle",
        "state": "idle",
        "at": "2023-11-14T22:13:20.000000+00:00",
        "cause": "gap",
        "merged_into": None,
    }
    names = {"PANDAPROBE_SESSION": "a b; rm -rf /", "PANDAPROBE_CHANGE": "idle", "PANDAPROBE_DATA_DIR": str(tmp_path)}
    assert {name: environment[name] for name in names} == names
    assert "canary" not in str(environment) and "PANDAPROBE_REDACT" not in environment
    assert environment["LC_ALL"] == "C.UTF-8"


async def test_a_code_other_than_0_is_a_refusal(tmp_path):
    assert await failure(python(tmp_path, "raise SystemExit(3)")) == ("it ended with code 3", True)


async def test_one_that_is_not_there_may_come(tmp_path):
    hook = CommandHook([str(tmp_path / "none")], tmp_path, ENVIRON)
    assert await failure(hook) == ("it cannot be started: No such file or directory", False)


async def test_one_that_does_not_end_is_killed_with_what_it_has_started(tmp_path):
    program = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)']);"
        "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(99)"
    )
    hook = python(tmp_path, program, timeout_s=1.5)
    assert await failure(hook) == ("it did not end within 1.5 s, and was killed", True)
    child = int((tmp_path / "out").read_text())
    deadline = time.monotonic() + 5
    while _lives(child):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_what_it_prints_is_logged_to_a_bound_and_blocks_nothing(tmp_path):
    program = "import sys; print('begin'); print('x' * 1_000_000); sys.stderr.write('y' * 1_000_000)"
    with capture_logs() as logs:
        await python(tmp_path, program).tell(CHANGE)
    (said,) = [line["said"] for line in logs if line["event"] == "a session hook said"]
    assert said.startswith("begin\nxxx") and len(said) <= LOGGED_BYTES


async def test_one_that_leaves_a_child_behind_with_its_output_has_ended(tmp_path):
    program = (
        "import subprocess, sys; print('done');"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(child.pid, file=open(sys.argv[1], 'w'))"
    )
    with capture_logs() as logs:
        await python(tmp_path, program, timeout_s=30).tell(CHANGE)
    os.kill(int((tmp_path / "out").read_text()), 9)
    assert [line["said"] for line in logs] == ["done"]


async def test_one_that_does_not_read_its_input_takes_it_all_the_same(tmp_path):
    await CommandHook(["true"], tmp_path, ENVIRON).tell(CHANGE)


def test_its_name_says_which_and_holds_no_argument(tmp_path):
    hook = CommandHook(["/opt/bin/judge", "--key", "canary"], tmp_path, {})
    other = CommandHook(["/opt/bin/judge", "--key", "other"], tmp_path, {})
    assert hook.name.startswith("command judge (") and "canary" not in hook.name and hook.name != other.name


async def test_it_leaves_no_descriptor_open(tmp_path):
    hook = CommandHook(["true"], tmp_path, ENVIRON)
    await hook.tell(CHANGE)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        await hook.tell(CHANGE)
    assert len(os.listdir("/proc/self/fd")) == before
