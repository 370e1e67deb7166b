"""`scores add` and `scores ls`."""

import getpass

import pytest
from records import make_record


def fill(place):
    (record,) = place.put(make_record(session="trip-42"))
    place.writer.close()
    return record.opened.id


def test_what_a_person_says_is_kept_with_its_history(terminal, place):
    fill(place)
    first = terminal.json("scores", "add", "success", "false", "--session", "trip", "--by", "anna")
    assert (first["session_id"], first["value"], first["data_type"]) == ("trip-42", "false", "BOOLEAN")
    assert (first["source"], first["author"]) == ("ANNOTATION", "anna")
    words = ["success", "true", "--session", "trip-42", "--by", "anna", "--reason", "the refund came"]
    assert "success true of session trip-42, by anna" in terminal.run("scores", "add", *words).stderr
    (stands,) = terminal.json("scores", "ls")["items"]
    assert (stands["value"], stands["reason"]) == ("true", "the refund came")
    assert [one["value"] for one in terminal.json("scores", "ls", "--history")["items"]] == ["false", "true"]
    line = terminal.out("scores", "ls", "--session", "trip").splitlines()[1]
    assert "success  true   session trip-42  anna  the refund came" in line
    assert [one["value"] for one in terminal.json("sessions", "show", "trip-42")["scores"]] == ["false", "true"]


def test_calls_and_traces_are_scored_too_by_programs(terminal, place):
    call = fill(place)
    terminal.out("scores", "add", "tone", "polite", "--span", call, "--program", "--by", "tone-bot")
    terminal.out("scores", "add", "tone", "0.5", "--trace", call)
    span, trace = terminal.json("scores", "ls", "--session", "trip-42")["items"]
    assert (span["span_id"], span["trace_id"], span["source"]) == (call, call, "PROGRAMMATIC")
    assert (trace["trace_id"], trace["author"], trace["data_type"]) == (call, getpass.getuser(), "NUMERIC")
    text = terminal.out("scores", "ls", "--by", "tone-bot")
    assert f"span {call}  tone-bot (program)" in text
    assert terminal.json("scores", "ls", "--name", "none")["items"] == []


def test_a_secret_in_a_reason_is_not_kept(terminal, place):
    fill(place)
    key = "sk-proj-" + "a1B2" * 12
    terminal.out("scores", "add", "ok", "1", "--session", "trip-42", "--reason", f"it used {key}")
    (score,) = terminal.json("scores", "ls")["items"]
    assert key not in score["reason"] and score["reason"].startswith("it used ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ok", "1"], 2, "one of --session, --trace and --span"),
        (["ok", "1", "--session", "trip", "--trace", "t"], 2, "one of --session, --trace and --span"),
        (["ok", "1", "--session", "none"], 3, "there is no session 'none'"),
        (["ok", "1", "--trace", "none"], 3, "there is no trace 'none'"),
        (["ok", "1", "--span", "none"], 3, "there is no span 'none'"),
        (["ok", " ", "--session", "trip"], 2, "this is no score: value: a CATEGORICAL is a word or more."),
        (["", "1", "--session", "trip"], 2, "this is no score: name: "),
    ],
)
def test_what_cannot_be_scored_says_why(terminal, place, words, code, said):
    fill(place)
    found, text = terminal.fails("scores", "add", *words)
    assert (found, said in text) == (code, True), text
