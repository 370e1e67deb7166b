"""A real sidecar for tests: `pandaprobe-proxy serve` in a process of its own, on free ports and an empty directory."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(claim, timeout_s=10.0, every_s=0.02):
    """The first true value of `claim()`; AssertionError after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not (value := claim()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(every_s)
    return value


@dataclass
class Sidecar:
    """A running sidecar and its command line."""

    directory: Path
    port: int
    web_port: int
    process: subprocess.Popen = field(repr=False)
    log: Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def web(self):
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def opened(self):
        """The header that opens the web port, once the recorder has made the token."""
        path = self.directory / "web-token"
        return {"Authorization": f"Bearer {wait_until(lambda: path.exists() and path.read_text())}"}

    @property
    def environment(self):
        """What a child needs to talk through it."""
        return {
            **clean_environment(),
            "OPENAI_BASE_URL": self.url,
            "OPENAI_API_KEY": "sk-canary-0123456789abcdefABCDEF",
            "PANDAPROBE_PROXY": f"http://127.0.0.1:{self.port}",
            "PANDAPROBE_ENDPOINT": self.web,
            "PANDAPROBE_DATA_DIR": str(self.directory),
        }

    def cli(self, *words, check=True):
        """The standard output of a command of ours on this sidecar's data."""
        done = subprocess.run(
            [sys.executable, "-m", "pandaprobe_proxy", *words],
            env={**clean_environment(), "PANDAPROBE_DATA_DIR": str(self.directory), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout if check else done

    def json(self, *words):
        return json.loads(self.cli(*words, "--json"))

    def status(self):
        return self.json("status")

    def settled(self, calls=None, timeout_s=20):
        """The status once nothing is in flight (and, if given, so many calls are recorded)."""

        def quiet():
            status = self.status()
            done = status["in_flight"] == 0 and (calls is None or status["recorded"] >= calls)
            return status if done else None

        return wait_until(quiet, timeout_s)

    def recorder_pid(self):
        return wait_until(lambda: self.status()["recorder_pid"])

    def ready(self):
        """Waits until calls are recorded."""
        wait_until(lambda: self.status()["recorder_state"] == "ok")

    def stop(self, timeout_s=30):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)


def clean_environment():
    """This environment without what would steer a client or the sidecar."""
    names = (
        "PANDAPROBE_",
        "OPENAI_",
        "ANTHROPIC_",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
    )
    return {name: value for name, value in os.environ.items() if not name.startswith(names)}


@contextmanager
def sidecar(directory, upstream_url, *flags, env=None):
    """A sidecar whose default upstream is `upstream_url`, ready to relay, for the block."""
    port, web_port = free_port(), free_port()
    log = Path(directory).parent / f"{Path(directory).name}.log"
    command = [sys.executable, "-m", "pandaprobe_proxy", "serve", "--port", str(port), "--web-port", str(web_port)]
    command += ["--data-dir", str(directory), "--upstream", f"openai={upstream_url}", *flags]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stderr=out, stdout=out, env={**clean_environment(), **(env or {})})
    made = Sidecar(Path(directory), port, web_port, process, log)
    try:
        wait_until(lambda: _accepts(port) or _ended(process, log), 15)
        yield made
    finally:
        try:
            made.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _accepts(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _ended(process, log):
    assert process.poll() is None, log.read_text()
    return False
