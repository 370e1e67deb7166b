"""`status`: the loss numbers, with or without a sidecar."""

from pathlib import Path

from records import make_record
from terminal import Terminal


def test_without_a_sidecar_the_last_runs_numbers_are_shown(terminal, place):
    place.put(make_record(), counters={"relayed": 3, "dropped": {"ring_full": 1}}, dropped={"capture_off": 1})
    status = terminal.json("status")
    assert (status["running"], status["relayed"], status["recorded"], status["adds_up"]) == (False, 3, 1, True)
    assert status["dropped"] == {"capture_off": 1, "ring_full": 1}
    shown = terminal.out("status")
    assert "dropped    2 (capture_off 1, ring_full 1)" in shown
    assert "1 calls in 1 sessions" in shown


def test_numbers_that_do_not_add_up_are_said_to(terminal, place):
    place.put(make_record(), counters={"relayed": 5, "dropped": {}})
    assert "adds up    NO" in terminal.out("status")


def test_without_a_store_it_says_what_to_do(tmp_path):
    code, said = Terminal(Path(tmp_path / "none")).fails("status")
    assert code == 4
    assert "there is no store at" in said and "start a sidecar" in said
