"""The running sidecar's own socket: one line of JSON asked, one line of JSON answered.

A Unix socket in the data directory, readable by its owner only. It is how `status` sees the loss numbers even while
the recorder hangs, and how `run` registers an upstream. No request that the relay carries can reach it.
"""

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pandaprobe_proxy.settings import Settings

Answer = Mapping[str, Any]
PATH_LIMIT = 100  # sockaddr_un holds 108 bytes
LINE_LIMIT = 65536


def socket_path(settings: Settings) -> Path:
    """Where the control socket of these settings is; beside the store unless that path is too long for a socket."""
    path = settings.data_dir.absolute() / "control.sock"
    if len(os.fsencode(path)) < PATH_LIMIT:
        return path
    name = blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"pandaprobe-{os.getuid()}-{name}.sock"


def ask(settings: Settings, question: Answer, timeout_s: float = 2.0) -> dict[str, Any] | None:
    """The running sidecar's answer; None if none runs on this data directory."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(timeout_s)
            client.connect(str(socket_path(settings)))
            client.sendall(json.dumps(question).encode() + b"\n")
            with client.makefile("rb") as lines:
                answer = json.loads(lines.readline(LINE_LIMIT * 16))
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def add_upstream(settings: Settings, name: str, url: str) -> str | None:
    """Registers an upstream with the running sidecar. None if that is done, else why not, in one sentence."""
    answer = ask(settings, {"ask": "add_upstream", "name": name, "url": url})
    if answer is None:
        return "no sidecar answers on this data directory"
    error = answer.get("error")
    return None if error is None else str(error)


def start_intercepting(settings: Settings) -> dict[str, Any]:
    """Has the running sidecar intercept, if it does not yet; what its status says of that, or why not as `error`."""
    answer = ask(settings, {"ask": "intercept"})
    return answer if answer is not None else {"error": "no sidecar answers on this data directory"}


def is_answering(address: str, timeout_s: float) -> bool:
    """Whether a forward proxy at `host:port` answers within that time. It is asked for itself, which it refuses."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout_s) as client:
            client.settimeout(timeout_s)
            client.sendall(f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
            return client.recv(5) == b"HTTP/"
    except OSError:
        return False


async def listen(settings: Settings, reply: Callable[[Answer], Answer]) -> asyncio.AbstractServer:
    """Serves the control socket; `reply` answers a question. Raises OSError if it cannot be made."""
    path = socket_path(settings)
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), 5)
            writer.write(json.dumps(_answer(line, reply)).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # whoever asked went away or sent no line; there is nobody to tell
        finally:
            writer.close()

    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(serve, path, limit=LINE_LIMIT)
    finally:
        os.umask(before)


def _answer(line: bytes, reply: Callable[[Answer], Answer]) -> Answer:
    try:
        question = json.loads(line)
    except ValueError:
        return {"error": "a question is one line of JSON"}
    return reply(question) if isinstance(question, dict) else {"error": "a question is a JSON object"}
