"""A server that hears what is posted to it, for tests of hooks."""

import http.server
import json
import threading
from contextlib import contextmanager


class Listener(http.server.ThreadingHTTPServer):
    """`heard` are the documents; `statuses` the next answers, 200 after those."""

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Hearing)
        self.requests, self.statuses = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook?token=canary"

    @property
    def heard(self):
        return [json.loads(body) for _, body in self.requests]


class _Hearing(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.send_header("Location", "/elsewhere")
        self.end_headers()


@contextmanager
def listener(port=0):
    with Listener(port) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
