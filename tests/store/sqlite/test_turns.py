"""A connection's turns as rows: counted, read, read anew and forgotten with it."""

import random
import sqlite3
from dataclasses import replace

import pytest
from connections import connection, frames
from pandaprobe_proxy.capture.keep import Policy, Sizes
from pandaprobe_proxy.dialects import registry, responses_socket
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Cost, Usage
from pandaprobe_proxy.model.correction import Correction, CorrectionKind
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.model.record import Body
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.model.trace import Trace
from pandaprobe_proxy.pricing.price import OWN, no_price
from pandaprobe_proxy.store.base import Budget, Redecoded
from pandaprobe_proxy.store.rereading import Rereading, Wish
from pandaprobe_proxy.store.sqlite import redecode as module
from places import Place
from records import START_NS, make_keeper, make_record


def rows_of(place, session="s-1"):
    """(connection, its turns)."""
    rows = place.reader().calls(99, session_id=session)
    return [row for row in rows if row.turns is not None], [row for row in rows if row.connection]


def totals(place):
    (row,) = place.reader().sessions(9)
    return (row.calls, row.open_calls, row.errors, row.traces, row.input_tokens, row.output_tokens, row.models)


def test_a_session_counts_turns_and_not_their_connection(place):
    (record,) = place.put(connection("one", "two"))
    (whole,), (first, second) = rows_of(place)
    assert (whole.call_id, whole.turns, whole.operation) == (record.opened.id, 2, "connection")
    assert (first.connection, first.turn, second.turn, first.status) == (whole.call_id, 1, 2, 101)
    assert totals(place) == (2, 0, 0, 2, 20, 3, ("m-1",))
    assert (second.previous_id, second.response_id, first.usage.output) == ("resp_1", "resp_2", 1)
    assert second.started_ns == START_NS + 3_000_000 and second.ended_ns == START_NS + 4_500_000
    counts = place.reader().counts()
    assert (counts.recorded, counts.calls) == (1, 2)


def test_a_turn_is_read_from_its_connection_with_what_came_before_it(place):
    place.put(connection("one", "two"))
    (whole,), (_, second) = rows_of(place)
    stored = place.reader().call(second.call_id)
    assert [message.text for message in (*stored.call.input, *stored.call.output)] == ["two", "two!"]
    assert [message.text for message in stored.history] == ["one", "one!"] and not stored.history_broken
    assert stored.request.data == b"" and stored.turn_calls == ()
    known = place.reader().call(whole.call_id)
    assert known.turn_calls[1] == second.call_id and known.call.turns == () and known.request.data
    assert [one.row.turn for one in place.reader().conversation("s-1", 9)] == [1, 2]
    assert [hit.call_id for hit in place.reader().search("two!", 9)][:1] == [second.call_id]


def test_ids_that_repeat_mean_those_of_the_same_connection(place):
    place.put(connection("old", "older"), connection("one", "two", at_s=9))
    newest = rows_of(place)[1][-1]
    assert [message.text for message in place.reader().call(newest.call_id).history] == ["one", "one!"]


def test_a_connection_that_broke_fails_only_the_turn_that_ran(place):
    place.put(connection("one", "two", cut=1, outcome=Outcome.UPSTREAM_RESET))
    (whole,), (first, second) = rows_of(place)
    assert (first.outcome, first.error, second.outcome, second.error) == ("ok", "", "upstream_reset", "it broke")
    assert second.partial and second.ended_ns == whole.ended_ns
    assert totals(place)[:3] == (2, 0, 1)


def test_each_turn_has_its_price(place):
    place.put(connection("one", "two", pricing=lambda call, *_: Cost(call.usage.output or 0.0, {}, "m", "test")))
    first, second = rows_of(place)[1]
    assert (first.cost.total, second.cost.total) == (1, 2)
    assert place.reader().sessions(9)[0].cost == 3


