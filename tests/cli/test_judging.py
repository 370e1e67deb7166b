"""`eval run` with a judge: its options, what it says, what it costs."""

import json

import pytest
from records import START_NS, make_record
from scripted_judge import answer_well

S = 1_000_000_000
PRICES = '{"judge-1": {"input": 1, "output": 10}}'
KEY = "sk-judge-0123456789abcdef"


def said(role, text=None, **more):
    return {"role": role, "content": text, **more}


def fill(place, session="trip"):
    """A session in which a tool fails, and the user comes back."""
    tool = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": '{"id": "W1234"}'}}
    first = [said("system", "Never cancel."), said("user", f"where is order W1234 of {session}?")]
    second = [*first, said("assistant", tool_calls=[tool]), said("tool", "Error: not found", tool_call_id="c1")]
    third = [*second, said("assistant", "It is lost."), said("user", "are you sure about that?")]
    place.put(
        make_record(first, said("assistant", tool_calls=[tool]), session=session),
        make_record(second, "It is lost.", session=session, at_ns=START_NS + S),
        make_record(third, "Yes, quite sure.", session=session, at_ns=START_NS + 2 * S),
    )


@pytest.fixture
def ask(terminal, judge):
    def run(*words, env=None, check=True):
        at = ["--judge-url", judge.url, "--judge-model", "judge-1"]
        done = terminal.run("eval", "run", *at, *words, env={"PANDAPROBE_PRICES": PRICES, **(env or {})})
        assert not check or done.exit_code == 0, done.stderr
        return done

    return run


def shown(terminal, session="trip"):
    return {item["name"]: item for item in terminal.json("eval", "show", session)["items"]}


def test_a_judge_looks_at_sessions_once_and_its_cost_is_told(terminal, place, judge, ask):
    fill(place)
    place.writer.close()
    done = ask("-e", "goal_completion")
    assert "judged 1 of 1 sessions, 1 judgements; 1 answers paid ($0.002, 1,100 tokens), 0 known before" in done.stderr
    assert "uncalibrated" in done.stderr and done.stdout == ""
    told = shown(terminal)["goal_completion"]
    assert (told["value"], told["label"]) == (1.0, "1 of 1: as it stands")
    assert told["counts"]["judge"] == {
        "model": "judge-1", "endpoint": "127.0.0.1", "setting": told["setting"], "answers": 1, "input_tokens": 1000,
        "output_tokens": 100, "cost": 0.002, "took_ms": told["counts"]["judge"]["took_ms"],
    }  # fmt: skip
    assert (told["evidence"][0]["message"], told["evidence"][0]["text"]) == (2, "where is order W1234 of trip?")
    again = ask("-e", "goal_completion", "--json")
    assert json.loads(again.stdout)["judge"]["due"] == 0
    assert len(judge.asked) == 1


def test_beside_the_evaluators_all_of_ours_are_asked_where_a_judge_is_set_up(terminal, place, judge, ask):
    fill(place)
    place.writer.close()
    ask()
    names = set(shown(terminal))
    assert {
        "loops",
        "goal_completion",
        "policy_adherence",
        "result_handling",
        "user_friction",
        "goal_progress",
    } <= names
    assert shown(terminal)["coherence_over_time"]["label"] == "fewer than 8 calls"
    assert {body["response_format"]["json_schema"]["name"] for body in judge.asked} == {
        "goal_completion", "policy_adherence", "result_handling", "recovery_quality", "user_friction",
        "efficiency_judge", "goal_progress",
    }  # fmt: skip
    ask("--no-judge", "-e", "loops")
    assert len(judge.asked) == 7


def blame(body):
    """Says that all has failed, and blames the agent's call."""
    if "`invalid_call`" not in body["messages"][1]["content"]:
        told = answer_well(body)
        return told | {"items": [item | {"status": "missed"} for item in told["items"]]}
    item = {"what": "it asks for W1234", "message": 3, "quote": '{"id": "W1234"}', "status": "invalid_call"}
    return answer_well(body) | {"items": [item]}


def test_of_a_session_that_failed_the_judge_says_where(terminal, place, judge, ask):
    fill(place)
    fill(place, "fine")
    place.writer.close()
    ask("-e", "goal_completion", "--session", "fine")
    judge.script = blame
    asked = len(judge.asked)
    done = ask("-e", "failure_attribution", "-e", "goal_completion")
    assert len(judge.asked) == asked + 1 + 3, "the judge itself has just said that one of them failed: three votes"
    told = shown(terminal)["failure_attribution"]
    assert (told["value"], told["label"]) == (None, "message 3: invalid_call (3 of 3 votes)")
    assert told["evidence"][0]["message"] == 3
    assert "failure_attribution" not in shown(terminal, "fine")
    assert "judged 1 of 1 sessions, 2 judgements" in done.stderr
    assert json.loads(ask("-e", "failure_attribution", "--json").stdout)["judge"]["due"] == 0


def test_people_can_say_that_a_session_failed(terminal, place, judge, ask):
    fill(place)
    place.writer.close()
    judge.script = blame
    assert json.loads(ask("-e", "failure_attribution", "--json").stdout)["judge"]["due"] == 0
    terminal.out("scores", "add", "success", "false", "--session", "trip")
    ask("-e", "failure_attribution")
    assert shown(terminal)["failure_attribution"]["counts"]["messages"] == {"3": 3}


