"""Starts a sidecar for a command that needs one, and ends it when the command is done."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
START_S = 10.0
END_S = 40.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def wait_for(claim: Callable[[], T | None], timeout_s: float, every_s: float = 0.05) -> T | None:
    """The first true value of `claim()`; None if the time passes first."""
    ends = time.monotonic() + timeout_s
    while not (value := claim()):
        if time.monotonic() > ends:
            return None
        time.sleep(every_s)
    return value


class StartError(Exception):
    """The sidecar did not start; why, as it said it."""


@dataclass(slots=True)
class Started:
    """A sidecar that was started here."""

    settings: Any
    process: "subprocess.Popen[bytes]"
    log_path: Path
    address: str = ""
    web_address: str = ""

    def log(self) -> str:
        """What it said, its last lines."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-5:])

    def stop(self) -> None:
        """Lets it drain and store; removes its log."""
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log_path.unlink(missing_ok=True)


def start_sidecar(settings: Any) -> Started:
    """A sidecar with these settings, ready to relay. Raises StartError with what it said if it does not come up."""
    from pandaprobe_proxy import app

    descriptor, name = tempfile.mkstemp(prefix="pandaprobe-sidecar-", suffix=".log")
    started: Started | None = None
    try:
        with os.fdopen(descriptor, "wb") as log, _signals_later():
            started = Started(settings, _spawn(settings, log), Path(name))
        process = started.process
        answer = wait_for(lambda: app.ask(settings, {"ask": "status"}) or (process.poll() is not None or None), START_S)
    except BaseException:  # a signal: nobody else would end it
        if started is not None:
            started.stop()
        raise
    if not isinstance(answer, dict):
        said = started.log().removeprefix("Error: ")
        started.stop()
        raise StartError(said or "it did not answer in time")
    started.address, started.web_address = answer["relay"]["address"], answer["web"]["address"]
    return started


def _spawn(settings: Any, log: Any) -> "subprocess.Popen[bytes]":
    # A session of its own: a Ctrl-C in this terminal is for the command, and the sidecar ends after it.
    return subprocess.Popen(  # noqa: S603 - ourselves, with our own settings
        [sys.executable, "-P", "-m", "pandaprobe_proxy", "serve", *_flags(settings)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


@contextmanager
def _signals_later() -> Iterator[None]:
    """Signals that come meanwhile are heard at the end, when what was begun is known."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda received, _: came.append(received)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for received in came:
            signal.raise_signal(received)


def _flags(settings: Any) -> list[str]:
    """The settings as flags, so that the started sidecar has these and no others."""
    from pandaprobe_proxy.settings import JUDGING, flag_of

    flags: list[str] = []
    told = settings.model_dump(mode="json")
    for name, value in ((name, value) for name, value in told.items() if not name.startswith(JUDGING)):
        flag = flag_of(name)
        if name == "upstreams":
            flags += [part for key, url in value.items() for part in (flag, f"{key}={url}")]
        elif value is None:
            continue
        elif isinstance(value, list):
            flags += [part for text in value for part in (flag, text)]
        elif name == "prices":
            flags += [flag, json.dumps(value)] if value else []
        elif isinstance(value, bool):
            flags += [flag] if value else []
        elif value is not None:
            flags += [flag, str(value)]
    return flags
