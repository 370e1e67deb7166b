"""Commands that share one sidecar: the first that needs it starts it, the last that is done ends it.

Each holds a lock on a file in the data directory, which the kernel lets go of whatever becomes of the command. The
file says which sidecar was started this way; any other is left running.
"""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandaprobe_proxy.cli.sidecars import END_S, Started, StartError, start_sidecar, wait_for


@dataclass(slots=True)
class Hold:
    """One command's share in the sidecar, and what that answered."""

    settings: Any
    users: int
    running: dict[str, Any]
    started: Started | None = None
    """The sidecar, if it is a process of ours."""

    def let_go(self) -> None:
        """Ends the sidecar if it was started for commands like this and no other needs it."""
        with _turn(self.settings):
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                pid, _, log = os.pread(self.users, 4096, 0).decode().partition(" ")
                os.close(self.users)
            if pid == str(self.running["pid"]):
                _end(int(pid))
                if self.started is not None:
                    self.started.process.wait()
                Path(log).unlink(missing_ok=True)


def hold(settings: Any) -> Hold:
    """A share in the running sidecar, or in one that is started now. Raises StartError or OSError."""
    from pandaprobe_proxy import app

    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _turn(settings):
        users = _locked(settings, "run.lock", fcntl.LOCK_SH)
        try:
            running, started = app.ask(settings, {"ask": "status"}), None
            if running is None:
                running, started = _start(settings, users)
        except BaseException:
            os.close(users)
            raise
    return Hold(settings, users, running, started)


def _start(settings: Any, users: int) -> tuple[dict[str, Any], Started | None]:
    from pandaprobe_proxy import app

    started = start_sidecar(settings)
    answer = app.ask(settings, {"ask": "status"})
    if answer is None:
        started.stop()
        raise StartError("it stopped answering.")
    if answer["pid"] != started.process.pid:  # another came first, and ours has given up
        started.stop()
        return answer, None
    os.ftruncate(users, 0)
    os.pwrite(users, f"{started.process.pid} {started.log_path}".encode(), 0)
    return answer, started


@contextmanager
def _turn(settings: Any) -> Iterator[None]:
    """One command at a time starts or ends the sidecar."""
    turn = _locked(settings, "run.turn", fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(turn)


def _locked(settings: Any, name: str, kind: int) -> int:
    descriptor = os.open(settings.data_dir / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, kind)
    return descriptor


def _end(pid: int) -> None:
    """Lets it drain and store."""
    try:
        os.kill(pid, signal.SIGTERM)
        if not wait_for(lambda: _is_gone(pid), END_S):
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _is_gone(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
