"""The recorder's keeper, with a recorder that does as it is told."""

import asyncio
import os
import signal
import sys

from pandaprobe_proxy.app.recorders import RecorderKeeper
from pandaprobe_proxy.capture.ring import HEARTBEAT, Ring
from pandaprobe_proxy.settings import Settings

SLEEPING = "import sys, time; sys.stdin.read(); time.sleep(60)"


def keeper(code, tmp_path, ring=None, **settings):
    ring = ring or Ring.create(1024 * 1024, "0190a1b2-0000-7000-8000-00000000000a")
    return RecorderKeeper(Settings(data_dir=tmp_path, **settings), ring, None, (sys.executable, "-c", code))


async def until(claim):
    for _ in range(500):
        if claim():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


async def test_only_one_that_is_started_again_is_told_so(tmp_path):
    told = tmp_path / "told"
    code = f"import sys; sys.stdin.read(); print(sys.argv[1:], file=open({str(told)!r}, 'a'), flush=True)"
    keeping = keeper(code, tmp_path)
    running = asyncio.create_task(keeping.run())
    await until(lambda: keeping.restarts and told.read_text().count("\n") > 1)
    keeping.end()
    await asyncio.wait_for(running, 5)
    assert told.read_text().splitlines()[:2] == ["[]", "['--again']"]


async def test_one_that_dies_is_started_again(tmp_path):
    keeping = keeper(SLEEPING, tmp_path)
    running = asyncio.create_task(keeping.run())
    await until(lambda: keeping.pid)
    first = keeping.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: keeping.pid not in (None, first))
    assert (keeping.restarts, keeping.hangs) == (1, 0)
    keeping.end()
    os.kill(keeping.pid, signal.SIGKILL)
    await asyncio.wait_for(running, 5)


async def test_one_that_ends_when_it_should_is_not(tmp_path):
    keeping = keeper("import sys; sys.stdin.read()", tmp_path)
    keeping.end()
    await asyncio.wait_for(keeping.run(), 10)
    assert (keeping.restarts, keeping.pid) == (0, None)


async def test_it_is_given_its_settings_and_no_others(tmp_path):
    out = tmp_path / "given"
    keeping = keeper(f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())", tmp_path)
    keeping.end()
    await asyncio.wait_for(keeping.run(), 10)
    assert f'"data_dir": "{tmp_path}"' in out.read_text()


async def test_one_whose_heart_stands_still_is_killed_and_started_again(tmp_path):
    ring = Ring.create(1024 * 1024, "0190a1b2-0000-7000-8000-00000000000a")
    keeping = keeper(SLEEPING, tmp_path, ring, recorder_silence_s=0.3)
    running = asyncio.create_task(keeping.run())
    await until(lambda: keeping.pid)
    first = keeping.pid
    ring.set(HEARTBEAT, 1)
    os.kill(first, signal.SIGSTOP)
    await until(lambda: keeping.pid not in (None, first))
    assert (keeping.restarts, keeping.hangs) == (1, 1)
    assert ring.get(HEARTBEAT) == 0
    keeping.end()
    os.kill(keeping.pid, signal.SIGKILL)
    await asyncio.wait_for(running, 5)


async def test_one_that_has_not_begun_to_work_or_shows_life_is_left_alone(tmp_path):
    ring = Ring.create(1024 * 1024, "0190a1b2-0000-7000-8000-00000000000a")
    keeping = keeper(SLEEPING, tmp_path, ring, recorder_silence_s=0.3)
    running = asyncio.create_task(keeping.run())
    await until(lambda: keeping.pid)
    first = keeping.pid
    await asyncio.sleep(0.6)
    for beat in range(1, 31):
        ring.set(HEARTBEAT, beat)
        await asyncio.sleep(0.02)
    assert (keeping.pid, keeping.restarts, keeping.hangs) == (first, 0, 0)
    keeping.end()
    os.kill(first, signal.SIGKILL)
    await asyncio.wait_for(running, 5)
