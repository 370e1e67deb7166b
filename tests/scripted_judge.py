"""A judge for tests: an OpenAI-compatible endpoint on loopback that answers by a script and counts what it is asked."""

import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


def read_material(body):
    """The lines of JSON between the markers of a question."""
    text = body["messages"][1]["content"]
    marker, rest = text.split("\n", 1)
    return [json.loads(line) for line in rest.split(f"\n{marker}\n")[0].split("\n")]


def read_schema(body):
    return body["messages"][1]["content"].rpartition("by this JSON Schema, and nothing else: ")[2]


def answer_well(body, score=0.75, **more):
    """A verdict of the form that the question asks for, which quotes the first message of the user."""
    schema = json.loads(read_schema(body))["properties"]
    told = [line for line in read_material(body) if line.get("role")]
    line = next((one for one in told if one["role"] == "user"), told[0])
    proof = {"message": line["message"], "quote": line["text"][:60]}
    said = {name: "found" for name in schema if name in ("task", "outcome", "plan", "wanted")}
    if "items" in schema:
        own = re.search(r"Judge messages (\d+) to (\d+);", body["messages"][1]["content"])
        first = max(int(own[1]), 1) if own else line["message"]
        shown = [one for one in told if one["message"] >= first and one["text"]]
        line = next((one for one in shown if one["role"] == "user"), shown[0])
        proof = {"message": line["message"], "quote": line["text"][:60]}
        item = schema["items"]["items"]["properties"]
        kind = {"status": item["status"]["enum"][0]} if "status" in item else {"turn": 1, "score": score}
        said["items"] = [{"what": "it", **proof, **kind}]
    else:
        said |= {"evidence": [proof], "score": score}
    return {**said, "reason": "as it stands", "verdict": "judged", "confidence": 0.9, **more}


@dataclass
class Judge:
    """A running judge. `script` gives, for a body: a value to answer with, or (status, headers, body) to send as it is.

    `asked` has the bodies that it was asked with, `heads` their headers, `answered` the indices of those that got an
    answer which had left it.
    """

    url: str
    script: object = answer_well
    asked: list = field(default_factory=list)
    heads: list = field(default_factory=list)
    answered: list = field(default_factory=list)
    at_s: list = field(default_factory=list)
    hold_from: int | None = None
    """From that request on, no answer is given until `release` is set."""
    release: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body, head):
        with self.lock:
            self.asked.append(body)
            self.heads.append(head)
            self.at_s.append(time.monotonic())
            return len(self.asked) - 1

    @property
    def questions(self):
        """What was asked, each once."""
        return {json.dumps(body["messages"]) + str(body.get("seed")) for body in self.asked}


def complete(text, usage=USAGE, model="judge-1-2026"):
    message = {"role": "assistant", "content": text if isinstance(text, str) else json.dumps(text)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "j", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    judge: Judge

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        judge = self.judge
        number = judge.take(body, dict(self.headers))
        if judge.hold_from is not None and number >= judge.hold_from:
            judge.release.wait(30)
            self.close_connection = True
            return
        told = judge.script(body)
        status, headers, answer = told if isinstance(told, tuple) else (200, {}, complete(told))
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        judge.answered.append(number)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


@contextmanager
def scripted_judge(script=answer_well):
    """A judge that runs for the block."""
    handler = type("Scripted", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    judge = handler.judge = Judge(f"http://127.0.0.1:{server.server_port}/v1", script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield judge
    finally:
        judge.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
