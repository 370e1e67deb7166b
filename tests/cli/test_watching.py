"""`eval watch`."""

import json

from pandaprobe_proxy.app.evaluating import Flaw
from pandaprobe_proxy.app.standing_judge import AT_ONCE
from pandaprobe_proxy.cli.watching import describe
from records import make_record
from scripted_judge import answer_well


def fill(place, *sessions):
    for session in sessions:
        place.put(make_record([{"role": "user", "content": f"this is {session}"}], session=session))
        place.writer.close_session(session)
    place.writer.sweep(10**18)


def test_what_is_due_is_judged_and_told(terminal, place):
    fill(place, "a", "b")
    place.writer.close()
    assert "evaluated 2 sessions, 32 judgements" in terminal.run("eval", "watch", "--once").stderr
    assert "nothing is due" in terminal.run("eval", "watch", "--once").stderr


def test_programs_read_a_line_for_each(terminal, place):
    fill(place, "a")
    place.writer.close()
    (line,) = terminal.out("eval", "watch", "--once", "--json", "-e", "loops").splitlines()
    assert json.loads(line) == {"judged": 1, "kept": 1, "reopened": [], "flaws": []}


def watch(terminal, judge, *words):
    done = terminal.run(
        "eval", "watch", "--once", "--judge-url", judge.url, "--judge-model", "judge-1", *words,
        env={"PANDAPROBE_PRICES": '{"judge-1": {"input": 1, "output": 10}}'},
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return done


def shown(terminal, session):
    return {item["name"]: item for item in terminal.json("eval", "show", session)["items"]}


def test_a_judge_is_asked_about_sessions_that_are_over_some_at_a_look_and_once_only(terminal, place, judge):
    fill(place, *(f"s{number:02}" for number in range(AT_ONCE + 2)))
    place.put(make_record(session="open"))
    place.writer.close()
    told = watch(terminal, judge, "-e", "goal_completion").stderr.splitlines()
    assert ["judged 10 of 10" in told[0], "judged 2 of 2" in told[1], len(told)] == [True, True, 2]
    assert len(judge.asked) == AT_ONCE + 2 and not shown(terminal, "open")
    assert "nothing is due" in watch(terminal, judge, "-e", "goal_completion").stderr
    assert len(judge.asked) == AT_ONCE + 2


def test_its_budget_is_for_the_whole_watch(terminal, place, judge):
    fill(place, *(f"s{number:02}" for number in range(AT_ONCE + 2)))
    place.writer.close()
    told = watch(terminal, judge, "-e", "goal_completion", "--budget-tokens", "12100", "-e", "loops").stderr
    assert "evaluated 12 sessions, 12 judgements" in told and "stopped: the budget is used up" in told
    assert AT_ONCE - 1 <= len(judge.asked) < AT_ONCE + 2


def test_what_cannot_be_read_keeps_nobody_else_waiting(terminal, place, judge):
    judge.script = lambda body: "no" if "s0" in body["messages"][1]["content"] else answer_well(body)
    fill(place, *(f"s0-{number}" for number in range(AT_ONCE)), "s1")
    place.writer.close()
    told = watch(terminal, judge, "-e", "goal_completion").stderr
    assert "no score: goal_completion of s0-" in told
    assert shown(terminal, "s1")["goal_completion"]["value"] == 1.0


def test_pandaprobes_metrics_follow_what_the_judge_has_said(terminal, place, judge):
    fill(place, "a")
    place.writer.close()
    told = watch(terminal, judge, "-e", "pandaprobe", "-e", "agent_reliability").stderr
    assert "evaluated 1 sessions, 1 judgements" in told
    assert shown(terminal, "a")["agent_reliability"]["value"] is not None


def test_a_judge_that_refuses_is_told_and_asked_again_later(terminal, place, judge):
    fill(place, "a")
    place.writer.close()
    judge.script = lambda body: (401, {}, {"error": {"message": "no such key"}})
    told = watch(terminal, judge, "-e", "goal_completion", "-e", "loops").stderr
    assert "evaluated 1 sessions, 1 judgements" in told and "It is asked again in a few minutes." in told


def test_programs_read_what_a_judge_has_said_and_cost(terminal, place, judge):
    fill(place, "a")
    place.writer.close()
    (line,) = watch(terminal, judge, "-e", "goal_completion", "--json").stdout.splitlines()
    assert json.loads(line)["judge"]["kept"] == 1 and json.loads(line)["judge"]["usd"] == 0.002


def test_a_store_that_cannot_be_written_ends_it_if_it_is_so_from_the_start(terminal, place):
    fill(place, "a")
    code, said = terminal.fails("eval", "watch", "--once")
    assert (code, "already writes to" in said) == (4, True)


def test_an_evaluator_that_failed_is_a_sentence():
    flaw = Flaw("odd", "trip", "KeyError: 'x'")
    assert describe(flaw) == "odd failed on session trip: KeyError: 'x'; what it said elsewhere is kept."
    assert "on session trip and 2 others: " in describe(Flaw("odd", "trip", "KeyError: 'x'", 3))
