"""A request body in any content-coding: its very bytes go upstream and can be read back, its messages are decoded."""

import gzip
import http.client
import json
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli
import pytest
import zstandard
from sidecar import sidecar

ANSWER = {
    "id": "chatcmpl-1",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}
ASKED = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Capital of France? " * 20}]}).encode()
BOMB = b'{"model":"m","messages":[{"role":"user","content":"' + b"0" * 40_000_000 + b'"}]}'
CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": zstandard.compress,
    "gzip, zstd": lambda data: zstandard.compress(gzip.compress(data)),
}


@contextmanager
def deaf_upstream():
    """Answers every request alike, and keeps the bodies as they came."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            data = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def upstream():
    with deaf_upstream() as running:
        yield running


@pytest.fixture
def recording(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream[0]) as running:
        yield running


def post(recording, body, coding):
    connection = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=20)
    headers = {"Content-Type": "application/json", "Content-Encoding": coding, "X-PandaProbe-Session": coding[:4]}
    connection.request("POST", "/v1/chat/completions", body, headers)
    data = connection.getresponse().read()
    connection.close()
    return json.loads(data)


def test_a_coded_body_goes_upstream_as_it_is_and_is_decoded_for_the_record(recording, upstream, tmp_path):
    coded = {coding: code(ASKED) for coding, code in CODINGS.items()}
    for coding, body in coded.items():
        assert post(recording, body, coding) == ANSWER
    recording.settled(calls=len(coded))
    assert upstream[1] == list(coded.values())
    calls = recording.json("calls", "ls")["items"][::-1]
    for call, (coding, body) in zip(calls, coded.items(), strict=True):
        shown = recording.json("calls", "show", call["call_id"])
        assert shown["call"]["input"][0]["content"].startswith("Capital of France?")
        assert (shown["request"]["coding"], shown["request"]["complete"], shown["lossy"]) == (coding, True, False)
        kept = tmp_path / "body"
        with kept.open("wb") as out:
            write_request(recording, call["call_id"], out)
        assert kept.read_bytes() == body


def write_request(recording, call_id, out):
    command = [sys.executable, "-m", "pandaprobe_proxy", "calls", "show", call_id, "--request"]
    subprocess.run(command, env=recording.environment, stdout=out, check=True, timeout=60)


def test_a_bomb_goes_upstream_and_is_withheld_without_a_stall(recording, upstream):
    bombs = {coding: code(BOMB) for coding, code in CODINGS.items()}
    for coding, body in bombs.items():
        assert post(recording, body, coding) == ANSWER
    began_s = time.monotonic()
    recording.settled(calls=len(bombs))
    assert time.monotonic() - began_s < 10
    assert upstream[1] == list(bombs.values())
    for call in recording.json("calls", "ls")["items"]:
        shown = recording.json("calls", "show", call["call_id"])
        assert "unpacks to more than" in shown["request"]["withheld"]
        assert shown["request"]["kept"] == 0 and shown["request"]["size"] > 0
        assert shown["call"]["output"][0]["content"] == "Paris."
        assert (shown["status"], shown["usage"]["input"]) == (200, 5)
    post(recording, gzip.compress(ASKED), "gzip")
    recording.settled(calls=len(bombs) + 1)
