"""The recorder's process: one thread reads the ring and writes the store, the other serves the web port.

Started by `serve` with what it needs on standard input. It ends when the relay has closed the ring and everything is
stored, or when the relay is gone; then the calls that were running become `interrupted`.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import structlog

from pandaprobe_proxy.app import control, logs
from pandaprobe_proxy.app.hook_targets import make_hooks
from pandaprobe_proxy.app.hooks import Hooks
from pandaprobe_proxy.app.listening import await_client, listen_on
from pandaprobe_proxy.app.memory import choose_held, read_memory
from pandaprobe_proxy.app.metered import meter
from pandaprobe_proxy.app.metrics import Metrics
from pandaprobe_proxy.app.own_files import write_own
from pandaprobe_proxy.app.priority import stand_back
from pandaprobe_proxy.app.status import as_json, read_status
from pandaprobe_proxy.app.stores import open_reader, store_bytes, store_path
from pandaprobe_proxy.app.web_tokens import keep_token
from pandaprobe_proxy.capture.faults import state_of
from pandaprobe_proxy.capture.keep import Keeper, Policy
from pandaprobe_proxy.capture.recorder import Recorder
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.capture.ring import HEARTBEAT, READER_DROPPED, RELAYED, STATE, WRITER_PID, Ring
from pandaprobe_proxy.capture.sweep import Sweep
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.pricing.listed import warm
from pandaprobe_proxy.pricing.price import Prices
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Budget, Writer
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite import open_writer

log = structlog.get_logger("recorder")
T = TypeVar("T")

BATCH_S = 0.1
SWITCH_S = 0.0001
"""After which a thread gives way. SQLite does at every statement: with the usual 5 ms a commit beside a slow decoding
would wait for it at each."""
RETRY_S = 0.5
TRIM_S = 60.0
HOOKS_S = 2.0
"""For session hooks to be told the last changes, once there is nothing more to record."""
TRIM_OVER_S = 0.2  # while the store is larger than it may be
LAST_TRIES = 20  # with RETRY_S between them, once the relay is gone


def record_main() -> int:
    """The process's whole life. Standard input holds `{"settings": …, "ring_fd": n, "web_fd": n}`."""
    given = json.load(sys.stdin)
    settings = Settings.model_validate(given["settings"])
    logs.set_up(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_S)
    ring = Ring(given["ring_fd"])
    # Who made the ring, not who is the parent now: the relay may be gone already.
    # It stands back once there is a store: what is in the ring only is lost with the relay.
    recording = Recording(settings, ring, ring.get(WRITER_PID), stand_back)
    sock = socket.socket(fileno=given["web_fd"]) if given["web_fd"] is not None else None
    return asyncio.run(_run(settings, recording, sock))


async def _run(settings: Settings, recording: "Recording", sock: socket.socket | None) -> int:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    thread = threading.Thread(
        target=recording.run, args=(lambda: loop.call_soon_threadsafe(ended.set),), name="recorder", daemon=True
    )
    thread.start()
    parts = [_tell_hooks(settings, recording), *_parts(settings, recording, sock)]
    beside = [asyncio.create_task(part) for part in parts]
    await ended.wait()
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    return recording.code


async def _tell_hooks(settings: Settings, recording: "Recording") -> None:
    try:
        hooks = make_hooks(settings, os.environ)
        recording.hooks = Hooks(hooks, lambda: open_reader(settings), recording.submit)
        await recording.hooks.run()
    except Exception as error:  # calls are recorded all the same
        log.error("session hooks are told no more, until the sidecar starts again", why=str(error))


def _parts(
    settings: Settings, recording: "Recording", sock: socket.socket | None
) -> Iterator[Coroutine[Any, Any, None]]:
    """What is served beside the recording."""
    if sock is not None:
        token = keep_token(settings)  # commands read it before they ask
        yield _serve(sock, lambda: _web(settings, recording, sock, token))
    if settings.metrics_address:
        try:
            metrics_sock = listen_on(settings.metrics_address)
        except OSError as error:
            log.error("metrics cannot be served there", address=settings.metrics_address, why=error.strerror)
        else:
            yield _serve(metrics_sock, lambda: _operations(settings, recording))


