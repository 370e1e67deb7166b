"""Recorded runs, replayed as real traffic through the relay, are judged as the file that they were loaded from."""

import gzip
import http.client
import importlib.util
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from sidecar import sidecar

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT.parent / "shared" / "data" / "sessions"
FILES = sorted(RUNS.glob("tau*.jsonl.gz"))
BY_TIME = {"drift", "efficiency"}
"""What these say depends on how long calls took, and that a replay does not tell."""


def load_labelled():
    spec = importlib.util.spec_from_file_location("labelled", ROOT / "bench" / "labelled.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_runs(path, count):
    with gzip.open(path, "rt") as lines:
        head = json.loads(next(lines))
        return [(json.loads(next(lines)), head) for _ in range(count)]


@contextmanager
def scripted(answers):
    """An upstream that answers each request with the answer of that place."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

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


def replay(running, run, head):
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    labels = {
        "Content-Type": "application/json",
        "X-PandaProbe-Session": run["session_id"],
        "X-PandaProbe-Metadata": json.dumps({"task_id": run["task_id"]}),
    }
    for place, asked, _ in calls_of(run, head):
        connection.request("POST", "/v1/chat/completions", json.dumps(asked), {**labels, "X-Place": place})
        assert connection.getresponse().read()
    connection.close()


@pytest.mark.skipif(not FILES, reason="the recorded runs are not here")
def test_a_replayed_run_is_judged_as_its_file(tmp_path):
    labelled = load_labelled()
    runs = [item for path in FILES for item in read_runs(path, 4)]
    answers = {place: answer for run, head in runs for place, _, answer in calls_of(run, head)}
    with scripted(answers) as url, sidecar(tmp_path / "data", url) as running:
        running.ready()
        for run, head in runs:
            replay(running, run, head)
        running.settled(len(answers))
        done = running.json("eval", "run")
        assert (done["sessions"], done["evaluated"]) == (len(runs), len(runs))
        sessions = [labelled.build(run["messages"], run, head) for run, head in runs]
        traits = [read_traits(session) for session in sessions]
        for session, own in zip(sessions, traits, strict=True):
            shown = {one["name"]: one for one in running.json("eval", "show", session.session_id)["items"]}
            for judgement in judge_all(session, own, Setting(Peers(traits))):
                found = shown[judgement.name]
                if judgement.name not in BY_TIME:
                    assert (judgement.name, found["label"]) == (judgement.name, judgement.label)
                    assert found["value"] == pytest.approx(judgement.value) or found["value"] == judgement.value
                    numbers = [quote["message"] for quote in found["evidence"]]
                    assert numbers == [quote.message for quote in judgement.evidence]
        assert running.json("eval", "run")["evaluated"] == 0
