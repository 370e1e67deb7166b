"""`eval learn`: an evaluator from labels of one's own."""

import json

import pytest
from pandaprobe_proxy.evaluate.learned import FEWEST
from records import START_NS, make_record

S = 1_000_000_000


def fill(place, count):
    """Sessions of which every other one comes to nothing, and says so."""
    for number in range(count):
        asked = [{"role": "user", "content": f"please cancel order number {number % 7}"}]
        said = "Your order is cancelled, and the money is on its way." if number % 2 else "Sorry, I cannot do that."
        place.put(make_record(asked, said, session=f"s{number:03}", at_ns=START_NS + number * S))
    place.writer.close()


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.jsonl"
    lines = [json.dumps({"session_id": f"s{number:03}", "label": bool(number % 2)}) for number in range(FEWEST)]
    path.write_text("\n".join(lines))
    return path


def test_what_was_learnt_judges_other_sessions_and_its_worth_is_told(terminal, place, labels):
    fill(place, FEWEST + 2)
    told = terminal.run("eval", "learn", "--labels", str(labels))
    assert told.exit_code == 0 and "learned  AUC 1.000" in told.stdout, told.stderr
    assert (terminal.directory / "learned.json").stat().st_mode & 0o777 == 0o600
    terminal.out("eval", "run", "-e", "learned", "--session", f"s{FEWEST}")
    terminal.out("eval", "run", "-e", "learned", "--session", f"s{FEWEST + 1}")
    worse, better = (terminal.json("eval", "show", f"s{number}")["items"][0] for number in (FEWEST, FEWEST + 1))
    assert worse["value"] < 0.5 < better["value"]
    assert (worse["label"], better["label"]) == ("likely bad", "likely good")
    (row,) = [one for one in terminal.json("eval", "ls")["items"] if one["evaluator"] == "learned"]
    assert (row["sessions"], row["from"]) == (2, "learnt from labels") and row["calibrated"].startswith("AUC 1.00")
    code, said = terminal.fails("eval", "calibrate", "--labels", str(labels), "-e", "learned")
    assert (code, "`eval learn` tells its worth" in said) == (1, True)
    assert "forgotten" in terminal.run("eval", "learn", "--forget").stderr
    assert "nothing was learnt" in terminal.run("eval", "learn", "--forget").stderr
    code, said = terminal.fails("eval", "run", "-e", "learned")
    assert (code, "there is no evaluator 'learned'" in said) == (2, True)


def test_too_few_labels_teach_nothing(terminal, place, labels):
    fill(place, 20)
    code, said = terminal.fails("eval", "learn", "--labels", str(labels))
    assert (code, "20 labelled sessions are too few to learn from; label 200 or more." in said) == (1, True)
    assert not (terminal.directory / "learned.json").exists()


def test_labels_have_to_be_somewhere(terminal, place):
    place.writer.close()
    code, said = terminal.fails("eval", "learn")
    assert (code, "--labels FILE, or --score NAME" in said) == (2, True)


def test_a_file_that_is_no_model_is_told_and_the_others_are_there(terminal, place):
    fill(place, 1)
    (terminal.directory / "learned.json").write_text('{"form": 0}')
    told = terminal.run("eval", "run", "-e", "loops")
    assert told.exit_code == 0
    assert "learned.json is no evaluator: it is of another version" in told.stderr