async def _serve(sock: socket.socket, build: Callable[[], Any]) -> None:
    """Serves what `build` makes once somebody asks: a server takes 8 MB and 0.3 s, for nothing where nobody looks."""
    await await_client(sock)
    try:
        from pandaprobe_proxy.web import api

        await api.run(build(), sock)
    except Exception as error:  # calls are recorded all the same
        log.error("nothing is served there, until the sidecar starts again", port=sock.getsockname()[1], why=str(error))


def _operations(settings: Settings, recording: "Recording") -> Any:
    from pandaprobe_proxy.web.operations import build_operations

    return build_operations(_relays(settings), recording.metrics.render)


def _relays(settings: Settings) -> Callable[[], bool]:
    return lambda: control.ask(settings, {"ask": "status"}) is not None


def _status(settings: Settings, recording: "Recording") -> dict[str, Any] | None:
    """The loss numbers, the limit of the store, and what was redacted. None: no relay answers."""
    told, rules = as_json(read_status(settings)), recording.redactor.rules
    return told and {**told, "store_limit": settings.keep_bytes, "redactions": rules}


def _web(settings: Settings, recording: "Recording", sock: socket.socket, token: str) -> Any:
    from pandaprobe_proxy.ingest import labels, pandaprobe
    from pandaprobe_proxy.web import api
    from pandaprobe_proxy.web.sidecar import Sidecar

    port = sock.getsockname()[1]
    hosts = {settings.web_host, "localhost", "127.0.0.1", "[::1]", *settings.web_names}
    sidecar = Sidecar(
        reader=lambda: open_reader(settings),
        submit=recording.submit,
        status=lambda: _status(settings, recording),
        relays=_relays(settings),
        metrics=recording.metrics.render,
        redact=recording.redactor.json,
        new_id=lambda: make_id(time.time_ns(), os.urandom(10)),
        now_ns=time.time_ns,
        price=Prices(settings.prices).price,
        token=token,
    )
    return api.build(sidecar, (*pandaprobe.ROUTES, *labels.ROUTES), frozenset(f"{host}:{port}" for host in hosts))


