"""The relay's process: two listening sockets, the ring, the relay, and a recorder kept alive beside it.

Whatever fails on the recording side, relaying goes on. SIGTERM or SIGINT drains: what is running may finish, within
the time that settings give; a second signal ends at once.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

import structlog

from pandaprobe_proxy.app import control, logs
from pandaprobe_proxy.app.hook_targets import check_hooks
from pandaprobe_proxy.app.intercept import MISSING, is_possible
from pandaprobe_proxy.app.interceptor import Interceptor, listed
from pandaprobe_proxy.app.listening import (
    Misuse,
    ServeError,
    Sockets,
    bind,
    intercepts,
    listen_for_interception,
)
from pandaprobe_proxy.app.memory import choose_ring, read_memory
from pandaprobe_proxy.app.recorders import RecorderKeeper
from pandaprobe_proxy.capture.ring import Ring, RingWriter
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.relay.routes import BUILT_IN, Routes, Upstream, parse_upstream
from pandaprobe_proxy.relay.server import Relay, Timeouts
from pandaprobe_proxy.settings import Settings

log = structlog.get_logger("serve")

LAST_WORDS_S = 5.0  # for the recorder to store what the relay had told it


def serve(settings: Settings) -> int:
    """Serves until a signal; 0 after a drain, 1 or 2 with a sentence on standard error if it cannot start."""
    logs.set_up(settings.log_level, settings.log_format)
    _allow_descriptors()
    try:
        sidecar = Sidecar(settings)
    except ServeError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.code
    return _runner()(sidecar.run())


def _allow_descriptors() -> None:
    """As many as this process may have: a call takes two, and the usual soft limit of 1024 would fail the 510th."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _runner() -> Callable[[Coroutine[Any, Any, int]], int]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


