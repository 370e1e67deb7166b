"""What is added up over many sessions."""

from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.filters import parse
from pandaprobe_proxy.store.judged import Judged
from pandaprobe_proxy.store.sqlite import sums
from records import START_NS, make_record

HOUR_NS = 3_600_000_000_000


def test_a_span_has_the_calls_that_began_in_it(place):
    place.put(*(make_record(session="s", model=f"m{n}", at_ns=START_NS + n * HOUR_NS) for n in range(4)))
    found = place.reader().sample(START_NS + HOUR_NS, START_NS + 3 * HOUR_NS, ())
    assert ([call.model for call in found.calls], found.every) == (["m1", "m2"], 1)
    one = found.calls[0]
    assert (one.duration_ms, one.failed, one.input_tokens, one.output_tokens, one.cost) == (4.0, False, 10, 5, None)
    assert one.priceable


def test_a_span_has_its_calls_in_whatever_order_they_were_stored(place):
    place.put(*(make_record(session="s", at_ns=START_NS + n * HOUR_NS) for n in (2, 0, 3, 1)))
    found = place.reader().sample(START_NS, START_NS + 3 * HOUR_NS, ())
    assert sorted((call.started_ns - START_NS) // HOUR_NS for call in found.calls) == [0, 1, 2]


def test_nothing_began_in_an_empty_span(place):
    assert place.reader().sample(0, START_NS, ()).calls == ()


def test_a_filter_holds_and_running_calls_are_left_out(place):
    place.put(make_record(session="s"), make_record(session="t", outcome=Outcome.TIMEOUT))
    place.open(make_record(session="u").opened)
    reader = place.reader()
    assert len(reader.sample(0, START_NS + HOUR_NS, ()).calls) == 2
    failed = reader.sample(0, START_NS + HOUR_NS, parse("status:failed", START_NS))
    assert [call.failed for call in failed.calls] == [True]


def test_of_too_many_each_nth_is_read_and_says_so(place, monkeypatch):
    monkeypatch.setattr(sums, "MOST_SAMPLED", 10)
    place.put(*(make_record(session="s", at_ns=START_NS + n) for n in range(35)))
    found = place.reader().sample(0, START_NS + HOUR_NS, ())
    assert found.every == 4 and len(found.calls) == 9


def test_judgements_are_summed_by_evaluator(place):
    place.put(*(make_record(session=f"s-{n}") for n in range(3)))
    for name, value in (("s-0", 0.9), ("s-1", 0.1), ("s-2", None)):
        place.writer.put_judged([Judged(name, "x", "", Judgement("risk", 2, value, "so"), START_NS)])
    (judging,) = place.reader().judgings()
    assert (judging.name, judging.version, judging.nulls, judging.settings) == ("risk", 2, 1, 1)
    assert (judging.values, judging.worst) == ([0.1, 0.9], [("s-1", 0.1, "so"), ("s-0", 0.9, "so")])


def test_sessions_are_counted_by_what_they_are_known_by(place):
    place.put(make_record(session="a"), make_record(session="b"), make_record(session=None))
    assert place.reader().sources() == {"default_new": 1, "header": 2}
