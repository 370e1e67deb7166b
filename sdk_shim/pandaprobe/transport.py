"""Posts finished traces and scores from one background thread. Bounded, patient, and gone within two seconds at exit.

The thread starts with the first item. A full queue drops its oldest item and says so once; what the sidecar refuses
for good is dropped and said; what it cannot take now is tried again. A forked child starts with an empty queue of its
own. Nothing here raises into the app.
"""

import atexit
import os
import sys
import threading
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from pandaprobe import settings
from pandaprobe.context import log, tell_once

TRIES = 4
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
TIMEOUT_S = 10.0
EXIT_S = 2.0
MAX_BYTES = 32 * 1024 * 1024
VERSION = "0.1.0"


class Transport:
    """A queue of (path, body) and the thread that posts them in order."""

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)
        atexit.register(self._exit)

    def _reset(self) -> None:
        self._items: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._connection: Any = None
        self._endpoint = ""
        self._busy = False
        self._ends_at: float | None = None
        self.dropped = 0

    def put(self, path: str, body: bytes) -> None:
        """Queues an item; the oldest go if there is no room."""
        with self._changed:
            if self._ends_at is not None:
                return
            self._items.append((path, body))
            self._bytes += len(body)
            limit = settings.current().max_queue_size
            while len(self._items) > limit or (self._bytes > MAX_BYTES and len(self._items) > 1):
                self._bytes -= len(self._items.popleft()[1])
                self.dropped += 1
                tell_once("traces come faster than the sidecar takes them; the oldest are dropped")
            self._start()
            self._changed.notify_all()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="pandaprobe", daemon=True)
            threading.Thread.start(self._thread)
            self._end_with_worker()

    def _end_with_worker(self) -> None:
        """A worker of multiprocessing ends without atexit; it has a list of its own."""
        process, util = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
        if process is not None and util is not None and process.parent_process() is not None:
            util.Finalize(None, self._exit, exitpriority=0)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._items:
                    self._busy = False
                    self._changed.notify_all()
                    if self._ends_at is not None:
                        self._hang_up()
                        return
                    self._changed.wait()
                path, body = self._items.popleft()
                self._bytes -= len(body)
                self._busy = True
            try:
                self._deliver(path, body)
            except Exception as error:
                tell_once(f"a trace could not be posted: {type(error).__name__}")

    def _deliver(self, path: str, body: bytes) -> None:
        wait_s = FIRST_WAIT_S
        for left in range(TRIES - 1, -1, -1):
            status, retry_after_s = self._post(path, body)
            if status is not None and status < 300:
                return
            if status is not None and status != 429 and status < 500:
                tell_once(f"the sidecar refused a trace with status {status}")
                break
            pause_s = min(retry_after_s or wait_s, LONGEST_WAIT_S)
            if not left or not self._pause(pause_s):
                tell_once("the sidecar's web port does not take traces; they are dropped")
                break
            wait_s *= 2
        self.dropped += 1

    def _pause(self, seconds: float) -> bool:
        """Waits; False if the process ends before the wait would."""
        with self._changed:
            if self._ends_at is not None and time.monotonic() + seconds > self._ends_at:
                return False
            # Not any change: another trace that comes is no reason to wait less for the sidecar.
            self._changed.wait_for(lambda: self._ends_at is not None, seconds)
            return self._ends_at is None or time.monotonic() < self._ends_at

    def _post(self, path: str, body: bytes) -> tuple[int | None, float | None]:
        """(status, seconds to wait); no status if there was no answer."""
        import http.client  # not needed before the first trace

        target = settings.current()
        parts = urlsplit(target.endpoint)
        timeout_s = TIMEOUT_S if self._ends_at is None else max(0.1, self._ends_at - time.monotonic())
        if target.endpoint != self._endpoint:
            self._hang_up()
            self._endpoint = target.endpoint
        try:
            if self._connection is None:
                kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
                self._connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
                self._connection._pandaprobe = True  # our own posts are not stamped
            self._connection.timeout = timeout_s
            self._connection.request("POST", parts.path.rstrip("/") + path, body, _headers(target))
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return None, None
        after = response.getheader("Retry-After", "")
        return response.status, float(after) if after.isdecimal() else None

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def flush(self, timeout_s: float) -> bool:
        """Waits until all is delivered or given up; False if the time passes first."""
        ends = time.monotonic() + timeout_s
        with self._changed:
            while self._items or self._busy:
                left = ends - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def shutdown(self, timeout_s: float = EXIT_S) -> None:
        """Delivers what it can in that time, and takes nothing more."""
        with self._changed:
            if self._ends_at is None:
                self._ends_at = time.monotonic() + timeout_s
            ends_at = self._ends_at
            self._changed.notify_all()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, ends_at - time.monotonic()))
        if self._items:
            log.warning("%d traces were not delivered before the end", len(self._items))

    def restart(self) -> None:
        """Takes items again, after a shutdown."""
        if self._ends_at is not None:
            self._reset()

    def _exit(self) -> None:
        self.shutdown(EXIT_S)


def _headers(target: settings.Settings) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": f"pandaprobe-shim/{VERSION}"}
    if target.api_key:
        headers["X-API-Key"] = target.api_key
    if target.project_name:
        headers["X-Project-Name"] = target.project_name
    return headers


transport = Transport()
