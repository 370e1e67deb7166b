"""What is stored of a record ahead of its commit."""

import sqlite3

import pytest
from pandaprobe_proxy.store.base import Budget
from pandaprobe_proxy.store.batch import Batch, Staged
from pandaprobe_proxy.store.sqlite import ahead as module
from places import RUN
from records import START_NS, make_record

OTHER_RUN = "0190a1b2-0000-7000-8000-00000000000b"
MESSAGES = [{"role": "user", "content": f"word{i} " + "x" * 100} for i in range(50)]


@pytest.fixture(autouse=True)
def small_shares(monkeypatch):
    monkeypatch.setattr(module, "SMALL_BYTES", 10_000)
    monkeypatch.setattr(module, "AT_ONCE_S", -1.0)


def rows(place, statement):
    db = sqlite3.connect(f"file:{place.path}?mode=ro", uri=True)
    found = db.execute(statement).fetchall()
    db.close()
    return found


def counts(place):
    return tuple(rows(place, f"SELECT count(*) FROM {table}")[0][0] for table in ("pieces", "messages"))


def prepare(place, record, most=1000):
    shares = 1
    while shares < most and place.writer.prepare(record):
        shares += 1
    return shares


def test_what_is_small_is_not_stored_ahead(place):
    assert place.writer.prepare(make_record([{"role": "user", "content": "hi"}])) is False
    assert counts(place) == (0, 0)


def test_a_record_is_stored_in_shares_and_the_commit_finds_it_all(place):
    record, plain = make_record(MESSAGES), make_record(MESSAGES, session="s-2")
    assert prepare(place, record) > 100
    before = counts(place)
    assert before[1] == 51
    place.put(record)
    assert counts(place) == before
    place.put(plain)
    assert {uses for (uses,) in rows(place, "SELECT uses FROM pieces")} <= {1, 2}
    reader = place.reader()
    first, second = (reader.call(each.opened.id) for each in (record, plain))
    assert first.request.data == second.request.data == b"".join(record.request.pieces)
    assert first.response.data == b"".join(record.response.pieces)
    assert len(reader.search("word7", 9)) == 2
    reader.close()


def test_no_reader_finds_what_is_stored_ahead(place):
    prepare(place, make_record(MESSAGES))
    reader = place.reader()
    assert (reader.search("word7", 9), reader.sessions(9), reader.counts().calls) == ([], [], 0)
    reader.close()


def test_a_commit_that_comes_early_stores_the_rest(place):
    record = make_record(MESSAGES)
    assert prepare(place, record, most=10) == 10
    place.put(record)
    reader = place.reader()
    assert reader.call(record.opened.id).request.data == b"".join(record.request.pieces)
    assert len(reader.search("word49", 9)) == 1
    reader.close()


def test_what_another_took_away_meanwhile_is_stored_again(place):
    first, second = make_record(MESSAGES, session="s-1"), make_record(MESSAGES, session="s-2")
    place.put(first)
    prepare(place, second)
    place.writer.delete_session("s-1")
    place.put(second)
    reader = place.reader()
    assert reader.call(second.opened.id).request.data == b"".join(second.request.pieces)
    assert len(reader.search("word7", 9)) == 1
    reader.close()


def test_a_record_that_is_done_again_after_a_crash_is_counted_once(place):
    record = make_record(MESSAGES)
    prepare(place, record, most=30)
    place.again().begin(RUN, START_NS)
    prepare(place, record)
    place.put(record)
    assert {uses for (uses,) in rows(place, "SELECT uses FROM pieces")} == {1}
    place.writer.delete_session("s-1")
    assert counts(place) == (0, 0)


@pytest.mark.parametrize("most", [30, 1000])
def test_a_record_that_is_given_up_leaves_nothing(place, most):
    record = make_record(MESSAGES)
    prepare(place, record, most)
    place.writer.commit(Batch(RUN, 7, discarded=(record.opened.id, "another")))
    assert counts(place) == (0, 0)
    assert rows(place, "SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'word7'") == []


def test_a_record_that_is_given_up_leaves_what_others_have(place):
    first, second = make_record(MESSAGES), make_record(MESSAGES)
    place.put(first)
    before = counts(place)
    prepare(place, second)
    place.put(discarded=(second.opened.id,))
    assert counts(place)[1] == before[1]
    reader = place.reader()
    assert reader.call(first.opened.id).request.data == b"".join(first.request.pieces)
    reader.close()


def test_what_a_recorder_that_died_left_goes_when_the_next_begins_the_same_run(place):
    record = make_record(MESSAGES)
    place.put(staged=(Staged(RUN, record.opened.id, b"sealed"),))
    before = counts(place)
    prepare(place, record)
    place.again().begin(RUN, START_NS)
    assert counts(place) == before


def test_what_a_run_left_goes_when_the_next_begins(place):
    kept, record = make_record([{"role": "user", "content": "kept"}]), make_record(MESSAGES)
    place.put(kept, staged=(Staged(RUN, record.opened.id, b"sealed"),))
    before = counts(place)
    prepare(place, record)
    place.again().begin(OTHER_RUN, START_NS)
    assert counts(place) == before
    assert place.writer.trim(Budget(), START_NS) is False
