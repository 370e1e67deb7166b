"""A history that the provider holds, through a real sidecar and the official client: told whole from our own record."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import openai
import pytest
from responding import as_sse, events_of, message, response, text
from sidecar import sidecar

BREAK = 6
"""Events of a stream that come before it breaks off."""


class Handler(BaseHTTPRequestHandler):
    """Answers as `answers` says, one after another: in the background, as a stream, or at once."""

    protocol_version = "HTTP/1.1"
    answers: dict

    def log_message(self, *args):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/conversations"):
            return self.send(json.dumps({"id": "conv_1", "object": "conversation", "metadata": {}}).encode())
        number = len(self.answers) + 1
        name = f"resp_{number}"
        conversation = {"conversation": {"id": asked["conversation"]}} if asked.get("conversation") else {}
        whole = {"id": name, **conversation}
        answer = message(text(f"This is answer {number}."), id=f"msg_{number}")
        self.answers[name] = {"polls": 0, "whole": response(answer, **whole), "events": events_of(answer, **whole)}
        if asked.get("stream"):
            return self.send_stream(self.answers[name]["events"][:BREAK], breaking=True)
        body = response(status="queued", **whole) if asked.get("background") else self.answers[name]["whole"]
        return self.send(json.dumps(body).encode())

    def do_GET(self):
        url = urlsplit(self.path)
        held, asked = self.answers[url.path.rpartition("/")[2]], parse_qs(url.query)
        if asked.get("stream") == ["true"]:
            after = int(asked["starting_after"][0])
            return self.send_stream([event for event in held["events"] if event["sequence_number"] > after])
        held["polls"] += 1
        body = held["whole"] if held["polls"] > 1 else {**held["whole"], "status": "in_progress", "output": []}
        return self.send(json.dumps({**body, "usage": body["usage"] if held["polls"] > 1 else None}).encode())

    def send(self, data):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_stream(self, events, breaking=False):
        data = as_sse(events)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data) + breaking))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = breaking


@contextmanager
def provider():
    handler = type("Holding", (Handler,), {"answers": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def recording(tmp_path):
    with provider() as url, sidecar(tmp_path / "data", url) as running:
        yield running


@pytest.fixture
def client(recording):
    headers = {"X-PandaProbe-Session": "held"}
    key = "sk-held-0123456789abcdefABCDEF"
    with openai.OpenAI(base_url=recording.url, api_key=key, default_headers=headers, max_retries=0) as made:
        yield made


def calls_of(recording, count):
    """The calls of the session, oldest first, each as `calls show --json` has it."""
    recording.settled(calls=count)
    rows = recording.json("sessions", "show", "held")["calls_list"]
    return [recording.json("calls", "show", row["call_id"]) for row in rows]


def said(messages):
    return [(message["role"], told(message["content"])) for message in messages]


def told(content):
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def test_a_background_response_is_one_call_with_the_answer_that_was_polled_for(recording, client):
    asked = client.responses.create(model="gpt-4o-mini", input="one?", background=True)
    while client.responses.retrieve(asked.id).status != "completed":
        pass
    client.responses.retrieve(asked.id)
    first, *polls = calls_of(recording, 4)
    assert (first["pending"], first["usage"]["input"], first["usage"]["output"]) == (False, 20, 10)
    assert said(first["call"]["input"]) == [("user", "one?")]
    assert said(first["call"]["output"]) == [("assistant", "This is answer 1.")]
    assert first["retrievals"] == [poll["call_id"] for poll in polls]
    assert {(poll["retrieves"], poll["usage"]["output"]) for poll in polls} == {(first["call_id"], None)}
    session = recording.json("sessions", "show", "held")
    assert (session["calls"], session["input_tokens"], session["output_tokens"]) == (4, 20, 10)
    assert session["total_cost"] > 0 and session["unpriced_calls"] == 0
    assert recording.cli("sessions", "show", "held").count("This is answer 1.") == 1
    assert "This is answer 1." in recording.cli("calls", "show", first["call_id"])


def test_a_stream_that_went_on_elsewhere_is_one_answer_with_each_event_once(recording, client):
    seen = []
    stream = client.responses.create(model="gpt-4o-mini", input="one?", background=True, stream=True)
    with pytest.raises(openai.APIError):
        seen += stream
    assert len(seen) == BREAK
    overlap = seen[-3].sequence_number  # the last two come again
    again = list(client.responses.retrieve("resp_1", stream=True, starting_after=overlap))
    assert [event.sequence_number for event in again[:2]] == [event.sequence_number for event in seen[-2:]]
    first, fetched = calls_of(recording, 2)
    assert said(first["call"]["output"]) == [("assistant", "This is answer 1.")]
    assert (first["partial"], first["usage"]["output"], fetched["usage"]["output"]) == (False, 10, None)
    assert fetched["retrieves"] == first["call_id"]
    assert recording.json("sessions", "show", "held")["output_tokens"] == 10
    assert recording.cli("sessions", "show", "held").count("This is answer 1.") == 1


def test_a_chain_of_responses_is_told_from_its_beginning(recording, client):
    previous = None
    for question in ("one?", "two?", "three?"):
        answer = client.responses.create(model="gpt-4o-mini", input=question, previous_response_id=previous)
        previous = answer.id
    *_, third = calls_of(recording, 3)
    assert said(third["call"]["input"]) == [("user", "three?")]
    assert said(third["history"]) == [
        ("user", "one?"),
        ("assistant", "This is answer 1."),
        ("user", "two?"),
        ("assistant", "This is answer 2."),
    ]
    assert not third["history_broken"]
    shown = recording.cli("calls", "show", third["call_id"])
    assert re.findall(r"one\?|answer 1|two\?|answer 2|three\?|answer 3", shown) == [
        "one?", "answer 1", "two?", "answer 2", "three?", "answer 3",
    ]  # fmt: skip
    whole = recording.cli("sessions", "show", "held")
    assert [whole.count(word) for word in ("one?", "answer 1.", "two?", "answer 3.")] == [1, 1, 1, 1]


def test_a_conversation_is_told_with_what_was_put_into_it(recording, client):
    made = client.conversations.create(items=[{"type": "message", "role": "user", "content": "I am Ada."}])
    for question in ("one?", "two?"):
        client.responses.create(model="gpt-4o-mini", input=question, conversation=made.id)
    *_, second = calls_of(recording, 3)
    assert said(second["history"]) == [
        ("user", "I am Ada."),
        ("user", "one?"),
        ("assistant", "This is answer 1."),
    ]
    assert not second["history_broken"]
    shown = recording.cli("calls", "show", second["call_id"])
    assert re.findall(r"Ada|one\?|answer 1|two\?|answer 2", shown) == ["Ada", "one?", "answer 1", "two?", "answer 2"]
