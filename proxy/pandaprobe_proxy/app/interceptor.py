"""Starts the intercepting process, hands its events to the ring, and starts it again when it ends too early or hangs.

The listening sockets stay here, so that connections wait while there is no process, and a port is never lost.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from pandaprobe_proxy.app.intercept import certificate_path
from pandaprobe_proxy.app.listening import Listening
from pandaprobe_proxy.app.pulse import Pulse
from pandaprobe_proxy.capture.frames import Dropped
from pandaprobe_proxy.capture.pipe import PipeReader
from pandaprobe_proxy.model.exchange import Event
from pandaprobe_proxy.relay.routes import Upstream
from pandaprobe_proxy.settings import Settings

log = structlog.get_logger("supervisor")

COMMAND = (sys.executable, "-P", "-m", "pandaprobe_proxy", "intercept")
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
STEADY_S = 30.0
SILENCE_S = 10.0
"""Without a sign of life, after which it is killed: apps wait on it."""
LAST_S = 7.0  # beyond the drain, for the last events


def listed(upstreams: Iterable[Upstream], settings: Settings) -> list[tuple[str, str]]:
    """(pattern, name) of the hosts that are decrypted: those of the upstreams, and the user's own."""
    origins = ((upstream.origin, upstream.name) for upstream in upstreams)
    known = [(f"[{origin.host}]" if ":" in origin.host else origin.host, origin.port, name) for origin, name in origins]
    return [(f"{host}:{port}", name) for host, port, name in known] + [(text, "") for text in settings.intercept_hosts]


class Interceptor:
    """Keeps one intercepting process alive for as long as `run` runs."""

    def __init__(
        self,
        settings: Settings,
        listening: Listening,
        hosts: Callable[[], list[tuple[str, str]]],
        command: Sequence[str] = COMMAND,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._settings = settings
        self._listening = listening
        self._hosts = hosts
        self._command = command
        self._silence_s = silence_s
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._ending = False
        self.restarts = 0
        self.hangs = 0
        """Of the restarts: those of a process that lived and gave no sign of it."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self, tap: Callable[[Event | Dropped], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Until `end`; a process that fails again and again is started more and more slowly."""
        delay_s = FIRST_DELAY_S
        while True:
            started_s = clock()
            code = await self._live(tap)
            if self._ending:
                return
            delay_s = FIRST_DELAY_S if clock() - started_s > STEADY_S else min(delay_s * 2, LONGEST_DELAY_S)
            log.error("the intercepting process ended and is started again", code=code, wait_s=delay_s)
            if delay_s == LONGEST_DELAY_S:
                self._turn_away()
            await asyncio.sleep(delay_s)
            self.restarts += 1

    def _turn_away(self) -> None:
        """Closes the connections that wait: nobody comes for them soon, and an app must not hang on us."""
        for sock in self._listening.every:
            with suppress(BlockingIOError):
                while True:
                    sock.accept()[0].close()

    async def _live(self, tap: Callable[[Event | Dropped], None]) -> int:
        mine, theirs = socket.socketpair()
        loop, pulse = asyncio.get_running_loop(), Pulse()
        self._transport, reader = await loop.create_connection(lambda: PipeReader(tap, time.monotonic_ns), sock=mine)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(*(sock.fileno() for sock in self._listening.every), theirs.fileno(), pulse.fd),
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            given = self._given(theirs.fileno(), pulse.fd)
        pulse.let_go()
        watching = asyncio.create_task(self._watch(self._process, pulse))
        await self._process.communicate(given)
        watching.cancel()
        pulse.close()
        await reader.ended
        return self._process.returncode or 0

    async def _watch(self, process: asyncio.subprocess.Process, pulse: Pulse) -> None:
        """Kills a process that hangs. Its clients see their connections break; new ones wait."""
        await pulse.stop(self._silence_s)
        log.error("the intercepting process hangs and is killed; its calls are interrupted", pid=process.pid)
        self.hangs += 1
        with suppress(ProcessLookupError):
            process.kill()

    def _given(self, pipe_fd: int, pulse_fd: int) -> bytes:
        given: dict[str, Any] = {
            "settings": self._settings.model_dump(mode="json"),
            "listen_fd": self._listening.forward.fileno(),
            "redirected_fds": [sock.fileno() for sock in self._listening.redirected],
            "pipe_fd": pipe_fd,
            "pulse_fd": pulse_fd,
            "hosts": self._hosts(),
            "barred": self._listening.barred,
        }
        return json.dumps(given).encode()

    async def end(self, running: "asyncio.Task[None]") -> None:
        """Lets the process drain; kills it if it takes longer than settings and the last events allow."""
        self._ending = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()
        if self.pid is None:
            running.cancel()
        done, _ = await asyncio.wait([running], timeout=self._settings.drain_s + LAST_S)
        if not done and self._process is not None:
            log.warning("the intercepting process did not end in time and is killed")
            self._process.kill()
            await asyncio.wait([running], timeout=LAST_S)
        for sock in self._listening.every:
            sock.close()

    def list(self) -> None:
        """Tells the running process the hosts anew."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(json.dumps(self._hosts()).encode() + b"\n")

    def status(self) -> dict[str, Any]:
        """What the sidecar's status says of it."""
        return {
            "address": _address(self._listening.forward),
            "redirected": " and ".join(map(_address, self._listening.redirected)),
            "pid": self.pid,
            "restarts": self.restarts,
            "hangs": self.hangs,
            "certificate": str(certificate_path(self._settings)),
            "hosts": [pattern for pattern, _ in self._hosts()],
        }


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
