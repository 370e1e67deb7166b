"""A server on loopback that takes whatever the shim sends: calls of clients, and posted traces."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}


@dataclass
class Sink:
    """What came: (path, headers in lower case, body). `statuses` are given out first, then 202."""

    url: str
    port: int
    got: list = field(default_factory=list)
    statuses: list = field(default_factory=list)
    pause_s: float = 0.0

    def headers(self, name):
        return [headers.get(name.lower()) for _, headers, _ in self.got]

    def posts(self, path):
        return [json.loads(body) for at, _, body in self.got if at == path]

    def wait(self, count, timeout_s=10):
        deadline = time.monotonic() + timeout_s
        while len(self.got) < count:
            assert time.monotonic() < deadline, f"only {len(self.got)} of {count} came"
            time.sleep(0.01)
        return self.got


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    sink: Sink

    def log_message(self, *args):
        pass

    def _take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        time.sleep(self.sink.pause_s)
        self.sink.got.append((self.path, headers, body))
        status = self.sink.statuses.pop(0) if self.sink.statuses else 200 if "chat" in self.path else 202
        data = json.dumps(ANSWER).encode()
        self.send_response(status)
        if status in (301, 307):
            self.send_header("Location", self.headers["X-To"])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _take


@contextmanager
def run_sink():
    """A sink that runs for the block."""
    taking = type("Taking", (_Taking,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), taking)
    server.daemon_threads = True
    port = server.server_address[1]
    sink = taking.sink = Sink(f"http://127.0.0.1:{port}", port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
