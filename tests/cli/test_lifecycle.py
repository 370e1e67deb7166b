"""`sessions close`, `reopen`, `changes`, where no sidecar runs."""

import json

from pandaprobe_proxy.store.lives import HookMark
from records import make_record


def test_a_session_is_closed_and_opened_again(terminal, place):
    place.put(make_record(session="trip-42"))
    place.writer.close()
    closed = terminal.run("sessions", "close", "trip")
    assert (closed.exit_code, closed.stdout, closed.stderr) == (0, "", "session trip-42 is closed\n")
    assert terminal.out("sessions", "show", "trip-42").splitlines()[1].startswith("closed, 1 calls")
    (listed,) = terminal.json("sessions", "ls", "--state", "closed")["items"]
    assert (listed["state"], listed["closing"]) == ("closed", False)
    assert terminal.json("sessions", "reopen", "trip-42")["state"] == "open"
    assert terminal.run("sessions", "reopen", "trip-42").stderr == "session trip-42 is open\n"
    lines = [json.loads(line) for line in terminal.out("sessions", "changes", "--json").splitlines()]
    assert [(line["change"], line["cause"]) for line in lines] == [
        ("opened", "call"),
        ("closed", "asked"),
        ("reopened", "asked"),
    ]


def test_what_runs_is_told_to_be_waited_for(terminal, place):
    place.open(make_record(session="trip-42").opened)
    place.writer.close()
    said = terminal.run("sessions", "close", "trip-42").stderr
    assert said == "session trip-42 closes, once its 1 running calls have ended\n"
    shown = terminal.out("sessions", "show", "trip-42").splitlines()[1]
    assert shown.startswith("open (closes once nothing of it runs), 1 calls")


def test_what_is_not_there_is_not_closed(terminal, place):
    assert terminal.fails("sessions", "close", "none")[0] == 3
    assert terminal.fails("sessions", "reopen", "none")[0] == 3


def test_changes_are_lines_to_read(terminal, place):
    place.put(make_record(session="a"), make_record(session="b"))
    place.writer.sweep(10**18)
    first, second = terminal.out("sessions", "changes").splitlines()
    assert first.split()[0] == "1" and first.endswith("opened     a  (call)")
    assert terminal.out("sessions", "changes", "--after", "1").splitlines() == [second]
    assert terminal.out("sessions", "changes", "--session", "a").splitlines() == [first]
    assert terminal.out("sessions", "changes", "-n", "1").splitlines() == [second]


def test_status_and_doctor_tell_how_hooks_do(terminal, place):
    place.put(make_record())
    place.writer.begin_hooks(["command good (1)", "https://bad.example (2)", "https://picky.example (3)"])
    place.writer.sweep(10**18)
    place.writer.mark_hook(HookMark("command good (1)", 1, told=1))
    place.writer.mark_hook(HookMark("https://bad.example (2)", 0, failures=3, error="it answered 503"))
    place.writer.mark_hook(HookMark("https://picky.example (3)", 1, given_up=1))
    shown = terminal.out("status")
    assert "hook       command good (1) told 1 changes, 0 to tell" in shown
    assert "https://bad.example (2) told 0 changes, 1 to tell, failing: it answered 503 (3 times)" in shown
    checks = terminal.run("doctor", "--json")
    hooks = [(check["state"], check["text"]) for check in json.loads(checks.stdout) if check["check"] == "hooks"]
    assert [state for state, _ in hooks] == ["ok", "warning", "warning"]
    assert "1 changes wait for it" in hooks[1][1] and "did not take 1" in hooks[2][1]
