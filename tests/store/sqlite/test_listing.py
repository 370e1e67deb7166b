"""Sessions and calls page by page, and what is beside one."""

import pytest
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.filters import parse
from pandaprobe_proxy.store.judged import Judged
from pandaprobe_proxy.store.views import SORTS, Beside
from records import START_NS, make_record

SECOND_NS = 1_000_000_000


def at(seconds):
    return START_NS + seconds * SECOND_NS


@pytest.fixture
def filled(place):
    """Sessions s-0 to s-4, a second apart; s-n has n + 1 calls."""
    for number in range(5):
        place.put(*(make_record(session=f"s-{number}", at_ns=at(number)) for _ in range(number + 1)))
    return place


def pages(ask):
    """All items of a list, asked for two at a time."""
    found, after = [], None
    while True:
        page = ask(after)
        assert len(page.items) <= 2
        found += page.items
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_sessions_hold_each_once(filled, sort):
    reader = filled.reader()
    lines = pages(lambda after: reader.list_sessions((), sort, 2, after))
    assert sorted(line.row.session_id for line in lines) == [f"s-{n}" for n in range(5)]


def test_sessions_come_by_what_they_are_sorted_by(filled):
    by_calls = filled.reader().list_sessions((), "calls", 9).items
    assert [line.row.calls for line in by_calls] == [5, 4, 3, 2, 1]


def test_a_line_has_latencies_scores_and_what_was_said_last(place):
    place.put(make_record(session="s"), make_record(answer="a later word", session="s", at_ns=at(1)))
    judgement = Judgement("risk", 1, 0.5, "middling")
    place.writer.put_judged([Judged("s", "x", "", judgement, at(2))])
    (line,) = place.reader().list_sessions((), "last", 9).items
    assert line.latencies_ms == [4.0, 4.0]
    assert (line.scores, line.cached_tokens, line.last_output) == ({"risk": 0.5}, 0, "a later word")


def test_calls_come_newest_first_and_those_of_a_session_oldest_first(filled):
    reader = filled.reader()
    everywhere = pages(lambda after: reader.list_calls((), None, 2, after))
    assert len({call.call_id for call in everywhere}) == 15
    assert [call.started_ns for call in everywhere] == sorted((c.started_ns for c in everywhere), reverse=True)
    ours = pages(lambda after: reader.list_calls((), "s-3", 2, after))
    assert len(ours) == 4 and {call.session_id for call in ours} == {"s-3"}


def test_a_filter_holds_on_each_page(place):
    place.put(*(make_record(session="s", outcome=Outcome.TIMEOUT if n % 2 else Outcome.OK) for n in range(7)))
    reader, terms = place.reader(), parse("status:failed", START_NS)
    assert len(pages(lambda after: reader.list_calls(terms, None, 2, after))) == 3


def test_neighbours_of_a_session_are_those_of_the_list(filled):
    reader = filled.reader()
    assert reader.beside_session("s-3", (), "last") == Beside("s-4", "s-2")
    assert reader.beside_session("s-4", (), "last") == Beside(None, "s-3")
    assert reader.beside_session("s-3", parse("calls<3", START_NS), "calls") == Beside(None, "s-1")
    assert reader.beside_session("none", (), "last") == Beside(None, None)


def test_neighbours_of_a_call_are_those_of_its_session(place):
    records = place.put(*(make_record(session="s", at_ns=at(n)) for n in range(3)), make_record(session="t"))
    first, second, third, alone = (record.opened.id for record in records)
    reader = place.reader()
    assert reader.beside_call(second) == Beside(first, third)
    assert reader.beside_call(alone) == Beside(None, None)
    assert reader.beside_call("none") == Beside(None, None)
