"""Pieces of bodies as rows."""

import random
import sqlite3

from pandaprobe_proxy.store.sqlite import pieces as module
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.pieces import MOST_BYTES, Pieces, name_pieces
from records import make_record


def uses(place):
    db = sqlite3.connect(f"file:{place.path}?mode=ro", uri=True)
    rows = db.execute("SELECT uses FROM pieces").fetchall()
    db.close()
    return sorted(count for (count,) in rows)


def test_a_long_piece_is_several_and_a_tiny_one_has_no_name():
    named = list(name_pieces([b"x" * (2 * MOST_BYTES + 1), b"y" * 100]))
    assert [len(piece) for piece, _ in named] == [MOST_BYTES, MOST_BYTES, 1, 100]
    assert [len(name) for _, name in named] == [16, 16, 0, 16]
    assert named[0][1] == named[1][1] != named[3][1]


def test_a_body_of_long_pieces_is_read_back_byte_for_byte(place, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    data = random.Random(1).randbytes(10_500)
    record = make_record(response=data, type=b"audio/mpeg")
    place.put(record)
    assert place.reader().call(record.opened.id).response.data == data


def test_what_is_stored_ahead_is_used_once_it_is_used():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE pieces (key INTEGER PRIMARY KEY, digest BLOB UNIQUE, uses INTEGER, data BLOB)")
    pieces = Pieces(db, Codec(b"x" * 100))
    (piece, name), (other, odd) = name_pieces([b"a" * 100, b"b" * 100])
    for _ in range(2):
        pieces.add(name, piece)
    pieces.add(odd, other)
    assert [pieces.use(name, piece), pieces.use(name, piece), pieces.use(b"", b"tiny")] == [1, 1, b"tiny"]
    for each in (name, odd):
        pieces.drop_unused(each)
    assert db.execute("SELECT key, uses FROM pieces").fetchall() == [(1, 2)]
    db.close()
