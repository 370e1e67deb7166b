"""`eval compare`."""

import json
from dataclasses import replace

from pandaprobe_proxy.model.score import Score
from records import START_NS, make_record

S = 1_000_000_000
ERROR = {"role": "tool", "content": "Error: not found", "tool_call_id": "c1"}
FINE = {"role": "tool", "content": "it is fine", "tool_call_id": "c1"}


def fill(place, tag, results, tasks=8, key="task_id", first=0):
    tool = {"id": "c1", "type": "function", "function": {"name": "get_order", "arguments": "{}"}}
    for number in range(first, first + tasks):
        metadata = json.dumps({key: f"t{number}"}).encode()
        headers = ((b"X-PandaProbe-Tags", tag.encode()), (b"X-PandaProbe-Metadata", metadata))
        asked = [{"role": "user", "content": f"order {number}?"}, {"role": "assistant", "tool_calls": [tool]}, results]
        place.put(make_record(asked, session=f"{tag}-{number}", headers=headers, at_ns=START_NS + number * S))


def test_what_got_worse_in_every_task_is_told(terminal, place):
    fill(place, "main", FINE)
    fill(place, "branch", ERROR)
    place.writer.close()
    terminal.out("eval", "run")
    found = {one["name"]: one for one in terminal.json("eval", "compare", "tag:main", "tag:branch")["items"]}
    errors = found["tool_errors"]
    assert (errors["tasks"], errors["before"], errors["after"], errors["mcnemar"]) == (8, 1.0, 0.0, 2 / 256)
    assert not found["completion_integrity"]["differs"]
    done = terminal.run("eval", "compare", "tag:main", "tag:branch")
    assert "-1.000 [-1.000, -1.000]" in done.stdout
    assert done.stderr.startswith("differs: ")


def test_the_same_against_itself_differs_in_nothing(terminal, place):
    fill(place, "main", FINE)
    place.writer.close()
    terminal.out("eval", "run")
    assert "nothing, as far as so many tasks can show" in terminal.run("eval", "compare", "tag:main", "model:m").stderr


def test_what_cannot_be_compared_says_what_to_do(terminal, place):
    fill(place, "main", FINE, tasks=2)
    place.writer.close()
    code, said = terminal.fails("eval", "compare", "tag:main", "tag:main")
    assert (code, "name tasks in X-PandaProbe-Metadata as task_id" in said) == (1, True)
    code, said = terminal.fails("eval", "compare", "cost>much", "tag:main")
    assert (code, "BEFORE 'cost>much' is not understood" in said) == (2, True)


def test_what_names_the_task_may_be_another_key(terminal, place):
    fill(place, "main", FINE, key="case")
    fill(place, "branch", ERROR, key="case")
    place.writer.close()
    terminal.out("eval", "run", "-e", "tool_errors")
    (one,) = terminal.json("eval", "compare", "tag:main", "tag:branch", "--by", "case")["items"]
    assert (one["tasks"], one["paired"], one["mcnemar"]) == (8, True, 2 / 256)
    table = terminal.out("eval", "compare", "tag:main", "tag:branch", "--by", "case")
    assert "0.0078" in table.splitlines()[1]


def test_sets_without_tasks_in_common_are_compared_without_pairs_and_that_is_said(terminal, place):
    fill(place, "main", FINE)
    fill(place, "branch", ERROR, first=20)
    place.writer.close()
    terminal.out("eval", "run", "-e", "tool_errors")
    (one,) = terminal.json("eval", "compare", "tag:main", "tag:branch")["items"]
    assert (one["paired"], one["differs"], one["mcnemar"]) == (False, True, None)
    assert (
        "without pairing, which finds far less: tool_errors"
        in terminal.run("eval", "compare", "tag:main", "tag:branch").stderr
    )


def test_what_people_say_of_sessions_is_compared_too(terminal, place):
    fill(place, "main", FINE)
    fill(place, "branch", FINE)
    for number in range(8):
        for tag, value in (("main", "true"), ("branch", "false")):
            session = f"{tag}-{number}"
            score = Score(session, "success", value, "BOOLEAN", 5, session_id=session, author="anna")
            place.writer.add_score(score)
            place.writer.add_score(replace(score, score_id=f"{session}-b", author="ben"))
    place.writer.close()
    (one,) = terminal.json("eval", "compare", "tag:main", "tag:branch")["items"]
    assert (one["name"], one["before"], one["after"], one["tasks"]) == ("success (given)", 1.0, 0.0, 8)
