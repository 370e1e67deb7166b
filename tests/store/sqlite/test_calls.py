"""Calls as rows: pieces once, whatever repeats them."""

import itertools
import sqlite3

from records import START_NS, make_record


def count(place, table):
    db = sqlite3.connect(f"file:{place.path}?mode=ro", uri=True)
    (number,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    db.close()
    return number


def test_a_history_that_is_resent_is_kept_once(place):
    history, sizes = [], []
    for step in range(20):
        history += [{"role": "user", "content": f"question {step} " + "with some words " * 20}]
        record = make_record(list(history), f"answer {step}", at_ns=START_NS + step)
        place.put(record)
        sizes.append(count(place, "pieces"))
        history += [{"role": "assistant", "content": f"answer {step}"}]
    assert max(later - earlier for earlier, later in itertools.pairwise(sizes)) <= 3
    stored = [place.reader().call(row.call_id) for row in place.reader().calls(99, session_id="s-1")]
    assert [len(call.call.input) for call in stored] == [2 * step + 1 for step in range(20)]


def test_a_message_is_indexed_once_per_text(place):
    place.put(*(make_record([{"role": "user", "content": "same"}], "same answer", session=f"s{i}") for i in range(5)))
    assert count(place, "messages") == 2
    assert count(place, "session_messages") == 10
