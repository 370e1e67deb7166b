"""Calls as agents send them, through a real sidecar: each in the session that it names, known by what named it."""

import http.client
import json

import pytest
from sidecar import sidecar

UUID = "0190b7a0-1111-7000-8000-00000000000"
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
CLAUDE_USER = f"user_{'0a' * 32}_account__session_{UUID}7"


def ask(recording, path=CHAT, headers=None, **fields):
    said = {"input": "hi"} if path == RESPONSES else {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}
    connection = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=10)
    sent = {"Content-Type": "application/json", "Authorization": "Bearer sk-agent-0123456789abcdef", **(headers or {})}
    connection.request("POST", path, json.dumps({"model": "m", **said, **fields}), sent)
    response = connection.getresponse()
    assert response.status == 200 and response.read()
    connection.close()


def places(recording):
    """(session, source) of every call, by the user that it was made for."""
    calls = recording.json("calls", "ls")["items"]
    return {call["user_id"]: (call["session_id"], call["source"]) for call in calls}


AGENTS = [
    ("Claude Code", MESSAGES, {"X-Claude-Code-Session-Id": UUID + "1"}, {}, (UUID + "1", "agent")),
    ("Claude Code before", MESSAGES, {}, {"metadata": {"user_id": CLAUDE_USER}}, (UUID + "7", "body")),
    ("Codex", RESPONSES, {"session_id": UUID + "2"}, {"prompt_cache_key": UUID + "9"}, (UUID + "2", "agent")),
    ("OpenCode", CHAT, {"x-session-id": "ses_1", "x-opencode-request": "msg_1"}, {}, ("ses_1", "agent")),
    ("another agent", CHAT, {"X-Acme-Session-Id": "acme-run-1"}, {}, ("acme-run-1", "agent")),
    ("Helicone", CHAT, {"Helicone-Session-Id": "trip"}, {}, ("trip", "agent")),
    ("OpenTelemetry", CHAT, {"baggage": "user.id=u,session.id=otel%201;p"}, {}, ("otel 1", "baggage")),
    ("LiteLLM", CHAT, {}, {"litellm_session_id": "lite"}, ("lite", "body")),
    ("Langfuse", CHAT, {}, {"metadata": {"langfuse_session_id": "fuse"}}, ("fuse", "body")),
    ("a held conversation", RESPONSES, {}, {"conversation": {"id": "conv_1"}}, ("conv_1", "body")),
    ("my own", CHAT, {"X-My-Run": "run-1", "Helicone-Session-Id": "trip"}, {}, ("run-1", "header")),
    ("ours", CHAT, {"X-PandaProbe-Session": "p", "X-Session-Id": "q"}, {"session_id": "r"}, ("p", "header")),
]


@pytest.fixture
def recording(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url, "--session-header", "X-My-Run") as running:
        yield running


def test_each_agent_is_in_the_session_that_it_names(recording):
    for agent, path, headers, fields, _ in AGENTS:
        ask(recording, path, {**headers, "X-PandaProbe-User": agent}, **fields)
    recording.settled(calls=len(AGENTS))
    assert places(recording) == {agent: place for agent, *_, place in AGENTS}


def test_two_agents_that_take_turns_are_kept_apart_and_each_goes_on(recording):
    for _ in range(3):
        ask(recording, MESSAGES, {"X-Claude-Code-Session-Id": UUID + "1"})
        ask(recording, MESSAGES, metadata={"user_id": json.dumps({"session_id": UUID + "2"})})
    recording.settled(calls=6)
    sessions = {item["session_id"]: item["calls"] for item in recording.json("sessions", "ls")["items"]}
    assert sessions == {UUID + "1": 3, UUID + "2": 3}


def test_no_id_of_one_request_and_no_word_for_nothing_makes_a_session(recording):
    ask(recording, headers={"X-Client-Request-Id": UUID + "1", "X-Task-Id": "nightly"})
    ask(recording, headers={"X-Session-Id": "undefined"}, prompt_cache_key="shared", user="u-1")
    ask(recording, headers={"X-Session-Id": "null"}, prompt_cache_key="shared", session_id="none")
    recording.settled(calls=3)
    items = recording.json("calls", "ls")["items"]
    assert [call["source"] for call in items] == ["default_new"] * 3
    assert len({call["session_id"] for call in items}) == 3


def test_every_candidate_of_the_headers_is_shown_with_its_confidence(recording):
    ask(recording, headers={"X-Session-Id": "null", "X-Session-Affinity": "aff", "Helicone-Session-Id": "trip"})
    recording.settled(calls=1)
    (call,) = recording.json("calls", "ls")["items"]
    shown = recording.json("calls", "show", call["call_id"])
    assert [(clue["value"], clue["valid"]) for clue in shown["resolution"]["clues"]] == [
        ("trip", True),
        ("null", False),
        ("aff", True),
    ]
    assert shown["resolution"]["confidence"] == 0.97
    assert shown["warnings"] == []


def test_headers_of_agents_reach_the_provider_and_ours_do_not(recording, upstream):
    ask(recording, headers={"Helicone-Session-Id": "trip", "X-PandaProbe-Parent-Session": "outer", "X-My-Run": "r"})
    names = {name.lower() for name, _ in upstream.seen[0].headers}
    assert {"helicone-session-id", "x-my-run"} <= names
    assert not [name for name in names if name.startswith("x-pandaprobe")]
