"""Tables and views as people see them who open the file."""

import sqlite3

from pandaprobe_proxy.model.trace import Trace
from pandaprobe_proxy.store.sqlite.read import RAW_BYTES
from pandaprobe_proxy.store.sqlite.schema import migrate, migrations
from places import Place
from records import START_NS, make_record
from sqlite_utils import Database


def rows(place, statement):
    db = sqlite3.connect(f"file:{place.path}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    found = [dict(row) for row in db.execute(statement)]
    db.close()
    return found


def test_views_are_readable(place):
    place.put(make_record(at_ns=START_NS + 1_234_000))
    place.writer.put_trace(Trace("t", name="plan", started_ns=START_NS, session_id="s-1"), START_NS)
    (session,) = rows(place, "SELECT * FROM v_sessions")
    (call,) = rows(place, "SELECT * FROM v_calls")
    (trace,) = rows(place, "SELECT * FROM v_traces")
    assert session["started_at"] == "2023-11-14T22:13:20.000000Z"
    assert (call["session_id"], call["started_at"], call["duration_ms"]) == ("s-1", "2023-11-14T22:13:20.001234Z", 4.0)
    assert (call["model"], call["input_tokens"], call["usage_source"]) == ("m", 10, "reported")
    assert (trace["name"], trace["session_id"]) == ("plan", "s-1")


def test_migrating_again_changes_nothing(place):
    place.put(make_record())
    place.writer.close()
    db = sqlite3.connect(place.path, isolation_level=None)
    before = db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    migrate(db)
    assert db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before
    db.close()


def test_what_was_there_before_sessions_had_a_life_is_idle_and_not_told(tmp_path):
    path = tmp_path / "calls.db"
    db = sqlite3.connect(path, isolation_level=None)
    migrations.apply(Database(db), stop_before="m006_lifecycle")
    db.execute(
        "INSERT INTO sessions (session_id, source, confidence, started_ns, last_ns, calls)"
        " VALUES ('old', 'header', 1, ?, ?, 1)",
        (START_NS, START_NS + 7),
    )
    db.close()
    made = Place(path)
    made.writer.sweep(1)
    assert (made.reader().session("old").state, made.reader().changes(9)) == ("idle", [])
    made.put(make_record(session="old"))
    assert [change.change for change in made.reader().changes(9)] == ["reopened"]
    made.close()


def test_the_view_of_sessions_has_their_state_and_changes_have_one(place):
    place.put(make_record(session="a"))
    assert [row["state"] for row in rows(place, "SELECT state FROM v_sessions")] == ["open"]
    place.writer.sweep(0)
    assert [row["state"] for row in rows(place, "SELECT state FROM v_sessions")] == ["idle"]
    told = rows(place, "SELECT number, session_id, change, state, cause FROM v_changes")
    assert told == [
        {"number": 1, "session_id": "a", "change": "opened", "state": "open", "cause": "call"},
        {"number": 2, "session_id": "a", "change": "idle", "state": "idle", "cause": "gap"},
    ]


def test_the_status_adds_up_the_sizes_of_calls_by_an_index_alone(place):
    place.put(make_record())
    (step,) = rows(place, f"EXPLAIN QUERY PLAN {RAW_BYTES}")
    assert step["detail"] == "SCAN calls USING COVERING INDEX calls_by_bytes"
