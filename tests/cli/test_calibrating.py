"""`eval calibrate`."""

import json

import pytest
from pandaprobe_proxy.model.score import Judgement, Score
from pandaprobe_proxy.store.judged import Choice, Judged
from records import START_NS, make_record

S = 1_000_000_000


def fill(place, count=60, told=lambda number: 0.9 if number % 3 else 0.1):
    """Sessions that an evaluator has judged; every third one is bad."""
    for number in range(count):
        place.put(make_record(session=f"s{number:02}", at_ns=START_NS + number * S))
    contents = dict(place.reader().contents(Choice()))
    place.writer.put_judged(
        [
            Judged(f"s{number:02}", contents[f"s{number:02}"], "x", Judgement("mine", 2, told(number), "told"), 9)
            for number in range(count)
        ]
    )


def label(tmp_path, count=60):
    file = tmp_path / "labels.csv"
    rows = "".join(f"s{number:02},{'good' if number % 3 else 'bad'}\n" for number in range(count))
    file.write_text(f"session_id,label\n{rows}")
    return str(file)


def test_an_evaluator_is_held_against_labels_and_the_store_keeps_what_came_of_it(terminal, place, tmp_path):
    fill(place, told=lambda number: 0.9 if number % 3 and number % 7 else 0.1)
    place.writer.close()
    png = tmp_path / "curve.png"
    (found,) = terminal.json("eval", "calibrate", "--labels", label(tmp_path), "--png", str(png))["items"]
    told = found["calibration"]
    assert (found["name"], found["version"], found["setting"], found["labels"]) == ("mine", 2, "x", "labels.csv")
    assert (told["good"], told["bad"], told["tnr"]["value"]) == (40, 20, 1.0)
    assert told["corrected"]["value"] == pytest.approx(2 / 3)
    assert png.read_bytes().startswith(b"\x89PNG")
    text = terminal.run("eval", "calibrate", "--labels", label(tmp_path))
    assert "mine  AUC 0.9" in text.stdout and "good in truth: 0.667 [" in text.stdout
    assert "0.9–1.0" in text.stdout and "60 labels are few" in text.stderr
    (row,) = [row for row in terminal.json("eval", "ls")["items"] if row["evaluator"] == "mine"]
    assert row["calibrated"].startswith("AUC 0.9")


def test_one_that_may_be_guessing_gives_no_number(terminal, place, tmp_path):
    fill(place, told=lambda number: 0.9 if number % 2 else 0.1)
    place.writer.close()
    text = terminal.out("eval", "calibrate", "--labels", label(tmp_path), "-e", "mine")
    assert "no corrected rate: it may be guessing: AUC 0.50" in text
    assert "good in truth" not in text
    (row,) = [row for row in terminal.json("eval", "ls")["items"] if row["evaluator"] == "mine"]
    assert row["calibrated"] == "no better than chance"


def test_what_an_evaluator_says_now_may_be_another_thing(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    terminal.out("eval", "calibrate", "--labels", label(tmp_path))
    place.again()
    contents = dict(place.reader().contents(Choice()))
    for session_id, content in contents.items():
        judgement = Judgement("mine", 3, 0.5, "anew")
        place.writer.put_judged([Judged(session_id, content, "x", judgement, 10)])
    place.writer.close()
    (row,) = [row for row in terminal.json("eval", "ls")["items"] if row["evaluator"] == "mine"]
    assert row["calibrated"] == "as it was before"


def test_labels_may_be_scores_that_people_gave(terminal, place):
    fill(place)
    for number in range(60):
        value, session_id = ("true" if number % 3 else "false"), f"s{number:02}"
        place.writer.add_score(Score(session_id, "success", value, "BOOLEAN", 5, session_id=session_id, author="anna"))
    place.writer.close()
    (found,) = terminal.json("eval", "calibrate", "--score", "success")["items"]
    assert (found["labels"], found["calibration"]["auc"]["value"]) == ("success", 1.0)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "say where the labels are"),
        (["--labels", "a", "--score", "b"], 2, "say where the labels are"),
        (["--labels", "nowhere.csv"], 2, "nowhere.csv cannot be read"),
        (["--score", "none"], 1, "no evaluator has judged ten sessions that are labelled good"),
        (["--score", "none", "-e", "loops"], 1, "loops has judged too few of the labelled sessions"),
    ],
)
def test_what_cannot_be_calibrated_says_what_to_do(terminal, place, words, code, said):
    fill(place, count=2)
    place.writer.close()
    found, text = terminal.fails("eval", "calibrate", *words)
    assert (found, said in text) == (code, True)


def test_a_file_or_picture_that_cannot_be_used_says_why(terminal, place, tmp_path):
    fill(place)
    place.writer.close()
    odd = tmp_path / "odd.jsonl"
    odd.write_text(json.dumps({"session_id": "a", "label": "maybe"}))
    code, text = terminal.fails("eval", "calibrate", "--labels", str(odd))
    assert (code, "odd.jsonl: line 1: 'maybe' says neither good nor bad." in text) == (2, True)
    code, text = terminal.fails("eval", "calibrate", "--labels", label(tmp_path), "--png", "/nowhere/x.png")
    assert (code, "/nowhere/x.png cannot be written" in text) == (1, True)
