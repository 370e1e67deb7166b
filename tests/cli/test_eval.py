"""`eval run`, `ls`, `show` and `gate`."""

import json

import pytest
from pandaprobe_proxy.model.score import Score
from records import START_NS, make_record

S = 1_000_000_000


def said(role, text=None, **more):
    return {"role": role, "content": text, **more}


def fill(place, session="trip", answer="That is all."):
    """A session whose one tool fails and is not tried again."""
    tool = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": '{"id": "W1234"}'}}
    asked = [said("user", "where is order W1234?")]
    more = [*asked, said("assistant", tool_calls=[tool]), said("tool", "Error: not found", tool_call_id="c1")]
    headers = ((b"X-PandaProbe-User", b"anna"),)
    place.put(
        make_record(asked, said("assistant", tool_calls=[tool]), session=session, headers=headers),
        make_record(more, answer, session=session, at_ns=START_NS + S, headers=headers),
    )


def evaluated(terminal, *words):
    return terminal.json("eval", "run", *words)


def shown(terminal, session):
    return {item["name"]: item for item in terminal.json("eval", "show", session)["items"]}


def test_sessions_are_evaluated_once(terminal, place):
    fill(place)
    fill(place, "other")
    place.writer.close()
    first = evaluated(terminal)
    assert (first["sessions"], first["evaluated"]) == (2, 2)
    assert evaluated(terminal) == {"sessions": 2, "evaluated": 0, "judgements": 0}
    assert "2 were evaluated already" in terminal.run("eval", "run").stderr


def test_what_is_said_is_shown_with_the_message_that_proves_it(terminal, place):
    fill(place)
    place.writer.close()
    terminal.out("eval", "run")
    errors = shown(terminal, "trip")["tool_errors"]
    assert (errors["value"], errors["label"], errors["stale"]) == (0.0, "1 of 1 results are errors", False)
    assert errors["evidence"][0]["message"] == 3
    text = terminal.out("eval", "show", "tri")
    assert "tool_errors  0.000  1 of 1 results are errors  (version 1, " in text
    assert "message 3 of call" in text and "get_order failed: Error: not found" in text
    assert "assertions  null  no assertions" in text


def test_a_session_that_went_on_is_evaluated_again_and_stale_till_then(terminal, place):
    fill(place)
    place.writer.close()
    terminal.out("eval", "run", "-e", "loops")
    place.again()
    place.put(make_record(session="trip", at_ns=START_NS + 9 * S))
    place.writer.close()
    assert "stale: of the session as it was before" in terminal.out("eval", "show", "trip")
    assert evaluated(terminal, "-e", "loops")["judgements"] == 1
    assert not shown(terminal, "trip")["loops"]["stale"]