def test_turns_are_traces_or_spans_and_their_connection_is_none(place):
    trace = (b"X-PandaProbe-Trace", b"8b1d3a5e-9c7f-4b2a-8d6e-1f0a2b3c4d5e")
    place.put(connection("one", "two"), connection("in a trace", session="s-2", headers=(trace,), at_s=1))
    turns = rows_of(place)[1]
    traces = place.reader().traces("s-1")
    assert [one.trace_id for one in traces] == [turn.call_id for turn in turns]
    (whole,) = rows_of(place)[0]
    assert place.reader().trace(whole.call_id) is None and place.reader().trace(turns[0].call_id)
    (named,) = place.reader().traces("s-2")
    assert [span.call_id for span in named.spans] == [rows_of(place, "s-2")[1][0].call_id]
    assert place.writer.patch_trace(Trace(named.trace_id, session_id="s-3")) is not None


def test_turns_go_with_their_connection(place):
    place.put(connection("one", "two"))
    assert place.writer.delete_session("s-1") == 2
    assert place.reader().calls(9) == [] and place.reader().search("one", 9) == []
    db = sqlite3.connect(place.path)
    assert [db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("calls", "pieces", "messages")] == [
        0
    ] * 3
    db.close()


def test_turns_whose_bodies_were_not_kept_have_their_numbers(place):
    place.put(connection("one", policy=Policy(capture="metadata")))
    ((turn,),) = [rows_of(place)[1]]
    stored = place.reader().call(turn.call_id)
    assert (turn.usage.input, turn.model, stored.call.input, stored.call.operation) == (10, "m-1", (), "chat")


def test_bodies_that_were_trimmed_take_the_words_of_all_turns(place):
    place.put(connection("one", "two" * 5000))
    while place.writer.trim(Budget(max_bytes=1), START_NS):
        pass
    assert place.reader().search("one", 9) == []


def settled(*texts, id, **more):
    """What is settled of a connection once these were answered."""
    return replace(connection(*texts, id=id, **more), outcome=Outcome.OPEN)


def tell(place, *texts, session="s-1", ended=True):
    """Of a connection its beginning, what is settled after each answer, and its end."""
    whole = connection(*texts, session=session)
    place.open(whole.opened)
    for count in range(1, len(texts)):
        place.put(settled=(settled(*texts[:count], id=whole.opened.id, session=session),))
    if ended:
        place.put(whole)
    return whole


def test_an_open_connection_shows_its_turns(place):
    whole = tell(place, "one", "two", "three", ended=False)
    (row,), (first, second) = rows_of(place)
    assert (row.outcome, row.turns, row.ended_ns, first.outcome, second.turn) == ("open", 2, None, "ok", 2)
    assert totals(place) == (2, 1, 0, 2, 20, 3, ("m-1",))
    said = place.reader().call(second.call_id)
    assert [message.text for message in (*said.history, *said.call.input, *said.call.output)] == [
        "one",
        "one!",
        "two",
        "two!",
    ]
    assert [hit.call_id for hit in place.reader().search("two!", 9)][:1] == [second.call_id]
    assert place.reader().call(whole.opened.id).turn_calls == (first.call_id, second.call_id)
    assert place.reader().counts().recorded == 0


