"""A canary key, sent in every place where a key can be, is found nowhere on disk, in logs, or in what is printed."""

import http.client
import json
import subprocess
from pathlib import Path

from terminal import Terminal

CANARY = "sk-canary-0123456789abcdefABCDEF"
ODD = "odd.credential~of no shape"  # known only because the app authenticated with it


def post(recording, path, body, headers):
    connection = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=10)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, data


def everything(recording, directory):
    """All bytes under the data directory and its log, and all that the command line prints."""
    files = {path: path.read_bytes() for path in Path(directory).rglob("*") if path.is_file()}
    terminal = Terminal(recording.directory)
    printed = [terminal.out("sessions", "ls"), terminal.out("status"), terminal.run("doctor").output]
    for call in recording.json("calls", "ls")["items"]:
        printed += [
            terminal.out("calls", "show", call["call_id"], "--json"),
            terminal.out("calls", "show", call["call_id"]),
        ]
        printed.append(terminal.out("sessions", "show", call["session_id"]))
    return {**files, "printed": "\n".join(printed).encode(), "log": recording.log.read_bytes()}


def say(text):
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def test_a_canary_is_found_nowhere(recording, upstream, tmp_path):
    bearer = {"Authorization": f"Bearer {CANARY}"}
    places = [
        ("/v1/chat/completions", say("hello"), bearer),
        ("/v1/chat/completions", say("hello"), {"X-Api-Key": CANARY, "Api-Key": CANARY, "Cookie": f"k={CANARY}"}),
        ("/v1/chat/completions", say(f"my key is {CANARY}"), {}),
        (
            "/v1/chat/completions",
            {**say("x"), "api_key": CANARY, "tools": [{"headers": {"Authorization": CANARY}}]},
            {},
        ),
        (f"/v1/chat/completions?key={CANARY}&api-key={CANARY}", say("x"), {}),
        ("/v1/chat/completions", say("x"), {"X-PandaProbe-Metadata": json.dumps({"k": CANARY}), "User-Agent": CANARY}),
        ("/v1/chat/completions", say("x"), {"X-PandaProbe-Session": CANARY, "X-PandaProbe-User": CANARY}),
        ("/v1/chat/completions", say("x"), {"X-PandaProbe-Tags": CANARY, "X-Anything": CANARY}),
        ("/v1/chat/completions", say(f"it is {ODD}"), {"Authorization": ODD, "X-PandaProbe-Session": ODD}),
        (f"/v1/unknown/{CANARY}", {"any": CANARY}, {}),
    ]
    for path, body, headers in places:
        post(recording, path, body, headers)
    upstream.echo = f"the key is {CANARY} indeed"
    assert CANARY.encode() in post(recording, "/v1/chat/completions", say("x"), bearer)[1]
    post(recording, "/v1/chat/completions", {**say("x"), "stream": True}, bearer)
    upstream.status = 401
    status, answer = post(recording, "/v1/chat/completions", say("x"), bearer)
    assert status == 401 and CANARY.encode() in answer
    total = len(places) + 3
    recording.settled(calls=total)
    found = everything(recording, tmp_path)
    for name, data in found.items():
        assert CANARY.encode() not in data, name
        assert ODD.encode() not in data, name
        assert CANARY[3:].encode() not in data, name
    assert b"[redacted" in found["printed"]
    assert len(recording.json("calls", "ls", "--limit", "100")["items"]) == total


def test_a_canary_that_the_model_says_letter_by_letter_is_found_nowhere(recording, upstream, tmp_path):
    upstream.echo = " ".join(["the", "key:", CANARY[:7]]) + " "
    import openai_upstream

    words = ["say ", *CANARY, " now"]
    original = openai_upstream.stream_of

    def letter_by_letter(asked, text, number):
        for chunk in original(asked, "x", number):
            if isinstance(chunk, dict) and chunk["choices"] and chunk["choices"][0]["delta"].get("content") == "x":
                for word in words:
                    yield {**chunk, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
            else:
                yield chunk

    openai_upstream.stream_of = letter_by_letter
    try:
        status, answer = post(
            recording, "/v1/chat/completions", {**say("x"), "stream": True}, {"Authorization": "Bearer x"}
        )
    finally:
        openai_upstream.stream_of = original
    assert status == 200 and answer.count(b"data: ") > 30
    recording.settled(calls=1)
    (call,) = recording.json("calls", "ls")["items"]
    said = recording.json("calls", "show", call["call_id"])["call"]["output"][0]["content"]
    assert said == "say " + "x" * len(CANARY) + " now"
    stored = subprocess.run(["grep", "-rlF", CANARY, str(tmp_path)], capture_output=True, text=True).stdout
    assert stored == ""


def test_a_canary_in_flight_is_not_readable_on_disk_either(recording, upstream, tmp_path):
    upstream.pause_s = 0.2
    upstream.echo = " ".join([CANARY] * 20)
    connection = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=10)
    body = json.dumps({**say(f"with {CANARY}"), "stream": True})
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {CANARY}"})
    connection.getresponse().read(2000)
    from sidecar import wait_until

    wait_until(lambda: recording.json("calls", "ls")["items"])
    for path in Path(tmp_path).rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    connection.close()


def test_what_the_store_keeps_is_for_its_owner_only(recording):
    post(recording, "/v1/chat/completions", say("x"), {})
    recording.settled(calls=1)
    assert recording.directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in recording.directory.iterdir()} == {0}


def test_what_a_credential_endpoint_says_is_found_nowhere(recording, upstream, tmp_path):
    asked, answered = "told only to mint a token", "ephemeral and of no shape at all"
    upstream.echo = answered
    paths = ["/v1/realtime/client_secrets", "/openai/v1/organization/admin_api_keys", "/v1/webhook_endpoints/w/rotate"]
    for path in paths:
        status, answer = post(recording, path, {"model": "m", "name": asked}, {"Authorization": f"Bearer {CANARY}"})
        assert status == 200 and answered.encode() in answer
    recording.settled(calls=len(paths))
    for name, data in everything(recording, tmp_path).items():
        assert asked.encode() not in data, name
        assert answered.encode() not in data, name
    calls = recording.json("calls", "ls")["items"]
    shown = [recording.json("calls", "show", call["call_id"]) for call in calls]
    assert [(call["status"], call["request"]["withheld"], call["response"]["withheld"]) for call in shown] == [
        (200, "credentials", "credentials")
    ] * len(paths)
    assert all(call["response"]["size"] > 100 and call["response"]["kept"] == 0 for call in shown)