def test_other_budgets_and_assertions_are_another_question(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    terminal.out("eval", "run")
    toml = tmp_path / "asked.toml"
    toml.write_text('[[assertions]]\nname = "no look-ups"\nnever_call = "get_order"\n')
    done = evaluated(terminal, "--budget", "calls=1", "--assertions", str(toml))
    assert done == {"sessions": 1, "evaluated": 1, "judgements": 2}
    found = shown(terminal, "trip")
    assert (found["efficiency"]["value"], found["assertions"]["label"]) == (0.5, "broken: no look-ups")
    listed = tmp_path / "asked.json"
    listed.write_text(json.dumps([{"name": "says all", "must_say": "all"}]))
    terminal.out("eval", "run", "--assertions", str(listed))
    assert shown(terminal, "trip")["assertions"]["label"] == "all 1 hold"


def test_sessions_are_chosen(terminal, place):
    fill(place)
    place.put(make_record(session="other", at_ns=START_NS + 90 * 86_400 * S, model="big"))
    place.writer.close()
    for words in (["--session", "tri"], ["--where", "user=anna"], ["--where", "model:m", "--where", "calls=2"]):
        assert evaluated(terminal, "-e", "loops", *words)["sessions"] == 1
    assert evaluated(terminal, "-e", "loops", "--since", "2024-01-01")["sessions"] == 1
    assert evaluated(terminal, "-e", "loops", "--since", "1h")["sessions"] == 0
    rows = terminal.json("eval", "ls", "--since", "2024-01-01T00:00:00+00:00")["items"]
    assert {row["evaluator"]: row["sessions"] for row in rows if row["sessions"]} == {"loops": 1}


def test_the_evaluators_are_listed_with_what_they_say(terminal, place):
    fill(place)
    place.writer.close()
    assert {row["sessions"] for row in terminal.json("eval", "ls")["items"]} == {0}
    assert "nothing is said of it yet" in terminal.run("eval", "show", "trip").stderr
    terminal.out("eval", "run")
    line = next(line for line in terminal.out("eval", "ls").splitlines() if line.startswith("tool_errors"))
    assert line.split() == ["tool_errors", "1", "1", "0.0", "1", "0", "trip", "-", "built", "in"]
    (score, *_) = [
        item for item in terminal.json("sessions", "show", "trip")["scores"] if item["name"] == "tool_errors"
    ]
    assert (score["value"], score["source"]) == ("0", "AUTOMATED")


def test_what_others_have_scored_of_traces_makes_pandaprobes_own_metrics(terminal, place):
    fill(place)
    (trace, _) = place.reader().traces("trip")
    for name, value in (("confidence", "0.25"), ("coherence", "0.9"), ("mine", "0")):
        place.writer.add_score(Score(name, name, value, "NUMERIC", 5, trace_id=trace.trace_id))
    place.writer.close()
    terminal.out("eval", "run")
    found = shown(terminal, "trip")
    assert (found["agent_reliability"]["value"], found["agent_consistency"]["value"]) == (0.25, 0.175)


def test_a_gate_lets_through_what_is_good_enough(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    terminal.out("eval", "run")
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
    words = ["--fail-under", "completion_integrity=0.9", "--junit", str(junit), "--markdown", str(markdown)]
    assert "| completion_integrity | 1 | 1.000 | 1.000 | 0.9 | passed |" in terminal.out("eval", "gate", *words)
    assert 'failures="0"' in junit.read_text() and "passed" in markdown.read_text()
    assert terminal.json("eval", "gate", "--strict", "--fail-under", "completion_integrity=1")["passed"]


def test_a_gate_ends_with_5_and_says_what_is_under(terminal, place):
    fill(place)
    place.writer.close()
    terminal.out("eval", "run")
    done = terminal.run("eval", "gate", "--fail-under", "tool_errors=0.5", "--fail-under", "drift=0.1")
    assert done.exit_code == 5
    assert "tool_errors: mean 0.000 is under 0.5; drift: 0 sessions have a value, 1 are needed; " in done.stderr
    assert "`eval ls` lists the scores that there are." in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "-e", "luck"], "there is no evaluator 'luck'; there are tool_errors, "),
        (["run", "-e", "luck"], "; and judges, which `eval run` and `eval watch` ask: goal_completion, "),
        (["run", "--where", "colour=red"], "--where 'colour=red' is not understood: there is no 'colour' to filter by"),
        (["run", "--since", "soon"], "--since 'soon' is no time"),
        (["run", "--budget", "calls=few"], "--budget 'calls=few' is not understood"),
        (["run", "--assertions", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["gate", "--fail-under", "loops"], "--fail-under 'loops' is not understood"),
    ],
)
def test_what_is_not_understood_says_what_would_be(terminal, place, words, said):
    place.writer.close()
    code, text = terminal.fails("eval", *words)
    assert (code, said in text) == (2, True)


def test_a_file_of_assertions_that_is_none_says_why(terminal, place, tmp_path):
    place.writer.close()
    odd = tmp_path / "odd.json"
    for text, said in (("{", "odd.json: "), ('[{"name": "a"}]', "'a' asks for nothing")):
        odd.write_text(text)
        code, told = terminal.fails("eval", "run", "--assertions", str(odd))
        assert (code, said in told) == (2, True)


