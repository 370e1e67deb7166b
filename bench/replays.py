"""Are recorded runs, replayed as real traffic through the relay, judged as the file that they were loaded from?

    python bench/replays.py ../shared/data/sessions                  100 sessions of each file
    python bench/replays.py ../shared/data/sessions --sessions 1000

A scripted provider gives the recorded answers; a client asks for them through a sidecar, call by call; `eval run`
judges what was recorded. Each judgement (value, label, messages that prove it) is held against the one of the file
itself, and against that of `eval file` on what `sessions export` writes. What follows from how long calls took is left
out of the first. Prints how many differ, and exits 1 if any does.
"""

import argparse
import gzip
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server

from labelled import build, files
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits

BY_TIME = {"drift", "efficiency"}
"""What these say depends on how long calls took, and that a replay does not tell."""
WAIT_S = 60


def read_runs(path, count):
    """The first runs of a file, each with the file's head."""
    with gzip.open(path, "rt") as lines:
        head = json.loads(next(lines))
        return [(json.loads(line), head) for line, _ in zip(lines, range(count), strict=False)]


@contextmanager
def scripted(answers):
    """An upstream that answers each request with the answer of that place; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args):
            pass

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            data = json.dumps(answers[self.headers["X-Place"]]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def calls_of(run, head):
    """(place, request, answer) of each call of a run."""
    said = [
        {"role": message["role"], "content": head["texts"][message["content_ref"]]}
        if "content_ref" in message
        else message
        for message in run["messages"]
    ]
    tools = (head.get("tools") or {}).get(run["tools_ref"]) or []
    for at, message in enumerate(said):
        if message["role"] == "assistant" and at not in run["synthetic"]:
            meta = run["calls_meta"].get(str(at), {})
            choice = {"index": 0, "message": message, "finish_reason": meta.get("finish_reason")}
            answer = {"id": f"{run['session_id']}-{at}", "model": run["model"], "choices": [choice]}
            if "usage" in meta:
                answer["usage"] = meta["usage"]
            yield f"{run['session_id']}-{at}", {"model": run["model"], "messages": said[:at], "tools": tools}, answer


def replay(port, run, head):
    """Asks for each call of a run, one after another, through the sidecar at that port."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    labels = {
        "Content-Type": "application/json",
        "X-PandaProbe-Session": run["session_id"],
        "X-PandaProbe-Metadata": json.dumps({"task_id": run["task_id"]}),
    }
    for place, asked, _ in calls_of(run, head):
        connection.request("POST", "/v1/chat/completions", json.dumps(asked), {**labels, "X-Place": place})
        response = connection.getresponse()
        if not response.read() or response.status != 200:
            raise RuntimeError(f"call {place} was answered {response.status}")
    connection.close()


def differ(told, found):
    """Whether a judgement, as JSON, is another one than a judgement."""
    value = told["value"] is not None and found.value is not None and abs(told["value"] - found.value) < 1e-9
    same = value or told["value"] is found.value
    numbers = [quote["message"] for quote in told["evidence"]]
    return not (same and told["label"] == found.label and numbers == [quote.message for quote in found.evidence])


def command(data, *words):
    done = subprocess.run(
        [sys.executable, "-m", "pandaprobe_proxy", *words, "--data-dir", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


@contextmanager
def serving(data, upstream):
    """A sidecar; the port of its relay."""
    with create_server(("127.0.0.1", 0)) as one, create_server(("127.0.0.1", 0)) as other:
        port, web = one.getsockname()[1], other.getsockname()[1]
    words = ["serve", "--port", str(port), "--web-port", str(web), "--data-dir", str(data), "--log-level", "error"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pandaprobe_proxy", *words, "--upstream", f"openai={upstream}"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait(lambda: json.loads(command(data, "status", "--json"))["recorder_state"] == "ok")
        yield port
    finally:
        process.terminate()
        process.wait(WAIT_S)


def wait(ready):
    ends = time.monotonic() + WAIT_S
    while True:
        try:
            if ready():
                return
        except RuntimeError:
            pass  # it has not begun yet
        if time.monotonic() > ends:
            raise TimeoutError("the sidecar does not do it")
        time.sleep(0.1)


def measure(path, count, data):
    """Replays the runs of a file, and prints what differs."""
    runs = read_runs(path, count)
    answers = {place: answer for run, head in runs for place, _, answer in calls_of(run, head)}
    out = data / "sessions.jsonl"
    with scripted(answers) as url, serving(data, url) as port:
        for run, head in runs:
            replay(port, run, head)
        wait(lambda: json.loads(command(data, "status", "--json"))["recorded"] >= len(answers))
        command(data, "eval", "run")
        command(data, "sessions", "export", "--out", str(out))
    stored = {}
    for line in out.read_text().splitlines():
        document = json.loads(line)
        stored |= {(document["session_id"], one["name"]): one for one in document["judgements"]}
    sessions = [build(run["messages"], run, head) for run, head in runs]
    traits = [read_traits(session) for session in sessions]
    setting = Setting(Peers(traits))
    judged = {
        (session.session_id, one.name): one
        for session, own in zip(sessions, traits, strict=True)
        for one in judge_all(session, own, setting)
    }
    against_file = [key for key, one in judged.items() if key[1] not in BY_TIME and differ(stored[key], one)]
    again = json.loads(command(data, "eval", "file", str(out), "--json"))["items"]
    fields = ("value", "label", "counts", "evidence")
    against_export = [
        (one["session_id"], one["name"])
        for one in again
        if any(one[name] != stored[one["session_id"], one["name"]][name] for name in fields)
    ]
    compared = sum(key[1] not in BY_TIME for key in judged)
    print(
        f"{path.name.split('.')[0]}: {len(runs)} sessions of {len(answers)} calls replayed; {len(against_file)} of"
        f" {compared} judgements differ from the file's, {len(against_export)} of {len(again)} from the export's",
        flush=True,
    )
    for key in [*against_file, *against_export][:5]:
        print("  ", *key)
    return len(against_file) + len(against_export)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--sessions", type=int, default=100, help="of each file")
    given = parser.parse_args()
    wrong = 0
    for path in files(given.directory):
        with tempfile.TemporaryDirectory() as place:
            wrong += measure(path, given.sessions, Path(place) / "data")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
