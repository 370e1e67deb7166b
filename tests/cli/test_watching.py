"""`eval watch`."""

import json

from pandaprobe_proxy.app.evaluating import Flaw
from pandaprobe_proxy.cli.watching import describe
from records import make_record


def fill(place, *sessions):
    for session in sessions:
        place.put(make_record(session=session))
        place.writer.close_session(session)
    place.writer.sweep(10**18)


def test_what_is_due_is_judged_and_told(terminal, place):
    fill(place, "a", "b")
    place.writer.close()
    assert "evaluated 2 sessions, 32 judgements" in terminal.run("eval", "watch", "--once").stderr
    assert terminal.run("eval", "watch", "--once").stderr == ""


def test_programs_read_a_line_for_each(terminal, place):
    fill(place, "a")
    place.writer.close()
    (line,) = terminal.out("eval", "watch", "--once", "--json", "-e", "loops").splitlines()
    assert json.loads(line) == {"judged": 1, "kept": 1, "reopened": [], "flaws": []}


def test_a_store_that_cannot_be_written_ends_it_if_it_is_so_from_the_start(terminal, place):
    fill(place, "a")
    code, said = terminal.fails("eval", "watch", "--once")
    assert (code, "already writes to" in said) == (4, True)


def test_an_evaluator_that_failed_is_a_sentence():
    flaw = Flaw("odd", "trip", "KeyError: 'x'")
    assert describe(flaw) == "odd failed on session trip: KeyError: 'x'; what it said elsewhere is kept."
    assert "on session trip and 2 others: " in describe(Flaw("odd", "trip", "KeyError: 'x'", 3))