class Recording:
    """The recorder's thread: opens the store, records until the relay is done or gone, closes the store."""

    def __init__(
        self, settings: Settings, ring: Ring, relay_pid: int, opened: Callable[[], object] = lambda: None
    ) -> None:
        """`opened` is called once the store is open."""
        self.code = 0
        self._opened = opened
        self.hooks: Hooks | None = None
        self.metrics = Metrics(
            lambda: control.ask(settings, {"ask": "status"}),
            lambda: ring.get(READER_DROPPED),
            lambda: store_bytes(settings),
        )
        self.redactor = Redactor(installation_key(settings.data_dir), settings.redact)
        self._settings = settings
        self._ring = ring
        self._relay_pid = relay_pid
        self._recorder: Recorder | None = None
        self._wake = threading.Event()
        self._trimmed_s = time.monotonic()
        self._sweep = Sweep(settings.session_gap_s, time.monotonic_ns)

    async def submit(self, work: Callable[[Writer], T]) -> T:
        """Runs `work` with the writer, in the recorder's thread. Raises StoreError while there is no store."""
        if self._recorder is None:
            raise StoreError("the store is not open; see the sidecar's log")
        future = self._recorder.submit(work)
        self._sweep.hurry()
        self._wake.set()
        return await asyncio.wrap_future(future)

    def run(self, ended: Callable[[], object]) -> None:
        """Until there is nothing more to record."""
        try:
            writer = self._open()
            if writer is not None:
                self._recorder = self._start(writer)
                self._opened()
                self._record(writer, self._recorder)
                writer.close()
        except Exception:
            log.exception("the recorder failed; it will be started again")
            self.code = 1
        finally:
            ended()

    @property
    def _gone(self) -> bool:
        return os.getppid() != self._relay_pid

    def _open(self) -> Writer | None:
        """The writer, however long it takes to get it; None if the relay went first."""
        told = ""
        while not self._gone:
            self._ring.set(HEARTBEAT, 0)  # opening may take its time: a store is checked, or brought to a new version
            try:
                return meter(open_writer(store_path(self._settings)), self.metrics)
            except StoreError as error:
                self._ring.set(STATE, state_of(error))
                self._ring.set(HEARTBEAT, time.monotonic_ns())
                if str(error) != told:
                    log.error("the store cannot be opened; relaying goes on, nothing is recorded", why=str(error))
                told = str(error)
                self._wake.wait(RETRY_S)
        return None

    def _start(self, writer: Writer) -> Recorder:
        settings = self._settings
        policy = Policy(
            settings.capture,
            settings.default_session,
            settings.session_gap_s,
            settings.max_body_bytes,
            choose_held(settings, read_memory()),
            settings.session_headers,
        )
        keeper = Keeper(policy, self.redactor, writer.last_seen, Prices(settings.prices).price)
        recorder = Recorder(self._ring, writer, keeper, time.monotonic_ns, os.urandom)
        recorder.start(time.time_ns())
        return recorder

    def _record(self, writer: Writer, recorder: Recorder) -> None:
        prices = threading.Thread(target=warm, name="prices", daemon=True)
        while not recorder.done:
            if prices.ident is None and self._ring.get(RELAYED):  # they take 4 MB, for nothing where nobody asks
                prices.start()  # beside the first call, which is still running
            recorder.step()
            if self._gone:
                self._finish(recorder)
                return
            more = self._sweep.step(writer, recorder.behind) or self._trim(writer)
            self._wake.wait(0 if more or recorder.behind else BATCH_S)
            self._wake.clear()
        self._tell_last(writer, recorder)
        recorder.stop()

    def _tell_last(self, writer: Writer, recorder: Recorder) -> None:
        """What an app has said at its end, such as that its session is over, is told before the sidecar ends, too."""
        self._sweep.hurry()
        while self._sweep.step(writer, behind=False):
            pass
        ends_s = time.monotonic() + HOOKS_S
        newest = self._newest() if self.hooks else 0
        while self.hooks and not self.hooks.have_told(newest) and time.monotonic() < ends_s:
            recorder.step()
            time.sleep(BATCH_S / 10)

    def _newest(self) -> int:
        """The number of the newest change; 0 if there is none, or the store does not say."""
        try:
            reader = open_reader(self._settings)
            try:
                return max((change.number for change in reader.changes(1)), default=0)
            finally:
                reader.close()
        except StoreError as error:
            log.warning("session hooks are told the last changes when the sidecar starts again", why=str(error))
            return 0

    def _finish(self, recorder: Recorder) -> None:
        """The relay is gone: what is in the ring is stored, and what was running becomes interrupted."""
        quiet = 0
        for _ in range(LAST_TRIES * 10):
            quiet = 0 if recorder.step() else quiet + 1
            if quiet > 2 and recorder.interrupt():
                break
            time.sleep(RETRY_S / 10)
        recorder.stop()

    @property
    def _over(self) -> bool:
        return 0 < self._settings.keep_bytes < store_bytes(self._settings)

    def _trim(self, writer: Writer) -> bool:
        """Sheds a little of what is over the budget, if it is time to look; whether there is more to shed."""
        if time.monotonic() - self._trimmed_s < (TRIM_OVER_S if self._over else TRIM_S):
            return False
        budget = Budget(self._settings.keep_days * 86_400, self._settings.keep_bytes)
        try:
            if writer.trim(budget, time.time_ns()):
                return True
        except StoreError as error:
            log.warning("the store could not be trimmed", why=str(error))
        self._trimmed_s = time.monotonic()
        return False


def installation_key(directory: Path) -> bytes:
    """The key of this installation's fingerprints: made once, 0600, beside the store; if that fails, for this run."""
    path = directory / "key"
    try:
        if not path.exists():
            write_own(path, os.urandom(32))
        key = path.read_bytes()
    except OSError as error:
        log.warning("the key of fingerprints cannot be kept; they differ from run to run", why=error.strerror)
        return os.urandom(32)
    return key if len(key) == 32 else os.urandom(32)
