"""A command that is run for each change of a session: the change as JSON on its standard input.

It is run without a shell, with an environment of a few names only: no key that the sidecar was started with is in it.
"""

import asyncio
import hashlib
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from pandaprobe_proxy.app.hooks import HookFailed
from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.store.shapes import encode_change

log = structlog.get_logger("hooks")

TIMEOUT_S = 60.0
LOGGED_BYTES = 2000
"""Of what it prints, so much is logged."""
PASSED_ON = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV"})


class CommandHook:
    """See hooks.Hook. A process that ends with 0 has taken the change."""

    def __init__(
        self, argv: Sequence[str], data_dir: Path, environ: Mapping[str, str], timeout_s: float = TIMEOUT_S
    ) -> None:
        self._argv = tuple(argv)
        self._timeout_s = timeout_s
        self._environment = {
            **{name: value for name, value in environ.items() if name in PASSED_ON or name.startswith("LC_")},
            "PANDAPROBE_DATA_DIR": str(data_dir.absolute()),
        }
        digest = hashlib.sha256("\0".join(self._argv).encode()).hexdigest()[:8]
        self.name = f"command {Path(self._argv[0]).name} ({digest})"

    async def tell(self, change: Change) -> None:
        """Runs it once. Raises HookFailed."""
        environment = {
            **self._environment,
            "PANDAPROBE_SESSION": change.session_id,
            "PANDAPROBE_CHANGE": change.change,
        }
        output = _Output()
        with os.fdopen(os.memfd_create("change"), "w+b", buffering=0) as given:
            given.write(encode_change(change))
            given.seek(0)
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._argv,
                    stdin=given,
                    stdout=output.writes,
                    stderr=output.writes,
                    env=environment,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                output.end()
                why = getattr(error, "strerror", None) or str(error)
                raise HookFailed(f"it cannot be started: {why}", refused=False) from error
        try:
            code = await asyncio.wait_for(process.wait(), self._timeout_s)
        except TimeoutError as error:
            raise HookFailed(f"it did not end within {self._timeout_s:g} s, and was killed", refused=True) from error
        finally:
            await _kill(process)
            self._log(output.end(), change)
        if code:
            raise HookFailed(f"it ended with code {code}", refused=True)

    def _log(self, said: bytes, change: Change) -> None:
        if said:
            text = said.decode(errors="replace").strip()
            log.info("a session hook said", hook=self.name, change=change.number, said=text)


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Ends what still runs, with all that it has started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


class _Output:
    """A pipe that is read all the time, and of which the beginning is kept.

    Whoever the command has left behind may hold the other end for ever, so nobody waits for its end.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reads, self.writes = os.pipe()
        os.set_blocking(self._reads, False)
        self._said = b""
        self._loop.add_reader(self._reads, self._read)

    def _read(self) -> bool:
        """Whether there may be more."""
        try:
            data = os.read(self._reads, 65536)
        except BlockingIOError:
            return False
        self._said += data[: LOGGED_BYTES - len(self._said)]
        if not data:
            self._loop.remove_reader(self._reads)
        return bool(data)

    def end(self) -> bytes:
        """What was said, up to now."""
        os.close(self.writes)
        for _ in range(100):
            if not self._read():
                break
        self._loop.remove_reader(self._reads)
        os.close(self._reads)
        return self._said