def dump(path):
    """Everything in a store but its keys, times of writing, and the runs."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT NULL")]
    left = ("key", "session", "call", "message", "touched_ns", "active_ns", "request", "response", "rowid")
    tables = {
        name: sorted(
            repr([(key, row[key]) for key in row.keys() if key not in left])  # noqa: SIM118 - of rows it is needed
            for row in db.execute(f"SELECT * FROM {name}")
        )
        for name in names
        if not name.startswith(("messages_fts", "sqlite_", "runs", "dictionaries", "_"))
    }
    db.close()
    return tables


def test_it_makes_no_difference_in_the_end_what_was_told_before(place, tmp_path):
    whole = tell(place, "one", "two" * 3000, "three", "one")
    other = Place(tmp_path / "other.db")
    other.open(whole.opened)
    other.put(whole)
    assert dump(place.path) == dump(other.path)
    other.close()


def test_turns_go_where_their_connection_turns_out_to_be(place):
    said = {"role": "user", "content": "a question that nobody else would ask in these very words"}
    answer = "an answer that nobody else would give in these very words"
    place.put(make_record([said], answer, session="named"))
    before = (said, {"role": "assistant", "content": answer})
    whole = connection("one", "two", session=None, before=before, at_s=9)
    place.open(whole.opened)
    place.put(settled=(settled("one", id=whole.opened.id, session=None, before=before, at_s=9),))
    alone = whole.opened.resolution.session_id
    assert [turn.turn for turn in rows_of(place, alone)[1]] == [1]
    place.put(whole)
    assert place.reader().session(alone) is None
    (row,), turns = rows_of(place, "named")
    assert [(turn.turn, turn.source) for turn in turns] == [(1, row.source), (2, row.source)] and row.source != "header"
    assert totals(place)[:2] == (3, 0)


def twice(place, tmp_path, whole, *looks, beside=()):
    """The store, and one in which nobody looked, with the same calls in them at the end."""
    other = Place(tmp_path / "other.db")
    for one in (place, other):
        one.put(*beside)
        one.open(whole.opened)
        for look in looks if one is place else ():
            one.put(settled=(look,))
    return other


@pytest.mark.parametrize("end", [{"call": None}, {"call": None, "response": Body(withheld="redaction_failed")}])
def test_what_cannot_be_told_in_the_end_is_taken_back(place, tmp_path, end):
    whole = connection("a question", "two")
    looks = (settled("a question", id=whole.opened.id), settled("a question", "two", id=whole.opened.id))
    other = twice(place, tmp_path, whole, *looks, beside=[make_record()])
    end = replace(whole, **{"said": (), "request": Body(), "response": Body(), **end})
    for one in (place, other):
        one.put(end)
    assert dump(place.path) == dump(other.path)
    assert rows_of(place) == ([], []) and totals(place)[:2] == (2, 0)
    assert place.reader().search("question", 9) == []
    other.close()


def test_a_connection_that_is_given_up_takes_its_turns_along(place, tmp_path):
    whole = connection("one" * 3000, "two")
    other = twice(place, tmp_path, whole, settled("one" * 3000, id=whole.opened.id), beside=[make_record(model="m-1")])
    for one in (place, other):
        one.put(discarded=(whole.opened.id,))
    assert dump(place.path) == dump(other.path)
    other.close()


def test_the_words_of_a_session_are_those_that_are_left(place):
    whole = connection("first of all", "two")
    place.open(whole.opened)
    place.put(settled=(settled("first of all", id=whole.opened.id),))
    place.put(make_record([{"role": "user", "content": "later"}], "so be it", at_ns=START_NS + 1))
    place.put(discarded=(whole.opened.id,))
    row = place.reader().session("s-1")
    assert (row.first_input, row.models) == ("later", ("m",))


PASSWORD = "hunter2Xyz9QqLongPassword"


def said_in_pieces(known_at_last):
    """A connection in whose first answer a password is said in pieces; the last request names it as one, or not."""
    beside = {"metadata": {"password": PASSWORD}} if known_at_last else {}
    deltas = [
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": PASSWORD[at : at + 5]}
        for at in range(0, len(PASSWORD), 5)
    ]
    kinds = ("created", "completed")
    states = [{"type": f"response.{kind}", "response": {"id": "r", "status": kind}} for kind in kinds]
    answered = [states[0], *deltas, states[1]]
    named = [{**state, "response": {**state["response"], "id": "r2", **beside}} for state in states]
    asked = [{"type": "response.create", "model": "m", "input": text} for text in ("one", "two")]
    request, response = frames(asked[: 1 + known_at_last], 1000), frames(answered + named * known_at_last, 1500)
    head = RequestHead(
        "018bcfe5-6800-7000-8000-000000000001", 0, START_NS, "127.0.0.1:5", "openai", "https://api/v1/responses",
        "GET", b"/v1/responses", ((b"X-PandaProbe-Session", b"s-1"),),
    )  # fmt: skip
    times = (request[1][0], (response[1][-3][0] - 1, len(request[0]) - request[1][0][1]))
    exchange = Exchange(
        head,
        request[0],
        times[: 1 + known_at_last],
        ResponseHead(head.exchange, 500_000, 101, b"Switching Protocols", ()),
        response[0],
        response[1],
        Ended(head.exchange, 90_000_000, Outcome.OK) if known_at_last else None,
    )
    keeper = make_keeper()
    return keeper.finish(keeper.begin(head), exchange, Sizes(len(request[0]), len(response[0])))


def test_what_is_known_for_a_secret_at_last_is_in_nothing_that_was_told_before(place, tmp_path):
    look, whole = replace(said_in_pieces(False), outcome=Outcome.OPEN), said_in_pieces(True)
    assert PASSWORD in repr(look.call) and PASSWORD not in repr(whole.call)
    other = twice(place, tmp_path, whole, look)
    assert place.reader().search(PASSWORD, 9)
    for one in (place, other):
        one.put(whole)
    assert dump(place.path) == dump(other.path)
    assert place.reader().search(PASSWORD, 9) == [] and PASSWORD not in repr(place.reader().sessions(9))
    db = sqlite3.connect(place.path)
    db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, messages_fts, row)")
    assert not [word for (word,) in db.execute("SELECT term FROM temp.words") if "hunter2" in word]
    db.close()
    other.close()


def test_turns_that_somebody_has_put_elsewhere_stay_there(place):
    whole = tell(place, "one", "two", "three", ended=False)
    second = rows_of(place)[1][1].call_id
    place.writer.correct(Correction(CorrectionKind.ASSIGN, "s-2", calls=(second,)))
    place.put(whole)
    assert [turn.turn for turn in rows_of(place)[1]] == [1, 3]
    assert [turn.call_id for turn in rows_of(place, "s-2")[1]] == [second]
    assert {hit.session_id for hit in place.reader().search("two!", 9)} == {"s-2"}


def test_turns_say_the_same_of_their_session_as_their_connection(place):
    whole = tell(place, "one", "two", ended=False)
    place.put(replace(whole, clues=(Clue(Source.BODY, "conversation", "conv_1", confidence=0.9),)))
    db = sqlite3.connect(place.path)
    told = db.execute("SELECT source, confidence, clues FROM calls").fetchall()
    db.close()
    assert len(told) == 3 and len(set(told)) == 1 and "conv_1" in told[0][2]


def test_what_is_read_of_a_turn_later_on_is_put_right_while_the_connection_is_open(place):
    first, second = settled("one", id="018bcfe5-6800-7000-8000-000000000002"), None
    second = settled("one", "two", id=first.opened.id)
    early = replace(first.call.turns[0], call=replace(first.call.turns[0].call, usage=Usage()), number=7)
    place.open(first.opened)
    place.put(settled=(replace(first, call=replace(first.call, turns=(early,))),))
    assert totals(place)[4:6] == (0, 0)
    place.put(settled=(second,))
    assert [(turn.turn, turn.usage.output) for turn in rows_of(place)[1]] == [(1, 1), (2, 2)]
    assert totals(place) == (2, 1, 0, 2, 20, 3, ("m-1",))


def test_what_an_earlier_run_had_told_of_a_connection_stays(place):
    whole = tell(place, "one", "two", ended=False)
    other = connection("alone", session="s-2")
    place.open(other.opened)
    place.again().begin("0190a1b2-0000-7000-8000-00000000000b", START_NS + 5)
    (row,), (turn,) = rows_of(place)
    assert (row.call_id, row.outcome, turn.outcome) == (whole.opened.id, "interrupted", "ok")
    assert row.ended_ns == turn.ended_ns
    sessions = {row.session_id: (row.calls, row.open_calls, row.errors) for row in place.reader().sessions(9)}
    assert sessions == {"s-1": (1, 0, 0), "s-2": (1, 0, 1)}
    assert place.reader().call(turn.call_id).call.output[0].text == "one!"


def test_nothing_more_is_settled_of_what_has_ended(place):
    whole = tell(place, "one", "two")
    place.put(settled=(settled("one", id=whole.opened.id),))
    assert totals(place)[:2] == (2, 0) and len(rows_of(place)[1]) == 2


def prepare(place, *records):
    for record in records:
        while place.writer.prepare(record):
            pass


def test_what_is_large_of_it_is_stored_ahead_each_time(place):
    texts = ["".join(random.Random(seed).choices("abcdefgh ", k=400_000)) for seed in range(3)]
    whole = connection(*texts)
    place.open(whole.opened)
    first, second = (settled(*texts[:count], id=whole.opened.id) for count in (1, 2))
    prepare(place, first)
    place.put(settled=(first,))
    prepare(place, second, whole)
    place.put(whole)  # the batch with the second could not be committed
    stored = place.reader().call(whole.opened.id)
    assert stored.request.data == b"".join(whole.request.pieces)
    db = sqlite3.connect(place.path)
    assert db.execute("SELECT count(*) FROM pieces WHERE uses != 1").fetchone() == (0,)
    db.close()


def go(place, read=decode, dry_run=False):
    return place.writer.redecode(0, Rereading(read, no_price, Wish(dry_run=dry_run)))


def test_what_a_newer_decoder_finds_no_more_goes_and_what_it_finds_comes(place, monkeypatch):
    place.put(connection("one", "two", "three"))
    before = rows_of(place)[1]
    place.writer.add_score(Score("x", "good", "1", "NUMERIC", 1, before[0].call_id, None, "EVAL", None, {}))
    assert go(place) == Redecoded(None, 0, 0, 0)
    newer = replace(
        responses_socket.SOCKET, version=2, turns=lambda messages: responses_socket.read_turns(messages)[1:]
    )
    teach(monkeypatch, newer)
    assert go(place, dry_run=True) == Redecoded(None, 1, 0, 0)
    assert go(place) == Redecoded(None, 1, 1, 0)
    (whole,), turns = rows_of(place)
    assert (whole.turns, [turn.call_id for turn in turns]) == (2, [turn.call_id for turn in before[1:]])
    assert [turn.turn for turn in turns] == [1, 2] and totals(place) == (2, 0, 0, 2, 20, 5, ("m-1",))
    assert place.reader().search("one", 9) == [] and place.reader().scores(trace_id=before[0].call_id) == []
    assert place.reader().call(turns[0].call_id).history_broken
    assert place.reader().sessions(9)[0].first_input == "two"
    teach(monkeypatch, replace(responses_socket.SOCKET, version=3))
    assert go(place) == Redecoded(None, 1, 1, 0)
    assert [turn.call_id for turn in rows_of(place)[1]] == [turn.call_id for turn in before]
    assert totals(place) == (3, 0, 0, 3, 30, 6, ("m-1",))


def test_a_connection_that_nobody_could_read_gets_its_turns_once_somebody_can(place, monkeypatch):
    teach(monkeypatch)
    place.put(connection("one"))
    assert rows_of(place) == ([], []) and totals(place) == (1, 0, 0, 1, 0, 0, ())
    teach(monkeypatch, responses_socket.SOCKET)
    assert go(place) == Redecoded(None, 1, 1, 0)
    assert totals(place) == (1, 0, 0, 1, 10, 1, ("m-1",)) and rows_of(place)[1][0].turn == 1


@pytest.mark.parametrize(("source", "kept"), [(OWN, 1.0), ("list", None)])
def test_a_price_of_ones_own_is_kept_where_nobody_knows_a_better_one(place, monkeypatch, source, kept):
    place.put(connection("one", pricing=lambda call, *_: Cost(1.0, {}, "m", source)))
    teach(monkeypatch, replace(responses_socket.SOCKET, version=2))
    go(place)
    cost = rows_of(place)[1][0].cost
    assert (cost and cost.total) == kept


def teach(monkeypatch, *sockets):
    monkeypatch.setattr(registry, "SOCKETS", sockets)
    monkeypatch.setattr(module, "SOCKETS", sockets)


@pytest.mark.parametrize("secret", ["sk-proj-0123456789abcdefABCDEF0123456789abcdefAB"])
def test_a_secret_in_a_frame_leaves_turns_in_their_order(place, secret):
    place.put(connection(f"my key is {secret}", "two"))
    turns = rows_of(place)[1]
    assert [turn.turn for turn in turns] == [1, 2] and turns[1].started_ns == START_NS + 3_000_000
    said = place.reader().call(turns[0].call_id).call
    assert "redacted" in said.input[0].text and secret not in said.input[0].text and said.output[0].text
