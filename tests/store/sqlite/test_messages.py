"""Messages as rows."""

import sqlite3

from records import make_record


def test_a_key_is_never_used_twice(place):
    place.put(make_record([{"role": "user", "content": "one"}], "two", session="s-1"))
    place.writer.delete_session("s-1")
    place.put(make_record([{"role": "user", "content": "three"}], "four", session="s-2"))
    db = sqlite3.connect(place.path)
    assert [key for (key,) in db.execute("SELECT key FROM messages ORDER BY key")] == [3, 4]
    db.close()
    assert place.reader().search("one", 9) == []
    assert len(place.reader().search("three", 9)) == 1


def test_a_row_of_an_earlier_version_is_forgotten_with_its_words(place):
    place.put(make_record([{"role": "user", "content": "one"}], "two", session="s-1"))
    place.writer.close()
    db = sqlite3.connect(place.path)
    db.execute("UPDATE messages SET indexed = NULL")
    db.commit()
    db.close()
    place.again().delete_session("s-1")
    db = sqlite3.connect(place.path)
    assert db.execute("SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'one'").fetchall() == []
    db.close()
