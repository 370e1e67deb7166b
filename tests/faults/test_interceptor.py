"""The intercepting process dies: its calls are told as interrupted, numbers add up, and it is there again."""

import os
import signal
import socket
import ssl
import threading

import pytest
from intercepting import make_origins
from openai_upstream import openai_upstream
from sidecar import sidecar, wait_until

FIRST = b'"content": "You"'
ASKED = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"one two three"}]}'


@pytest.fixture
def origins(tmp_path):
    return make_origins(tmp_path)


@pytest.fixture
def upstream(origins):
    with openai_upstream("127.0.0.1", origins.server("127.0.0.1", "localhost")) as running:
        yield running


@pytest.fixture
def recording(tmp_path, upstream, origins):
    env = {"SSL_CERT_FILE": str(origins.path)}
    with sidecar(tmp_path / "data", upstream.url, "--forward", "0", "--drain-s", "1", env=env) as running:
        running.ready()
        yield running


def forward(recording):
    status = recording.json("status")["forward"]
    return status if status.get("pid") else None


def ask(recording, upstream, until=b"\r\n0\r\n\r\n"):
    """What comes back through the forward proxy, until the mark or the end."""
    at = wait_until(lambda: forward(recording))
    ca = recording.directory / "ca" / "pandaprobe-ca.pem"
    host, _, port = at["address"].rpartition(":")
    sock = socket.create_connection((host, int(port)), 10)
    target = upstream.url.split("/")[2]
    sock.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    assert b" 200 " in sock.recv(4096)
    wait_until(ca.exists)
    tls = ssl.create_default_context(cafile=ca).wrap_socket(sock, server_hostname="127.0.0.1")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {target}\r\nContent-Length: {len(ASKED)}\r\n\r\n"
    tls.sendall(head.encode() + ASKED)
    data = b""
    with tls:
        while until not in data:
            try:
                more = tls.recv(65536)
            except OSError:
                break
            if not more:
                break
            data += more
        yield data
        while more:
            try:
                more = tls.recv(65536)
            except OSError:
                more = b""


def whole(recording, upstream):
    (data,) = list(ask(recording, upstream))[:1]
    return data


def test_it_is_killed_in_the_middle_of_a_call_and_the_next_call_is_recorded(recording, upstream):
    upstream.pause_s = 0.5
    asking = ask(recording, upstream, until=FIRST)
    assert FIRST in next(asking)
    first = forward(recording)["pid"]
    os.kill(first, signal.SIGKILL)
    threading.Thread(target=lambda: list(asking), daemon=True).start()
    wait_until(lambda: (forward(recording) or {"pid": first})["pid"] != first)
    upstream.pause_s = 0
    assert whole(recording, upstream).endswith(b"0\r\n\r\n")
    status = recording.settled(calls=2)
    assert status["adds_up"] and (status["relayed"], status["recorded"]) == (2, 2)
    assert sorted(call["outcome"] for call in recording.json("calls", "ls")["items"]) == ["interrupted", "ok"]
    assert forward(recording)["restarts"] == 1


@pytest.mark.slow
def test_it_hangs_and_is_noticed_and_the_next_call_is_recorded(recording, upstream):
    assert whole(recording, upstream).endswith(b"0\r\n\r\n")
    first = forward(recording)["pid"]
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: (forward(recording) or {"pid": first})["pid"] != first, 60)
    assert whole(recording, upstream).endswith(b"0\r\n\r\n")
    assert recording.settled(calls=2)["adds_up"]
    assert (forward(recording)["restarts"], forward(recording)["hangs"]) == (1, 1)
    assert "(1 of them since it hung)" in recording.cli("status")


def test_the_recorder_dies_and_calls_go_on_and_are_recorded(recording, upstream):
    os.kill(recording.recorder_pid(), signal.SIGKILL)
    assert whole(recording, upstream).endswith(b"0\r\n\r\n")
    assert recording.settled(calls=1)["adds_up"]


def test_the_relay_dies_and_nothing_is_left_behind(recording, upstream):
    assert whole(recording, upstream).endswith(b"0\r\n\r\n")
    pid = forward(recording)["pid"]
    recording.process.kill()
    recording.process.wait()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 20)


def test_it_drains_with_the_sidecar(recording, upstream):
    upstream.pause_s = 0.1
    asking = ask(recording, upstream, until=FIRST)
    next(asking)
    recording.process.send_signal(signal.SIGTERM)
    list(asking)
    assert recording.process.wait(20) == 0
    (call,) = recording.json("calls", "ls")["items"]
    assert call["outcome"] == "ok"
