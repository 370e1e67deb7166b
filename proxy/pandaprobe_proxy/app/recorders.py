"""Starts the recorder's process, watches it, and starts it again when it ends before it should, or hangs."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from pandaprobe_proxy.capture.ring import HEARTBEAT, STATE, STOPPED, Ring
from pandaprobe_proxy.settings import Settings

log = structlog.get_logger("supervisor")

# -P: a file in the working directory must not stand for a module of ours.
RECORDER = (sys.executable, "-P", "-m", "pandaprobe_proxy", "record")
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 2.0
LOOKS = 30  # for a sign of life, within the time that settings give
STEADY_S = 30.0  # a recorder that lived this long starts again at once


class RecorderKeeper:
    """Keeps one recorder process alive for as long as `run` runs."""

    def __init__(self, settings: Settings, ring: Ring, web_fd: int | None, command: Sequence[str] = RECORDER) -> None:
        self._command = command
        self._given = json.dumps(
            {"settings": settings.model_dump(mode="json"), "ring_fd": ring.fd, "web_fd": web_fd}
        ).encode()
        self._fds = tuple(fd for fd in (ring.fd, web_fd) if fd is not None)
        self._ring = ring
        self._look_s = settings.recorder_silence_s / LOOKS
        self._process: asyncio.subprocess.Process | None = None
        self._ending = False
        self.restarts = 0
        self.hangs = 0
        """Of the restarts: those of a recorder that lived and gave no sign of it."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Until `end`; a recorder that fails again and again is started more and more slowly."""
        delay_s = FIRST_DELAY_S
        while True:
            started_s = clock()
            code = await self._live()
            if self._ending:
                return
            self._ring.set(STATE, STOPPED)
            delay_s = FIRST_DELAY_S if clock() - started_s > STEADY_S else min(delay_s * 2, LONGEST_DELAY_S)
            log.error("the recorder ended and is started again; relaying went on", code=code, wait_s=delay_s)
            await asyncio.sleep(delay_s)
            self.restarts += 1

    async def _live(self) -> int:
        self._ring.set(HEARTBEAT, 0)  # the heart of the one before; this one's begins with its work
        # A session of its own: a terminal's Ctrl-C is for the relay, which tells the recorder when it is done.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            *(("--again",) if self.restarts else ()),
            stdin=asyncio.subprocess.PIPE,
            pass_fds=self._fds,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        watching = asyncio.create_task(self._watch(self._process))
        try:
            await self._process.communicate(self._given)
        finally:
            watching.cancel()
        return self._process.returncode or 0

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kills a recorder that has begun to work and whose heart stands still.

        Counts looks and asks no clock: if this process, too, was stopped for a while, nothing follows from it.
        """
        last, left = 0, LOOKS
        while left:
            await asyncio.sleep(self._look_s)
            beat = self._ring.get(HEARTBEAT)
            left = left - 1 if beat == last != 0 else LOOKS
            last = beat
        log.error("the recorder hangs and is killed; relaying went on", pid=process.pid)
        self.hangs += 1
        with suppress(ProcessLookupError):
            process.kill()

    def end(self) -> None:
        """The next end of the recorder is the wanted one."""
        self._ending = True
