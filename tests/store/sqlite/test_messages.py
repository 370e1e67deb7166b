"""Messages as rows."""

import sqlite3

from pandaprobe_proxy.model.call import Message, ToolCall
from pandaprobe_proxy.store.sqlite import messages as module
from pandaprobe_proxy.store.sqlite.messages import searchable
from records import make_record


def test_everything_that_was_said_can_be_searched():
    calls = (ToolCall("1", "look", '{"at":"nul\0"}'),)
    message = Message("assistant", "said", reasoning="thought", tool_calls=calls)
    assert searchable(message) == 'said\nthought\nlook {"at":"nul "}'


def test_of_very_many_messages_the_last_ones_are_found(place, monkeypatch):
    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    place.put(make_record([{"role": "user", "content": f"word{i}"} for i in range(5)], "fine"))
    found = [bool(place.reader().search(f"word{i}", 9)) for i in range(5)]
    assert found == [False, False, False, True, True]
    assert place.reader().search("fine", 9)


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
