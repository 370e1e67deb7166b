from dataclasses import replace

import pytest
from pandaprobe_proxy.model.correction import Correction, CorrectionKind
from pandaprobe_proxy.model.score import Judgement, Quote, Score
from pandaprobe_proxy.store.filters import parse
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Wanted
from records import START_NS, make_record

S = 1_000_000_000
LOOPS, RISK = Wanted("loops", 1, "-"), Wanted("risk", 1, "pool")
QUOTE = Quote("t", "k", 2, "I am sorry", "again")


def contents(place, **choice):
    return dict(place.reader().contents(Choice(**choice)))


def judge(place, session_id="s-1", name="loops", value=0.5, **more):
    judgement = Judgement(name, more.pop("version", 1), value, "half", {"looped": 1}, (QUOTE,))
    content = more.pop("content", None) or contents(place).get(session_id, "gone")
    one = Judged(session_id, content, more.pop("setting", "-"), judgement, more.pop("at_ns", 7))
    return place.writer.put_judged([one])


def due(place, *wanted, **choice):
    return [(one.session_id, one.names) for one in place.reader().due(Choice(**choice), wanted or (LOOPS, RISK))]


def test_what_nobody_has_judged_is_due_the_oldest_first(place):
    place.put(make_record(session="b", at_ns=START_NS + S), make_record(session="a"))
    assert due(place) == [("a", ("loops", "risk")), ("b", ("loops", "risk"))]
    assert place.reader().due(Choice("a"), [LOOPS]) == [Due("a", contents(place)["a"], ("loops",))]


def test_what_was_judged_is_due_again_for_another_version_setting_or_content(place):
    place.put(make_record())
    assert judge(place) == 1
    assert due(place) == [("s-1", ("risk",))]
    assert due(place, replace(LOOPS, version=2)) == due(place, replace(LOOPS, setting="other")) == [("s-1", ("loops",))]
    place.put(make_record(at_ns=START_NS + S))
    assert due(place, LOOPS) == [("s-1", ("loops",))]


def test_a_score_that_is_posted_of_a_trace_is_another_content(place):
    (record,) = place.put(make_record())
    judge(place)
    place.writer.add_score(Score("1", "confidence", "1", "NUMERIC", 5, trace_id=record.opened.id))
    assert due(place, LOOPS) == [("s-1", ("loops",))]


def test_the_same_again_is_that_one_and_another_is_newer(place):
    place.put(make_record())
    assert (judge(place), judge(place, value=0.9), judge(place, value=0.25, setting="x")) == (1, 0, 1)
    (newest,) = place.reader().judged(Choice())
    assert (newest.judgement.value, newest.setting, newest.stale) == (0.25, "x", False)
    assert newest.judgement == Judgement("loops", 1, 0.25, "half", {"looped": 1}, (QUOTE,))


def test_a_judgement_of_what_has_changed_since_is_stale(place):
    place.put(make_record())
    judge(place)
    place.put(make_record(at_ns=START_NS + S))
    assert [one.stale for one in place.reader().judged(Choice())] == [True]


def test_a_session_that_is_gone_is_not_judged_and_takes_what_was_said_of_it(place):
    place.put(make_record(session="a"), make_record(session="b"))
    assert judge(place, "none") == 0
    judge(place, "a")
    judge(place, "b")
    place.writer.delete_session("a")
    assert [one.session_id for one in place.reader().judged(Choice())] == ["b"]


@pytest.mark.parametrize("kind", [CorrectionKind.MERGE, CorrectionKind.RENAME])
def test_a_call_that_goes_to_another_session_takes_the_judgements_with_it(place, kind):
    place.put(make_record(session="a"), *([make_record(session="b")] if kind == CorrectionKind.MERGE else []))
    judge(place, "a")
    place.writer.correct(Correction(kind, "b", "a"))
    assert place.reader().judged(Choice()) == []
    assert due(place, LOOPS) == [("b", ("loops",))]


def test_sessions_are_chosen_by_what_they_are(place):
    headers = ((b"X-PandaProbe-User", b"anna"), (b"X-PandaProbe-Tags", b"nightly"))
    place.put(
        make_record(session="a", headers=headers, model="big"),
        make_record(session="b", at_ns=START_NS + 100 * S, model="small"),
    )
    assert list(contents(place)) == ["a", "b"]
    for text in ("user:anna", "tag:night*", "model:big", "calls>0 -model:small"):
        assert list(contents(place, terms=parse(text, 0))) == ["a"]
    assert list(contents(place, session_id="a")) == ["a"]
    assert list(contents(place, since_ns=START_NS + 50 * S)) == ["b"]
    assert due(place, LOOPS, since_ns=START_NS + 50 * S, terms=parse("model:small", 0)) == [("b", ("loops",))]
    assert due(place, LOOPS, session_id="a", terms=parse("model:small", 0)) == []


def test_a_session_with_a_call_that_runs_waits(place):
    place.open(make_record(session="a").opened)
    assert contents(place) == {}


def test_judgements_with_a_value_are_among_the_scores(place):
    place.put(make_record())
    judge(place)
    judge(place, name="risk", value=None)
    place.writer.add_score(Score("1", "mine", "1", "NUMERIC", 5, session_id="s-1"))
    scores = place.reader().scores(session_id="s-1")
    assert [(score.name, score.value, score.source) for score in scores] == [
        ("mine", "1", "PROGRAMMATIC"), ("loops", "0.5", "AUTOMATED"),
    ]  # fmt: skip
    assert scores[1].metadata == {"version": 1, "counts": {"looped": 1}, "stale": False}
    assert place.reader().scores(trace_id="t") == []
