"""A connection that is upgraded through a real sidecar: its turns are calls of its session."""

import json
import threading
from contextlib import contextmanager

from sidecar import sidecar, wait_until
from websockets.sync.client import connect
from websockets.sync.server import serve


def answer(name, text, generate=True):
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
    done = {"id": name, "status": "completed", "model": "gpt-4o", "output": [item] if generate else [], "usage": usage}
    yield {"type": "response.created", "response": {"id": name, "status": "in_progress", "model": "gpt-4o"}}
    yield {"type": "response.completed", "response": done if generate else done | {"usage": None}}


def respond(socket):
    """Answers each request; to `hang up` it only begins to."""
    for number, text in enumerate(socket, 1):
        asked = json.loads(text)
        events = list(answer(f"resp_{number}", f"answer {number}", asked.get("generate") is not False))
        for event in events[:1] if asked["input"] == "hang up" else events:
            socket.send(json.dumps(event))


def run(url, *requests, session="s-ws"):
    with connect(url, additional_headers={"X-PandaProbe-Session": session}) as socket:
        for request in requests:
            socket.send(json.dumps({"type": "response.create", "model": "gpt-4o", **request}))
            for _ in range(1 if request["input"] == "hang up" else 2):
                socket.recv(timeout=10)


@contextmanager
def recorded(directory):
    """A sidecar before an upstream that speaks Responses over WebSocket."""
    server = serve(respond, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with sidecar(directory, f"http://127.0.0.1:{server.socket.getsockname()[1]}") as recording:
            recording.ready()
            yield recording
    finally:
        server.shutdown()
        thread.join()


def test_turns_on_a_websocket_are_calls_with_their_history(tmp_path):
    with recorded(tmp_path / "data") as recording:
        secret = "sk-canary-0123456789abcdefABCDEF0123456789abcdefAB"
        run(
            recording.url.replace("http", "ws") + "/responses",
            {"instructions": "Be brief.", "input": f"My key is {secret}.", "generate": False},
            {"input": "one", "previous_response_id": "resp_1"},
            {"input": "two", "previous_response_id": "resp_2"},
            {"input": "hang up", "previous_response_id": "resp_3"},
        )
        status = recording.settled(calls=1)
        assert (status["relayed"], status["recorded"]) == (1, 1)
        session = recording.json("sessions", "show", "s-ws")
        shown = recording.cli("sessions", "show", "s-ws")
        rows = {row["turn"]: row for row in session["calls_list"] if row["connection"]}
        second = recording.json("calls", "show", rows[2]["call_id"])
        refused = recording.cli("calls", "show", rows[2]["call_id"], "--request", check=False)
        found = recording.json("search", "two")["items"]
        stepped = recording.json("redecode")
        again = recording.json("sessions", "show", "s-ws")
        deleted = recording.json("sessions", "delete", "s-ws", "--yes")
        left = recording.json("calls", "ls")["items"]
    (connection,) = [row for row in session["calls_list"] if row["turns"] is not None]
    assert (connection["turns"], connection["usage"]["input"], connection["operation"]) == (3, None, "connection")
    assert sorted(rows, key=str) == [1, 2, 3, None] and rows[None]["operation"] == "prewarm"
    assert {row["connection"] for row in rows.values()} == {connection["call_id"]}
    assert (session["calls"], session["input_tokens"], session["models"]) == (4, 40, ["gpt-4o"])
    assert session["total_cost"] > 0 and rows[1]["cost"]["total"] > 0
    assert rows[3]["partial"] and not rows[2]["partial"]
    assert [message["content"] for message in second["call"]["input"]] == ["two"]
    before = [message["role"] for message in second["history"]]
    assert before == ["system", "user", "user", "assistant"] and not second["history_broken"]
    assert second["history"][2]["content"] == "one" and "canary" not in json.dumps(second)
    assert refused.returncode == 1 and connection["call_id"] in refused.stderr
    assert found[0]["call_id"] == rows[2]["call_id"]
    assert f"turn 2 of connection {connection['call_id']}" in shown and shown.count("Be brief.") == 1
    assert stepped["stale"] == 0 and again == session
    assert deleted["calls"] == 4 and left == []


def count_turns(recording):
    return sum(row["connection"] is not None for row in recording.json("calls", "ls")["items"])


def test_turns_of_a_connection_are_shown_while_it_is_open(tmp_path):
    with recorded(tmp_path / "data") as recording:
        headers = {"X-PandaProbe-Session": "s-open"}
        with connect(recording.url.replace("http", "ws") + "/responses", additional_headers=headers) as socket:
            for count, text in enumerate(("one", "two"), 1):
                socket.send(json.dumps({"type": "response.create", "model": "gpt-4o", "input": text}))
                socket.recv(timeout=10), socket.recv(timeout=10)
                wait_until(lambda count=count: count_turns(recording) == count)
            open_session = recording.json("sessions", "show", "s-open")
            status = recording.json("status")
            shown = recording.cli("sessions", "show", "s-open")
            turns = [row["call_id"] for row in open_session["calls_list"] if row["connection"]]
        recording.settled(calls=1)
        session = recording.json("sessions", "show", "s-open")
    assert (open_session["calls"], open_session["open_calls"], open_session["output_tokens"]) == (2, 1, 10)
    assert (status["relayed"], status["recorded"], status["in_flight"]) == (1, 0, 1)
    assert "answer 1" in shown and "answer 2" in shown
    assert (session["calls"], session["open_calls"], session["output_tokens"]) == (2, 0, 10)
    assert turns == [row["call_id"] for row in session["calls_list"] if row["connection"]]