def test_pandaprobes_own_judge_each_turn_and_make_its_session_metrics(terminal, place, judge, ask):
    judge.script = lambda body: answer_well(body, score=0.4)
    fill(place)
    place.writer.close()
    ask("-e", "pandaprobe", "-e", "agent_reliability", "-e", "agent_consistency")
    found = shown(terminal)
    assert len(found["confidence"]["counts"]["traces"]) == 2
    assert (found["confidence"]["value"], found["tool_correctness"]["value"]) == (0.4, 0.4)
    assert (found["agent_reliability"]["value"], found["agent_consistency"]["value"]) == (0.4, 0.2422)


def test_where_pandaprobes_signals_are_missing_its_metrics_wait_for_them(terminal, place, judge, ask):
    fill(place)
    place.writer.close()
    ask("-e", "confidence", "-e", "agent_reliability", "--budget-tokens", "1")
    assert "agent_reliability" not in shown(terminal)
    ask("-e", "confidence", "-e", "agent_reliability")
    assert shown(terminal)["agent_reliability"]["value"] == 0.75


def test_a_rubric_of_your_own_is_asked_in_your_words(terminal, place, judge, ask, tmp_path):
    fill(place)
    place.writer.close()
    rubric = tmp_path / "polite enough.md"
    rubric.write_text("Was the agent polite?")
    ask("--rubric", str(rubric), "-e", "polite_enough")
    assert "Was the agent polite?" in judge.asked[0]["messages"][1]["content"]
    assert shown(terminal)["polite_enough"]["value"] == 0.75
    rubric.write_text("Was the agent very polite?")
    ask("--rubric", str(rubric), "-e", "polite_enough")
    assert len(judge.asked) == 2


def test_judges_are_listed_beside_the_others_and_are_uncalibrated(terminal, place, ask):
    fill(place)
    place.writer.close()
    rows = {row["evaluator"]: row for row in terminal.json("eval", "ls")["items"]}
    row = rows["goal_completion"]
    assert (row["sessions"], row["calibrated"], row["from"]) == (0, "uncalibrated", "a judge, none is set up")
    ask("-e", "goal_completion")
    line = next(line for line in terminal.out("eval", "ls").splitlines() if line.startswith("goal_completion"))
    assert line.split()[:4] == ["goal_completion", "1", "1", "1.0"] and "uncalibrated" in line
    listed = terminal.run("eval", "ls", "--json", env={"PANDAPROBE_JUDGE_MODEL": "judge-1"}).stdout
    rows = {row["evaluator"]: row for row in json.loads(listed)["items"]}
    assert (rows["goal_completion"]["from"], rows["loops"]["calibrated"]) == ("a judge: judge-1", "-")


def test_the_key_is_sent_and_never_shown_or_kept(terminal, place, judge, ask):
    judge.script = lambda body: answer_well(body, reason=f"my key is {KEY}")
    fill(place)
    place.writer.close()
    done = ask("-e", "goal_completion", "--judge-key-env", "MY_KEY", env={"MY_KEY": KEY})
    assert judge.heads[0]["Authorization"] == f"Bearer {KEY}"
    text = done.stdout + done.stderr + terminal.out("eval", "show", "trip") + terminal.out("config", "show")
    assert KEY not in text and "my key is [key]" in text
    assert not any(KEY.encode() in file.read_bytes() for file in place.path.parent.iterdir() if file.is_file())


def test_a_judge_that_refuses_ends_the_run_and_says_what_to_look_at(terminal, place, judge, ask):
    judge.script = lambda body: (401, {}, {"error": {"message": f"Incorrect API key provided: {KEY}"}})
    fill(place)
    place.writer.close()
    done = ask("-e", "goal_completion", env={"PANDAPROBE_JUDGE_KEY": KEY}, check=False)
    assert (done.exit_code, KEY in done.stderr) == (1, False)
    assert "the judge at 127.0.0.1 answers 401: Incorrect API key provided: [key]; check --judge-url" in done.stderr


def test_a_judge_without_a_key_gets_none(place, judge, ask):
    fill(place)
    place.writer.close()
    ask("-e", "goal_completion")
    assert "Authorization" not in judge.heads[0]


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (["-e", "goal_completion"], {}, "a judge needs --judge-url and --judge-model; --judge-url is not set"),
        (["-e", "loops", "-e", "goal_completion"], {}, "--judge-url is not set"),
        (["--judge-url", "http://127.0.0.1:9"], {}, "--judge-model is not set"),
        (["--judge-url", "ftp://x"], {}, "judge_url = 'ftp://x' (flag --judge-url) cannot be used: it is a URL such"),
        (["--judge-url", "http://a:b@c"], {}, "without a name or password in it"),
        (["--judge-url", "http://x", "--judge-model", "m", "--judge-key-env", "NONE"], {}, "NONE is empty"),
        (["--judge-url", "http://x", "--judge-model", "m"], {"PANDAPROBE_JUDGE_KEY": "a b"}, "is no key"),
        (["--judge-url", "http://x", "--judge-model", "m", "--budget-usd", "1"], {}, "no price of 'm' is known"),
        (["--rubric", "/nowhere.md"], {}, "/nowhere.md cannot be read"),
        (["--votes", "0"], {}, "judge_votes = '0' (flag --votes) cannot be used"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nobody_is_asked(terminal, place, words, env, said):
    fill(place)
    place.writer.close()
    done = terminal.run("eval", "run", *words, env=env)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


def test_rubrics_need_words_and_a_name_of_their_own(terminal, place, tmp_path):
    place.writer.close()
    for name, text, told in (
        ("loops.md", "x", "there is an evaluator 'loops' already"),
        ("empty.md", " ", "some words"),
    ):
        (tmp_path / name).write_text(text)
        code, said = terminal.fails("eval", "run", "--rubric", str(tmp_path / name))
        assert (code, told in said) == (2, True)
