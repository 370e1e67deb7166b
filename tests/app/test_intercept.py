"""The intercepting process: what it trusts, and that it ends with the relay."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from pandaprobe_proxy.app.intercept import certificate_path, is_possible, trusted_path
from pandaprobe_proxy.settings import Settings
from relaying import listening


def test_what_this_machine_trusts_is_one_file_or_none(monkeypatch, tmp_path):
    assert trusted_path() is None or b"BEGIN CERTIFICATE" in trusted_path().read_bytes()
    named = tmp_path / "named.pem"
    named.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    assert trusted_path() == named


def test_the_certificate_is_beside_the_store_wherever_one_stands():
    assert certificate_path(Settings(data_dir=Path("data"))) == Path.cwd() / "data" / "ca" / "pandaprobe-ca.pem"
    assert is_possible()


def start(tmp_path, sock, pipe, **more):
    settings = Settings(data_dir=tmp_path, drain_s=0.1, **more).model_dump(mode="json")
    read_fd, pulse_fd = os.pipe()
    fds = {"listen_fd": sock.fileno(), "pipe_fd": pipe.fileno(), "pulse_fd": pulse_fd, "redirected_fds": []}
    given = {"settings": settings, "hosts": [], "barred": [], **fds}
    process = subprocess.Popen(
        [sys.executable, "-m", "pandaprobe_proxy", "intercept"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(sock.fileno(), pipe.fileno(), pulse_fd),
    )
    os.close(read_fd)
    os.close(pulse_fd)
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    return process


def finish(process):
    said = process.stderr.read()
    process.stderr.close()
    return process.wait(20), said


async def test_it_serves_until_the_relay_closes_the_pipe(tmp_path):
    mine, theirs = socket.socketpair()
    sock = listening()
    process = start(tmp_path, sock, theirs)
    theirs.close()
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(b"GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 20)).startswith(b"HTTP/1.1 502")
    writer.close()
    mine.close()
    code, _ = await asyncio.to_thread(finish, process)
    assert code == 0
    assert (tmp_path / "ca" / "pandaprobe-ca.pem").exists()
    sock.close()


def test_an_authority_that_cannot_be_read_is_told_and_ends_it(tmp_path):
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "pandaprobe-ca.pem").write_text("x")
    (tmp_path / "ca" / "pandaprobe-ca.key").write_text("x")
    mine, theirs = socket.socketpair()
    with mine, theirs, listening() as sock:
        code, said = finish(start(tmp_path, sock, theirs))
    assert code == 1 and b"nothing can be intercepted" in said
