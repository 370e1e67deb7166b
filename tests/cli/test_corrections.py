"""`sessions merge`, `rename`, `split`, `assign`, `undo` and `corrections`."""

from records import START_NS, make_record


def fill(place):
    return place.put(
        make_record(session="trip-42"), make_record(session="trip-43", at_ns=START_NS + 10**9),
        make_record(session="trip-43", at_ns=START_NS + 2 * 10**9),
    )  # fmt: skip


def sessions(terminal):
    return {item["session_id"]: item["calls"] for item in terminal.json("sessions", "ls")["items"]}


def test_a_merge_is_told_listed_and_undone(terminal, place):
    fill(place)
    place.writer.close()
    told = terminal.run("sessions", "merge", "trip-43", "trip-42").output
    assert "correction 1: merge trip-43 → trip-42, 2 calls; `sessions undo` takes it back" in told
    assert sessions(terminal) == {"trip-42": 3}
    assert "merged into session trip-42" in terminal.out("sessions", "show", "trip-43")
    assert "took back correction 1" in terminal.run("sessions", "undo").output
    assert sessions(terminal) == {"trip-42": 1, "trip-43": 2}
    (made,) = terminal.json("sessions", "corrections")["items"]
    assert (made["moved"], made["correction"]["kind"], made["undone_at"] is None) == (2, "merge", False)
    assert "merge trip-43 → trip-42" in terminal.out("sessions", "corrections")


def test_a_session_is_renamed_split_and_given_calls(terminal, place):
    one, _, three = fill(place)
    place.writer.close()
    terminal.out("sessions", "rename", "trip-42", "first")
    terminal.out("sessions", "split", "trip-43", three.opened.id, "last")
    assert sessions(terminal) == {"first": 1, "trip-43": 1, "last": 1}
    made = terminal.json("sessions", "assign", "last", one.opened.id)
    assert (made["moved"], sessions(terminal)) == (1, {"trip-43": 1, "last": 2})


def test_what_makes_no_sense_says_why(terminal, place):
    fill(place)
    place.writer.close()
    done = terminal.run("sessions", "rename", "trip-42", "trip-43")
    assert (done.exit_code, "there is a session trip-43 already" in done.output) == (1, True)
    done = terminal.run("sessions", "rename", "trip-42", " ")
    assert (done.exit_code, "visible text" in done.output) == (2, True)
    done = terminal.run("sessions", "undo")
    assert (done.exit_code, "no correction to undo" in done.output) == (3, True)
