"""A session's course as columns, and its conversation piece by piece."""

import pytest
from connections import connection
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.store.shapes import to_steps
from records import START_NS, make_record

SECOND_NS = 1_000_000_000


def talk(place, turns, session="s"):
    """An agent that resends its history with each call."""
    messages, records = [{"role": "system", "content": "be kind"}], []
    for turn in range(turns):
        messages.append({"role": "user", "content": f"question {turn}"})
        records += place.put(
            make_record(messages, f"answer {turn}", session=session, at_ns=START_NS + turn * SECOND_NS)
        )
        messages.append({"role": "assistant", "content": f"answer {turn}"})
    return [record.opened.id for record in records]


def test_a_waterfall_has_each_call_in_its_columns(place):
    first = place.put(make_record(session="s", model="m"))[0].opened.id
    place.put(make_record(session="s", model="n", at_ns=START_NS + SECOND_NS, outcome=Outcome.TIMEOUT))
    course = place.reader().waterfall("s")
    columns = course.columns
    assert (columns["call_id"][0], columns["trace_id"]) == (first, [None, None])
    assert (columns["start_ms"], columns["end_ms"], columns["state"]) == ([0.0, 1000.0], [4.0, 4.0], ["ok", "partial"])
    assert (columns["model"], course.names["models"]) == ([0, 1], ["m", "n"])
    assert (columns["status"], columns["input_tokens"], columns["attempt"]) == ([200, 200], [10, 10], [0, 0])
    assert (columns["agent"], columns["cost"], columns["first_ms"]) == ([None, None], [None, None], [3.0, 3.0])
    assert course.started_ns == START_NS


def test_a_call_that_the_provider_refused_has_failed(place):
    place.put(make_record(session="s", response=b'{"error": {"message": "no", "type": "t"}}'))
    assert place.reader().waterfall("s").columns["state"] == ["error"]


def test_a_call_that_runs_has_no_end(place):
    record = make_record(session="s")
    place.open(record.opened)
    columns = place.reader().waterfall("s").columns
    assert (columns["state"], columns["end_ms"], columns["first_ms"]) == (["open"], [None], [None])


def test_a_session_that_is_not_there_has_no_course(place):
    assert place.reader().waterfall("none") is None
    assert place.reader().tell_from("none", None, 5).additions == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pieces_of_a_conversation_say_what_the_whole_of_it_says(place, limit):
    talk(place, 7)
    reader = place.reader()
    whole = merge(fold(to_steps(reader.conversation("s", 100))))
    told, at, begins = [], None, []
    while True:
        piece = reader.tell_from("s", at, limit)
        told += piece.additions
        begins.append((piece.previous, piece.additions[0].call_id))
        if piece.next is None:
            break
        at = piece.next
    assert told == whole
    assert [previous for previous, _ in begins] == [None, *(begin for _, begin in begins)][: len(begins)]


def test_pieces_say_the_same_of_the_turns_of_a_connection(place):
    place.put(connection("one", "two", "three", session="s"))
    reader = place.reader()
    whole = reader.tell_from("s", None, 50).additions
    assert [(one.branch, [message.text for message in one.said]) for one in whole] == [
        (1, ["one"]),
        (1, ["two"]),
        (1, ["three"]),
    ]
    pieces = [reader.tell_from("s", one.call_id, 1).additions for one in whole]
    assert [one for (one,) in pieces] == whole


def test_two_that_go_on_from_the_same_are_two_lines(place):
    talk(place, 2)
    history = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "question 0"},
        {"role": "assistant", "content": "answer 0"},
        {"role": "user", "content": "another way"},
    ]
    place.put(make_record(history, "on it", session="s", at_ns=START_NS + 9 * SECOND_NS))
    reader = place.reader()
    assert [one.branch for one in reader.tell_from("s", None, 50).additions] == [1, 1, 2]
    (last,) = reader.tell_from("s", reader.waterfall("s").columns["call_id"][-1], 50).additions
    assert (last.branch, [message.text for message in last.said]) == (2, ["another way"])


def test_what_is_no_talk_is_on_no_line(place):
    asked = b'{"model": "e", "input": "words"}'
    answer = (
        b'{"object": "list", "model": "e", "data": [{"embedding": [0.5], "index": 0}], "usage": {"prompt_tokens": 1}}'
    )
    place.put(make_record(session="s", path="/v1/embeddings", request=asked, response=answer))
    (addition,) = place.reader().tell_from("s", None, 5).additions
    assert addition.branch == 0
