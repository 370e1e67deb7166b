"""Calls read anew after a decoder has improved."""

import sqlite3
from dataclasses import replace

import held
import pytest
from held import asking, fetching, stream
from pandaprobe_proxy.capture.keep import Policy
from pandaprobe_proxy.dialects import registry
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Cost, Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.pricing.price import OWN, no_price
from pandaprobe_proxy.store.base import Redecoded
from pandaprobe_proxy.store.rereading import Rereading, Wish
from pandaprobe_proxy.store.sqlite import redecode as module
from records import make_keeper, make_record


def teach(monkeypatch, *dialects):
    """From now on these dialects are known, before all others."""
    known = (*dialects, *(dialect for dialect in registry.DIALECTS if dialect.name != "held"))
    monkeypatch.setattr(registry, "DIALECTS", known)
    monkeypatch.setattr(module, "DIALECTS", known)


def better(body):
    """A newer decoder's view of an answer: it says `well` before, and reads a tenth of the input."""
    said = held.HELD.answered(body)
    messages = tuple(replace(message, content=f"well {message.text}") for message in said.messages)
    return replace(said, messages=messages, model="m-2", usage=Usage(1, 2, source=UsageSource.REPORTED))


BETTER = replace(held.HELD, version=2, answered=better)


def go(place, session_id=None, dry_run=False, read=decode, price=no_price, every=False):
    after, steps = 0, []
    while after is not None:
        steps.append(place.writer.redecode(after, Rereading(read, price, Wish(session_id, dry_run, every))))
        after = steps[-1].after
    names = ("stale", "changed", "unreadable", "repriced")
    return Redecoded(None, *(sum(getattr(step, name) for step in steps) for name in names))


def at(dollars, source="list 2"):
    """A Pricing: so many dollars for each token of the output."""
    return lambda call, *_: Cost(dollars * (call.usage.output or 0), {}, "m", source) if call.usage.output else None


def price_of(place, record):
    cost = place.reader().call(record.opened.id).row.cost
    return cost and (cost.total, cost.source)


def session_of(place):
    (row,) = place.reader().sessions(9)
    return (row.calls, row.errors, row.input_tokens, row.output_tokens, row.models, row.first_input)


def test_what_nobody_could_read_is_read_once_somebody_can(place, monkeypatch):
    (record,) = place.put(asking("where", answer="here"))
    assert place.reader().call(record.opened.id).call is None
    assert go(place) == Redecoded(None, 0, 0, 0)
    teach(monkeypatch, held.HELD)
    assert go(place) == Redecoded(None, 1, 1, 0)
    assert go(place) == Redecoded(None, 0, 0, 0)
    row = place.reader().call(record.opened.id).row
    assert (row.dialect, row.model, row.usage.output, row.response_id) == ("held", "m-1", 4, "r1")
    assert session_of(place) == (1, 0, 10, 4, ("m-1",), "where")
    assert [hit.snippet for hit in place.reader().search("here", 9)] == ["[here]"]


def test_what_an_older_version_has_read_is_read_again(place, monkeypatch):
    teach(monkeypatch, held.HELD)
    (record,) = place.put(asking("where", answer="here"))
    teach(monkeypatch, BETTER)
    assert go(place) == Redecoded(None, 1, 1, 0)
    assert session_of(place) == (1, 0, 1, 2, ("m-2",), "where")
    assert [hit.snippet for hit in place.reader().search("here", 9)] == ["well [here]"]
    assert len(place.reader().search("where", 9)) == 1
    db = sqlite3.connect(place.path)
    assert db.execute("SELECT count(*) FROM messages").fetchone() == (2,)
    db.close()
    assert place.reader().call(record.opened.id).call.output[0].text == "well here"


def test_words_of_a_message_that_vanished_lead_nowhere_and_to_no_other_message(place, monkeypatch):
    teach(monkeypatch, held.HELD)
    place.put(asking("q", answer="vanishing"))
    teach(monkeypatch, replace(BETTER, answered=lambda body: replace(better(body), messages=())))
    go(place)
    place.put(make_record([{"role": "user", "content": "another"}], "thing", session="s-2"))
    assert place.reader().search("vanishing", 9) == []
    assert [hit.session_id for hit in place.reader().search("thing", 9)] == ["s-2"]
    assert place.writer.delete_session("s-1") == 1
    assert place.reader().search("vanishing", 9) == []


