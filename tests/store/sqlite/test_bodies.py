import sqlite3

import pytest
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite import bodies
from pandaprobe_proxy.store.sqlite.bodies import Bodies
from pandaprobe_proxy.store.sqlite.codec import Codec
from records import START_NS, make_record

LONG = "a system prompt that is long enough to be a piece of its own. " * 40


@pytest.fixture
def stored(place):
    """(connection, codec, rows of request recipes, the bytes that they stand for, statements so far)."""
    history = [{"role": "system", "content": LONG}]
    records = []
    for turn in range(4):
        history = [*history, {"role": "user", "content": f"{turn} {LONG}"}]
        records.append(make_record(history, at_ns=START_NS + turn))
    place.put(*records)
    db = sqlite3.connect(place.path)
    (dictionary,) = db.execute("SELECT data FROM dictionaries").fetchone()
    recipes = [row[0] for row in db.execute("SELECT request FROM calls ORDER BY started_ns")]
    said = [place.reader().call(record.opened.id).request.data for record in records]
    yield db, Codec(dictionary), recipes, said
    db.close()


def read_all(stored):
    """The bodies, and how many pieces were asked for."""
    db, codec, recipes, _ = stored
    asked = []
    db.set_trace_callback(asked.append)
    made = Bodies(db, codec)
    return [made.read(recipe, None, 1).data for recipe in recipes], asked


def test_a_piece_that_several_bodies_have_is_read_once(stored):
    data, asked = read_all(stored)
    assert data == stored[3] and LONG.encode() in data[0]
    assert len(asked) == len(set(asked)) > 0


def test_what_there_is_no_room_for_is_read_again(stored, monkeypatch):
    monkeypatch.setattr(bodies, "HELD_BYTES", 0)
    data, asked = read_all(stored)
    assert data == stored[3]
    assert len(asked) > len(set(asked))


def test_a_piece_that_is_missing_is_told_of(stored):
    db, codec, recipes, _ = stored
    db.execute("DELETE FROM pieces")
    with pytest.raises(StoreError, match="the store is damaged"):
        Bodies(db, codec).read(recipes[-1], None, 1)
    assert Bodies(db, codec).read(None, None, 0).data == b""