class Sidecar:
    """One running sidecar. Raises ServeError when it cannot be set up."""

    def __init__(self, settings: Settings) -> None:
        running = control.ask(settings, {"ask": "status"}, timeout_s=0.5)
        if running is not None:
            raise ServeError(
                f"a sidecar (process {running.get('pid')}) already records into {settings.data_dir};"
                " stop it, or choose another --data-dir."
            )
        self._settings = settings
        self._routes = Routes(_upstreams(settings), settings.default_upstream)
        self._sockets = bind(settings)
        _check_hooks(settings, self._sockets)
        self._ring = Ring.create(choose_ring(settings, read_memory()), make_id(time.time_ns(), os.urandom(10)))
        self._recorder = RecorderKeeper(settings, self._ring, self._sockets.web.fileno())
        self._interceptor = self._make_interceptor() if intercepts(settings) else None
        self._intercepting: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._signals = 0

    async def run(self) -> int:
        """Relays and records until a signal, then drains."""
        loop = asyncio.get_running_loop()
        self._writer = RingWriter(self._ring, loop.call_soon)
        self._relay = Relay(
            routes=self._routes,
            tap=self._writer.tap,
            timeouts=_timeouts(self._settings),
            own_addresses=frozenset(_addresses(self._sockets)),
            inject_usage=self._settings.inject_usage,
        )
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._on_signal)
        await self._relay.start(self._sockets.relay)
        answering = await self._listen_control()
        keeping = asyncio.create_task(self._recorder.run())
        self._intercept()
        self._announce()
        gc.freeze()  # what there is now stays: a collection that looked at it would stop every stream for 30 ms
        await self._stop.wait()
        await self._drain(keeping)
        if answering is not None:
            answering.close()
            control.socket_path(self._settings).unlink(missing_ok=True)
        return 0

    def _make_interceptor(self) -> Interceptor:
        """Raises ServeError."""
        if not is_possible():
            raise ServeError(MISSING)
        listening = listen_for_interception(self._settings, self._sockets.web)
        return Interceptor(self._settings, listening, lambda: listed(self._routes.upstreams(), self._settings))

    def _intercept(self) -> None:
        if self._interceptor is not None:
            self._intercepting = asyncio.create_task(self._interceptor.run(self._writer.tap))

    def _on_signal(self) -> None:
        self._signals += 1
        self._stop.set()
        if self._signals > 1:
            log.warning("ending at once")
            os._exit(1)

    async def _listen_control(self) -> asyncio.AbstractServer | None:
        try:
            self._settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            return await control.listen(self._settings, self._reply)
        except OSError as error:
            log.error(
                "the data directory cannot be used, so nothing is recorded; relaying goes on",
                directory=str(self._settings.data_dir),
                why=error.strerror,
            )
            return None

    def _announce(self) -> None:
        relay, web = (_address(sock) for sock in (self._sockets.relay, self._sockets.web))
        with suppress(OSError):  # standard error may be a file on a full disk, or a pipe that nobody reads
            print(f"relaying on http://{relay}  (OPENAI_BASE_URL=http://{relay}/v1)", file=sys.stderr)
            if self._interceptor is not None:
                print(f"forward proxy on http://{self._interceptor.status()['address']}", file=sys.stderr)
            if self._settings.transparent is not None and self._interceptor is not None:
                print(f"redirected connections on {self._interceptor.status()['redirected']}", file=sys.stderr)
            print(f"web port on http://{web}, recording into {self._settings.data_dir}", file=sys.stderr)
            print("look at it: pandaprobe-proxy open", file=sys.stderr, flush=True)

    async def _drain(self, keeping: "asyncio.Task[None]") -> None:
        draining = [self._relay.drain(self._settings.drain_s)]
        if self._interceptor is not None and self._intercepting is not None:
            draining.append(self._interceptor.end(self._intercepting))
        await asyncio.gather(*draining)
        self._recorder.end()
        self._writer.close()
        if self._recorder.pid is None:
            keeping.cancel()
        done, _ = await asyncio.wait([keeping], timeout=LAST_WORDS_S)
        if not done:
            log.warning("the recorder did not finish in time; what it had not stored is lost", **_unstored(self._ring))

    def _reply(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        match question.get("ask"):
            case "status":
                return self._status()
            case "add_upstream":
                return self._add_upstream(str(question.get("name")), str(question.get("url")))
            case "intercept":
                return self._start_intercepting()
            case other:
                return {"error": f"unknown question {other!r}"}

    def _add_upstream(self, name: str, url: str) -> Mapping[str, Any]:
        try:
            self._routes.add(parse_upstream(name, url))
        except ValueError as error:
            return {"error": str(error)}
        if self._interceptor is not None:
            self._interceptor.list()
        return {}

    def _start_intercepting(self) -> Mapping[str, Any]:
        """Begins now, on a free port, if it was not asked for at the start."""
        if self._interceptor is None:
            try:
                self._interceptor = self._make_interceptor()
            except ServeError as error:
                return {"error": str(error)}
            self._intercept()
        return self._interceptor.status()

    def _status(self) -> Mapping[str, Any]:
        self._writer.flush()
        numbers = self._ring.numbers()
        age_s = (time.monotonic_ns() - numbers.heartbeat_ns) / 1e9 if numbers.heartbeat_ns else None
        return {
            "pid": os.getpid(),
            "run": self._ring.run,
            "relay": {
                "address": _address(self._sockets.relay),
                "relayed": numbers.relayed,
                "open": numbers.open,
                "ended": numbers.ended,
                "dropped": dict(numbers.dropped),
                "refused": dict(self._relay.stats().refused),
            },
            "ring": {"capacity": numbers.capacity, "used": numbers.used},
            "recorder": {
                "pid": self._recorder.pid,
                "state": numbers.state,
                "restarts": self._recorder.restarts,
                "hangs": self._recorder.hangs,
                "heartbeat_age_s": age_s,
                "recorded": numbers.recorded,
                "dropped": numbers.reader_dropped,
            },
            "web": {"address": _address(self._sockets.web)},
            "forward": self._interceptor.status() if self._interceptor is not None else None,
            "upstreams": {upstream.name: upstream.url for upstream in self._routes.upstreams()},
        }


def _unstored(ring: Ring) -> dict[str, int]:
    numbers = ring.numbers()
    return {"calls": numbers.ended - numbers.recorded - numbers.reader_dropped}


def _upstreams(settings: Settings) -> list[Upstream]:
    try:
        own = [parse_upstream(name, url) for name, url in settings.upstreams.items()]
    except ValueError as error:
        raise Misuse(f"{error}") from error
    names = {upstream.name for upstream in own}
    upstreams = [*(upstream for upstream in BUILT_IN if upstream.name not in names), *own]
    if settings.default_upstream not in {upstream.name for upstream in upstreams}:
        raise Misuse(
            f"there is no upstream named {settings.default_upstream!r}; add it with --upstream"
            f" {settings.default_upstream}=URL, or choose another with --default-upstream."
        )
    return upstreams


def _check_hooks(settings: Settings, sockets: Sockets) -> None:
    try:
        check_hooks(settings, _addresses(sockets))
    except ValueError as error:
        sockets.relay.close()
        sockets.web.close()
        raise Misuse(str(error)) from error


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(
        connect_s=settings.connect_timeout_s,
        head_s=settings.head_timeout_s,
        body_s=settings.body_timeout_s,
        idle_s=settings.idle_timeout_s,
    )


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(sockets: Sockets) -> list[tuple[str, int]]:
    return [sock.getsockname()[:2] for sock in (sockets.relay, sockets.web)]
