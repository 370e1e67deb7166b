"""A scripted OpenAI-compatible upstream on loopback, for tests: answers by rule, and remembers what it was sent."""

import itertools
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CAPITALS = {"France": "Paris.", "Germany": "Berlin.", "bigger": "Berlin is bigger."}


@dataclass
class Seen:
    """One request as the upstream got it."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Upstream:
    """The running upstream. `pause_s` lies between the chunks of a stream; `chunks` is how many words a stream has."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    pause_s: float = 0.0
    ids: itertools.count = field(default_factory=lambda: itertools.count(1))
    echo: str = ""
    status: int = 200
    failing: int = 0
    """So many of the next requests fail with 503."""
    broken: threading.Event = field(default_factory=threading.Event)
    """Set when a client went away in mid-stream."""

    def sessions(self):
        return [{k.lower(): v for k, v in seen.headers}.get("x-pandaprobe-session") for seen in self.seen]


def answer_to(messages):
    text = str(messages[-1].get("content") or "")
    return next((answer for word, answer in CAPITALS.items() if word in text), f"You said: {text}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: Upstream

    def log_message(self, *args):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError):
            self.upstream.broken.set()
            self.close_connection = True

    def do_GET(self):
        self._send(200, {"object": "list", "data": [{"id": "scripted-1", "object": "model"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.upstream.seen.append(Seen("POST", self.path, list(self.headers.items()), body))
        if self.upstream.failing:
            self.upstream.failing -= 1
            return self._send(503, {"error": {"message": "busy", "type": "scripted"}})
        if self.upstream.status != 200:
            error = {
                "message": f"scripted failure {self.upstream.echo}",
                "type": "scripted",
                "code": None,
                "param": None,
            }
            return self._send(self.upstream.status, {"error": error})
        asked = json.loads(body)
        if self.path.endswith("/embeddings"):
            return self._send(200, self._embedding())
        text = self.upstream.echo or answer_to(asked.get("messages") or [{"role": "user", "content": asked["input"]}])
        return self._stream(asked, text) if asked.get("stream") else self._send(200, self._completion(asked, text))

    def _completion(self, asked, text):
        number = next(self.upstream.ids)
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 1_700_000_000 + number,
            "model": f"{asked['model']}-2026",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30},
        }

    def _embedding(self):
        data = [{"object": "embedding", "index": 0, "embedding": "AACAPwAAAEA="}]
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return {"object": "list", "data": data, "model": "scripted-embedding", "usage": usage}

    def _send(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, asked, text):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        number = next(self.upstream.ids)
        for chunk in stream_of(asked, text, number):
            data = b"data: " + (chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()) + b"\n\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            time.sleep(self.upstream.pause_s)
        self.wfile.write(b"0\r\n\r\n")


def stream_of(asked, text, number):
    """The chunks of a streamed answer, word by word."""

    def chunk(delta, finish=None, **more):
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        head = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
        return {**head, "choices": choices, **more}

    yield chunk({"role": "assistant", "content": ""})
    for i, word in enumerate(text.split(" ")):
        yield chunk({"content": word if i == 0 else f" {word}"})
    yield chunk({}, "stop")
    if (asked.get("stream_options") or {}).get("include_usage"):
        usage = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}
        yield {**chunk({}), "choices": [], "usage": usage}
    yield b"[DONE]"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass


@contextmanager
def openai_upstream(host="127.0.0.1", ssl=None, base=Handler):
    """A scripted upstream that runs for the block; with a context, over TLS."""
    handler = type("Scripted", (base,), {})
    server = _Server((host, 0), handler)
    if ssl is not None:
        server.socket = ssl.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if ssl is not None else "http"
    upstream = handler.upstream = Upstream(f"{scheme}://{host}:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