def test_words_that_only_the_new_decoder_sees_are_found(place, monkeypatch):
    teach(monkeypatch, held.HELD)
    place.put(asking("q", answer="four"), asking("q", answer="four", id="r2", session="s-2"))

    def think(body):
        said = held.HELD.answered(body)
        return replace(said, messages=(replace(said.messages[0], reasoning="pondering"),))

    teach(monkeypatch, replace(BETTER, answered=think))
    assert go(place).changed == 2
    assert {hit.session_id for hit in place.reader().search("pondering", 9)} == {"s-1", "s-2"}
    assert len(place.reader().search("four", 9)) == 2
    place.writer.delete_session("s-1")
    place.writer.delete_session("s-2")
    assert place.reader().search("pondering", 9) == []


def test_a_session_alone_and_a_dry_run(place, monkeypatch):
    one, two = place.put(asking("q", session="s-1"), asking("q", id="r2", session="s-2"))
    teach(monkeypatch, held.HELD)
    assert go(place, dry_run=True) == Redecoded(None, 2, 0, 0)
    assert go(place, "s-2") == Redecoded(None, 1, 1, 0)
    assert [place.reader().call(record.opened.id).row.dialect for record in (one, two)] == ["", "held"]


def test_what_is_not_kept_stays_as_it_is(place, monkeypatch):
    teach(monkeypatch, held.HELD)
    (record,) = place.put(asking("q", answer="four", keeper=make_keeper(Policy(capture="metadata"))))
    teach(monkeypatch, BETTER)
    assert go(place) == Redecoded(None, 1, 0, 1)
    assert place.reader().call(record.opened.id).row.usage.output == 4


def test_a_body_with_a_missing_piece_stays_as_it_is(place, monkeypatch):
    teach(monkeypatch, held.HELD)
    place.put(asking("q" * 200))
    place.writer.close()
    db = sqlite3.connect(place.path)
    db.execute("DELETE FROM pieces")
    db.commit()
    db.close()
    place.again()
    teach(monkeypatch, BETTER)
    assert go(place) == Redecoded(None, 1, 0, 1)


def test_a_stream_whose_reader_left_after_its_end_went_well(place, monkeypatch):
    left = Outcome.CLIENT_DISCONNECTED
    (record,) = place.put(asking("q", stream=stream(0, ["a"], done=True), outcome=left))
    assert session_of(place)[1] == 1
    teach(monkeypatch, held.HELD)
    go(place)
    row = place.reader().call(record.opened.id).row
    assert (row.outcome, row.error, session_of(place)[1]) == ("ok", "", 0)