def test_a_report_that_cannot_be_written_says_so(terminal, place):
    place.writer.close()
    done = terminal.run("eval", "gate", "--fail-under", "loops=0", "--junit", "/nowhere/gate.xml")
    assert (done.exit_code, "/nowhere/gate.xml cannot be written" in done.stderr) == (1, True)


def test_a_run_that_was_stopped_goes_on_where_it_was(terminal, place):
    from pandaprobe_proxy.app.evaluating import AT_ONCE

    place.put(*(make_record(session=f"s{number:03}", at_ns=START_NS + number * S) for number in range(AT_ONCE + 25)))
    place.writer.close()
    from pandaprobe_proxy.app.evaluating import Asked, evaluate
    from pandaprobe_proxy.cli.options import load_settings
    from pandaprobe_proxy.evaluate.registry import choose
    from pandaprobe_proxy.store.judged import Choice

    asked, settings = Asked(Choice(), choose(["loops"])), load_settings(data_dir=str(terminal.directory))

    def stop(progress):
        if progress.judged:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(settings, asked, stop)
    assert evaluated(terminal, "-e", "loops") == {
        "sessions": AT_ONCE + 25,
        "evaluated": 25,
        "judgements": 25,
    }


def test_what_was_judged_by_an_evaluator_that_is_gone_is_listed(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    own = tmp_path / "own.py"
    own.write_text("NAME, VERSION = 'brief', 1\ndef evaluate(session):\n    return len(session.lines) < 9\n")
    assert evaluated(terminal, "-e", str(own)) == {"sessions": 1, "evaluated": 1, "judgements": 1}
    (row,) = [row for row in terminal.json("eval", "ls")["items"] if row["evaluator"] == "brief"]
    assert (row["mean"], row["from"]) == (1.0, "not there now")


OWN = """
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "brief", 1


def evaluate(session: Session) -> Judgement:
    long = [line for line in session.answers if len(line.text) > 5]
    proofs = tuple(line.quote() for line in long)
    return Judgement(NAME, VERSION, float(not long), f"{len(long)} long answers", {}, proofs)
"""


def test_a_users_own_evaluator_is_listed_beside_ours_and_judges_anew_when_its_code_changes(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    own, env = tmp_path / "brief.py", {"PANDAPROBE_EVALUATORS": str(tmp_path / "brief.py")}
    own.write_text(OWN)
    terminal.out("eval", "run", env=env)
    found = shown(terminal, "trip")["brief"]
    assert (found["value"], found["label"], found["evidence"][0]["text"]) == (0.0, "1 long answers", "That is all.")
    rows = json.loads(terminal.out("eval", "ls", "--json", env=env))["items"]
    assert {row["evaluator"]: row["from"] for row in rows}["brief"] == str(own)
    assert "0 judgements" in terminal.run("eval", "run", env=env).stderr
    own.write_text(own.read_text().replace("> 5", "> 500"))
    assert "1 judgements" in terminal.run("eval", "run", env=env).stderr
    assert shown(terminal, "trip")["brief"]["value"] == 1.0


def test_an_own_evaluator_that_fails_is_told_of_and_stops_no_other(terminal, place, tmp_path):
    fill(place)
    fill(place, "other")
    place.writer.close()
    own = tmp_path / "odd.py"
    own.write_text("NAME, VERSION = 'odd', 1\ndef evaluate(session):\n    return session.nothing\n")
    done = terminal.run("eval", "run", "-e", str(own), "-e", "loops")
    assert done.exit_code == 1
    assert "odd failed on session trip and 1 others: AttributeError: 'Session' object has no attribute" in done.stderr
    assert set(shown(terminal, "trip")) == {"loops"}


def test_an_own_file_that_is_no_evaluator_says_so(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    own = tmp_path / "none.py"
    own.write_text("VERSION = 1\n")
    code, said = terminal.fails("eval", "run", "-e", str(own))
    assert (code, f"{own} is no evaluator: it needs a NAME" in said) == (2, True)
    done = terminal.run("eval", "run", "-e", "loops", env={"PANDAPROBE_EVALUATORS": str(own)})
    assert (done.exit_code, "Warning: " in done.stderr, "1 judgements" in done.stderr) == (0, True, True)
