"""The recorder's keeper, with a recorder that does as it is told."""

import asyncio
import os
import signal
import sys

from pandaprobe_proxy.app.recorders import RecorderKeeper
from pandaprobe_proxy.capture.ring import Ring
from pandaprobe_proxy.settings import Settings


def keeper(code, tmp_path):
    ring = Ring.create(1024 * 1024, "0190a1b2-0000-7000-8000-00000000000a")
    return RecorderKeeper(Settings(data_dir=tmp_path), ring, None, (sys.executable, "-c", code))


async def until(claim):
    for _ in range(500):
        if claim():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


async def test_one_that_dies_is_started_again(tmp_path):
    keeping = keeper("import sys, time; sys.stdin.read(); time.sleep(60)", tmp_path)
    running = asyncio.create_task(keeping.run())
    await until(lambda: keeping.pid)
    first = keeping.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: keeping.pid not in (None, first))
    assert keeping.restarts == 1
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