class TestPrices:
    @pytest.fixture(autouse=True)
    def _known(self, monkeypatch):
        teach(monkeypatch, held.HELD)

    def test_what_is_read_anew_is_priced_anew(self, place, monkeypatch):
        (record,) = place.put(asking("q", keeper=make_keeper(pricing=at(1, "list 1"))))
        assert price_of(place, record) == (4, "list 1")
        teach(monkeypatch, replace(held.HELD, version=2))
        assert go(place, price=at(2)) == Redecoded(None, 1, 1, 0, 1)
        assert price_of(place, record) == (8, "list 2")
        assert place.reader().session("s-1").cost == 8

    def test_a_newer_list_may_have_the_same_price(self, place, monkeypatch):
        (record,) = place.put(asking("q", keeper=make_keeper(pricing=at(1, "list 1"))))
        teach(monkeypatch, replace(held.HELD, version=2))
        assert go(place, price=at(1)).repriced == 0
        assert price_of(place, record) == (4, "list 2")

    def test_a_price_that_nobody_knows_any_more_is_unknown(self, place, monkeypatch):
        (record,) = place.put(asking("q", keeper=make_keeper(pricing=at(1, "list 1"))))
        teach(monkeypatch, replace(held.HELD, version=2))
        assert go(place).repriced == 1
        assert price_of(place, record) is None
        assert (place.reader().session("s-1").cost, place.reader().session("s-1").unpriced) == (0.0, 1)

    def test_all_are_priced_anew_where_that_is_wanted(self, place):
        one, two = place.put(asking("q"), asking("q", id="r2", keeper=make_keeper(pricing=at(1))))
        assert go(place, price=at(1)) == Redecoded(None, 0, 0, 0, 0)
        assert go(place, price=at(1), every=True) == Redecoded(None, 2, 2, 0, 1)
        assert price_of(place, one) == price_of(place, two) == (4, "list 2")
        assert go(place, price=at(1), every=True).repriced == 0

    def test_a_price_of_ones_own_stays_while_there_is_no_other_and_the_tokens_are_the_same(self, place, monkeypatch):
        (record,) = place.put(asking("q", keeper=make_keeper(pricing=at(1, OWN))))
        assert go(place, price=at(5), every=True).repriced == 0
        assert price_of(place, record) == (4, OWN)
        assert go(place, price=at(2, OWN), every=True).repriced == 1
        assert price_of(place, record) == (8, OWN)
        teach(monkeypatch, BETTER)
        assert go(place, price=at(5)).repriced == 1
        assert price_of(place, record) == (10, "list 2")

    def test_what_was_fetched_later_is_priced_where_it_was_asked_for(self, place):
        asked, poll = place.put(asking("q", status="queued"), fetching(answer="four", at_s=2))
        assert go(place, price=at(1), every=True).repriced == 1
        assert (price_of(place, asked), price_of(place, poll)) == ((4, "list 2"), None)
        assert place.reader().session("s-1").cost == 4


@pytest.mark.parametrize("known", [True, False])
def test_a_run_that_was_answered_later_counts_once_again(place, monkeypatch, known):
    if known:
        teach(monkeypatch, held.HELD)
    asked, _, poll = place.put(
        asking("q", status="queued"), fetching(status="queued", at_s=1), fetching(answer="four", at_s=2)
    )

    def queue(body):
        return held.HELD.answered(body) if body["status"] == "queued" else better(body)

    teach(monkeypatch, replace(BETTER, answered=queue))
    assert go(place).changed == 3
    row = place.reader().call(asked.opened.id).row
    assert (row.pending, row.usage.output, row.ended_ns) == (False, 2, poll.ended_ns)
    calls, errors, given, taken, models, first = session_of(place)
    assert (calls, errors, given, taken, set(models), first) == (3, 0, 1, 2, {"m-1", "m-2"}, "q")
    assert place.reader().call(poll.opened.id).row.retrieves == asked.opened.id


def test_many_calls_take_many_steps(place, monkeypatch):
    monkeypatch.setattr(module, "KEYS_AT_ONCE", 2)
    place.put(*(asking(f"q{i}", id=f"r{i}") for i in range(7)))
    teach(monkeypatch, held.HELD)
    how = Rereading(decode, no_price)
    assert place.writer.redecode(0, how) == Redecoded(2, 2, 2, 0)
    monkeypatch.setattr(module, "AT_ONCE_S", 0)
    assert place.writer.redecode(2, how) == Redecoded(3, 1, 1, 0)
    assert go(place).changed == 4


def test_what_cannot_be_read_after_all_stays(place, monkeypatch):
    place.put(asking("q"))
    teach(monkeypatch, held.HELD)
    assert go(place, read=lambda exchange: None) == Redecoded(None, 1, 0, 0)


def test_messages_stay_with_who_brought_them(place, monkeypatch):
    teach(monkeypatch, held.HELD)
    one, two = place.put(asking("q", answer="a"), asking("q", "p", answer="b", id="r2", at_s=1))
    teach(monkeypatch, replace(held.HELD, version=2))
    go(place)
    assert place.reader().search("p", 9)[0].call_id == two.opened.id
    assert place.reader().search("q", 9)[0].call_id == one.opened.id
    assert isinstance(place.reader().call(one.opened.id).call.input[0], Message)
