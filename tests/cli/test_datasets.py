"""`sessions export` and `eval file`."""

import gzip
import json

import pytest
from pandaprobe_proxy.model.score import Score
from records import START_NS, make_record

S = 1_000_000_000
TOOL = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": '{"id": "W1234"}'}}
DEFINED = [{"type": "function", "function": {"name": "get_order", "parameters": {"type": "object"}}}]


def fill(place, session="trip"):
    asked = [{"role": "user", "content": "where is order W1234?"}]
    asks = {"role": "assistant", "content": None, "tool_calls": [TOOL]}
    more = [*asked, asks, {"role": "tool", "content": "Error: not found", "tool_call_id": "c1"}]
    about = {"session": session, "tools": DEFINED, "headers": ((b"X-PandaProbe-Tags", b"prod"),)}
    place.put(make_record(asked, asks, **about), make_record(more, "It is lost.", at_ns=START_NS + S, **about))


def by_session(items):
    return {(item["session_id"], item["name"]): (item["value"], item["label"], item["evidence"]) for item in items}


def test_sessions_are_exported_with_what_was_said_of_them_and_judged_as_in_the_store(terminal, place, tmp_path):
    fill(place)
    fill(place, "other")
    place.writer.add_score(Score("1", "success", "false", "BOOLEAN", 5, session_id="trip", author="anna"))
    place.writer.close()
    terminal.out("eval", "run")
    out = tmp_path / "all.jsonl.gz"
    assert "wrote 2 sessions" in terminal.run("sessions", "export", "--out", str(out)).stderr
    trip, other = map(json.loads, gzip.decompress(out.read_bytes()).splitlines())
    assert [trip["session_id"], other["session_id"]] == ["trip", "other"]
    assert [message["role"] for message in trip["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert (trip["tags"], trip["scores"][0]["author"], len(trip["judgements"])) == (["prod"], "anna", 16)
    assert trip["tools"] == DEFINED
    stored = [item for name in ("trip", "other") for item in terminal.json("eval", "show", name)["items"]]
    judged = terminal.json("eval", "file", str(out))["items"]
    assert by_session(judged) == by_session(stored)
    table = terminal.out("eval", "file", str(out), "-e", "tool_errors").splitlines()
    assert table[1].split() == ["tool_errors", "2", "2", "0.000"]


def test_some_are_exported_to_standard_output(terminal, place):
    fill(place)
    place.put(make_record(session="plain"))
    place.writer.close()
    (line,) = terminal.out("sessions", "export", "--where", "tag:prod").splitlines()
    assert json.loads(line)["session_id"] == "trip"


def test_what_a_program_wants_is_one_document(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    out = str(tmp_path / "some.jsonl")
    assert terminal.json("sessions", "export", "--out", out) == {"sessions": 1, "file": out}


def test_messages_alone_are_judged_and_judgements_are_written(terminal, place, tmp_path):
    place.writer.close()
    file, out = tmp_path / "own.jsonl", tmp_path / "scores.jsonl"
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [TOOL]},
        {"role": "tool", "content": "Error: no", "tool_call_id": "c1"},
        {"role": "assistant", "content": "sorry"},
    ]
    file.write_text(json.dumps({"session_id": "one", "messages": messages}) + "\n\n")
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps([{"name": "no orders", "never_call": "get_order"}]))
    words = ["eval", "file", str(file), "--out", str(out), "--assertions", str(asked), "--budget", "calls=1"]
    terminal.out(*words)
    told = {line["name"]: line for line in map(json.loads, out.read_text().splitlines())}
    assert (told["tool_errors"]["value"], told["assertions"]["value"], told["efficiency"]["value"]) == (0.0, 0.0, 0.5)


def test_an_own_evaluator_that_fails_is_told_of(terminal, place, tmp_path):
    place.writer.close()
    own, file = tmp_path / "odd.py", tmp_path / "one.jsonl"
    own.write_text("NAME, VERSION = 'odd', 1\ndef evaluate(session):\n    return 1 / 0\n")
    file.write_text(json.dumps({"session_id": "one", "messages": []}))
    assert (
        "odd failed on session one: ZeroDivisionError" in terminal.run("eval", "file", str(file), "-e", str(own)).stderr
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "bad.jsonl, line 1: it is no JSON."),
        ('{"session_id": "a", "messages": []}\n[]', "bad.jsonl, line 2: a session is an object with messages."),
    ],
)
def test_a_file_that_is_none_says_in_which_line(terminal, place, tmp_path, text, said):
    place.writer.close()
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    code, told = terminal.fails("eval", "file", str(file))
    assert (code, said in told) == (2, True)


def test_a_file_that_cannot_be_read_or_written_says_why(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    assert "nowhere.jsonl cannot be read: No such file" in terminal.fails("eval", "file", "nowhere.jsonl")[1]
    broken = tmp_path / "b.jsonl.gz"
    broken.write_bytes(b"no gzip")
    assert "cannot be read: Not a gzipped file" in terminal.fails("eval", "file", str(broken))[1]
    done = terminal.run("sessions", "export", "--out", "/nowhere/x.jsonl")
    assert (done.exit_code, "/nowhere/x.jsonl cannot be written" in done.stderr) == (1, True)
