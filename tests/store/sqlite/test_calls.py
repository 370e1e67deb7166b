"""Calls as rows: pieces once, whatever repeats them."""

import itertools
import json
import random
import sqlite3
from base64 import b64encode
from dataclasses import replace

from pandaprobe_proxy.model.call import Cost, Message, ToolCall, Usage
from pandaprobe_proxy.store.searched import searchable
from records import START_NS, make_record


def count(place, table):
    return total(place, f"SELECT count(*) FROM {table}")


def total(place, statement):
    db = sqlite3.connect(f"file:{place.path}?mode=ro", uri=True)
    (number,) = db.execute(statement).fetchone()
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


def test_what_can_be_searched_of_a_message():
    message = Message(
        role="assistant",
        content="said",
        reasoning="thought",
        tool_calls=(ToolCall(id="1", name="look", arguments='{"at":"nul\0"}'),),
    )
    assert searchable(message) == 'said\nthought\nlook {"at":"nul "}'


def test_an_image_that_is_resent_is_kept_once_whatever_is_around_it(place):
    image = b64encode(random.Random(1).randbytes(300_000)).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}
    told = [
        make_record(
            [{"role": "user", "content": [{"type": "text", "text": f"question {i}"}, part]}], at_ns=START_NS + i
        )
        for i in range(10)
    ]
    place.put(*told)
    assert sum(len(b"".join(record.request.pieces)) for record in told) > 10 * len(image)
    assert total(place, "SELECT sum(length(data)) FROM pieces") < 1.1 * 300_000
    for record in told:
        assert place.reader().call(record.opened.id).request.data == b"".join(record.request.pieces)


def test_base64_in_a_text_is_not_searched(place):
    image = b64encode(b"word" * 2000).decode()
    text = f"needle ![x](data:image/png;base64,{image}) thread"
    arguments = ToolCall("1", "look", json.dumps({"screenshot": image}))
    assert searchable(Message("user", text)) == "needle ![x](data:image/png;base64,) thread"
    assert searchable(Message("user", image)) == ""
    assert searchable(Message("user", tool_calls=(arguments,))) == 'look {"screenshot": ""}'
    place.put(make_record([{"role": "user", "content": text}]))
    assert place.reader().search("needle", 5) and not place.reader().search(image[:60], 5)


def test_what_costs_nothing_is_not_unpriced(place):
    def put(**changes):
        record = make_record(session="s")
        place.put(replace(record, call=replace(record.call, cost=None, **changes)))
        return place.reader().session("s").unpriced

    assert put(usage=Usage(5, 0)) == 1
    assert put(usage=Usage(0, 0)) == 1
    assert put(usage=Usage(5), operation="count_tokens") == 1
    record = make_record(session="s")
    place.put(replace(record, call=replace(record.call, cost=Cost(0.0, {}, "m", "settings"))))
    assert place.reader().session("s").unpriced == 1
