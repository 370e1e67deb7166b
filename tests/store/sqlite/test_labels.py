import json

import pytest
from pandaprobe_proxy.evaluate.calibration import Labelled, calibrate
from pandaprobe_proxy.model.correction import Correction, CorrectionKind
from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.model.score import Judgement, Score
from pandaprobe_proxy.model.trace import Span, Trace
from pandaprobe_proxy.store.filters import parse
from pandaprobe_proxy.store.judged import Choice, Judged, Wanted
from pandaprobe_proxy.store.labels import Calibrated, Sought
from records import START_NS, make_record

S = 1_000_000_000
MANY = 100


def add(place, number, **more):
    score = Score(f"id-{number}", more.pop("name", "helpful"), more.pop("value", "1"), "NUMERIC", number, **more)
    place.writer.add_score(score)
    return score


def ids(place, **sought):
    return [score.score_id for score in place.reader().labels(Sought(**sought), MANY)]


def test_a_later_score_stands_beside_the_former(place):
    place.put(make_record())
    first = add(place, 1, session_id="s-1", author="anna", value="0")
    second = add(place, 2, session_id="s-1", author="anna", source="ANNOTATION", reason="I looked again")
    assert place.reader().labels(Sought(), MANY) == [first, second]
    assert place.reader().labels(Sought(), 1) == [second]


def test_scores_are_found_by_what_they_are_of_and_by_whom(place):
    (record,) = place.put(make_record())
    place.writer.put_trace(Trace("t", started_ns=START_NS, session_id="s-1", spans=(Span("sp", name="x"),)), START_NS)
    add(place, 1, session_id="s-1", author="anna")
    add(place, 2, trace_id="t", name="tone")
    add(place, 3, trace_id="t", span_id="sp")
    add(place, 4, trace_id=record.opened.id, author="ben")
    add(place, 5, session_id="other")
    assert ids(place, session_id="s-1") == ["id-1", "id-2", "id-3", "id-4"]
    assert (ids(place, trace_id="t"), ids(place, span_id="sp")) == (["id-2", "id-3"], ["id-3"])
    assert (ids(place, author="ben"), ids(place, name="tone")) == (["id-4"], ["id-2"])
    assert ids(place, session_id="other") == ["id-5"]


def test_scores_of_a_session_go_with_it_to_its_new_name_and_when_it_is_deleted(place):
    (record,) = place.put(make_record(session="a"))
    add(place, 1, session_id="a")
    add(place, 2, trace_id=record.opened.id, span_id=record.opened.id)
    place.writer.correct(Correction(CorrectionKind.RENAME, "b", "a"))
    assert ids(place, session_id="b") == ["id-1", "id-2"]
    assert [score.score_id for score in place.reader().scores(session_id="b")] == ["id-1", "id-2"]
    (one,) = place.reader().session_labels(Choice())
    assert (one.score_id, one.session_id) == ("id-1", "b")


def test_scores_of_a_deleted_session_are_gone(place):
    (record,) = place.put(make_record(session="a"))
    add(place, 1, session_id="a")
    add(place, 2, trace_id=record.opened.id, span_id=record.opened.id)
    place.writer.delete_session("a")
    assert ids(place) == []


def test_labels_of_sessions_are_those_of_the_chosen_and_not_of_their_traces(place):
    place.put(make_record(session="a", model="big"), make_record(session="b"))
    add(place, 1, session_id="a")
    add(place, 2, session_id="b")
    add(place, 3, session_id="b", trace_id="t")
    assert [score.score_id for score in place.reader().session_labels(Choice())] == ["id-1", "id-2"]
    assert [score.score_id for score in place.reader().session_labels(Choice(terms=parse("model:big", 0)))] == ["id-1"]


def test_a_span_or_call_is_in_a_trace(place):
    (record,) = place.put(make_record())
    place.writer.put_trace(Trace("t", started_ns=START_NS, spans=(Span("sp", name="x"),)), START_NS)
    reader = place.reader()
    assert reader.place_of_span("sp") == "t"
    assert reader.place_of_span(record.opened.id) == record.opened.id
    assert reader.place_of_span("none") is None


def test_the_task_of_a_session_is_what_its_metadata_says_last(place):
    for at, (session, metadata) in enumerate(
        [("a", {"case": 1}), ("a", {"case": "two", "x": 1}), ("b", {"case": ""}), ("c", {"other": "z"})]
    ):
        headers = ((b"X-PandaProbe-Metadata", json.dumps(metadata).encode()),)
        place.put(make_record(session=session, headers=headers, at_ns=START_NS + at * S))
    assert place.reader().tasks(Choice(), "case") == {"a": "two"}
    assert place.reader().tasks(Choice("c"), "other") == {"c": "z"}


def test_a_label_asks_for_no_new_judgement_of_its_session(place):
    (record,) = place.put(make_record())
    loops = Wanted("loops", 1, "-")
    ((_, content),) = place.reader().contents(Choice())
    place.writer.put_judged([Judged("s-1", content, "-", Judgement("loops", 1, 1.0, "no loop"), 7)])
    add(place, 1, session_id="s-1")
    add(place, 2, trace_id=record.opened.id, name="tone")
    assert place.reader().due(Choice(), [loops]) == []
    add(place, 3, trace_id=record.opened.id, name="coherence")
    assert len(place.reader().due(Choice(), [loops])) == 1


def test_what_was_judged_with_another_setting_may_stand(place):
    place.put(make_record())
    ((_, content),) = place.reader().contents(Choice())
    place.writer.put_judged([Judged("s-1", content, "then", Judgement("risk", 1, 1.0, "low"), 7)])
    due = place.reader().due
    assert len(due(Choice(), [Wanted("risk", 1, "now")])) == 1
    assert due(Choice(), [Wanted("risk", 1, "now", any_setting=True)]) == []
    assert len(due(Choice(), [Wanted("risk", 2, "now", any_setting=True)])) == 1


def test_sessions_are_chosen_by_state_and_among_some(place):
    place.put(make_record(session="a"), make_record(session="b"))
    place.writer.close_session("a")
    place.writer.sweep(10**15)
    chosen = place.reader().contents
    assert [one for one, _ in chosen(Choice(states=(State.CLOSED, State.IDLE)))] == ["a"]
    assert [one for one, _ in chosen(Choice(states=(State.OPEN,)))] == ["b"]
    assert [one for one, _ in chosen(Choice(session_ids=("b", "c")))] == ["b"]
    assert chosen(Choice(session_ids=())) == []


@pytest.mark.parametrize("again", [False, True])
def test_the_newest_calibration_of_each_evaluator_is_told(place, again):
    some = [Labelled(0.9, True, f"g{n}") for n in range(15)] + [Labelled(0.1, False, f"b{n}") for n in range(15)]
    first = Calibrated("loops", 1, "x", "labels.csv", 5, calibrate(some, [0.9]))
    other = Calibrated("loops", 1, "y", "success", 6, calibrate(some, [0.1], 0.4))
    newer = Calibrated("loops", 1, "x", "labels.csv", 7, calibrate(some, [0.1]))
    for one in (first, other, newer):
        place.writer.put_calibrated(one)
    if again:
        place.again()
    assert list(place.reader().calibrated()) == [other, newer]
