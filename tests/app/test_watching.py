"""What a watch judges, and when, over a real store and with a clock of the test's own."""

from pathlib import Path

import pytest
from pandaprobe_proxy.app.evaluating import Asked
from pandaprobe_proxy.app.own_evaluators import find_evaluators
from pandaprobe_proxy.app.watching import ALL_EVERY_S, PEERS_EVERY_S, Watch
from pandaprobe_proxy.evaluate.registry import choose
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.judged import Choice
from records import START_NS, make_record

S = 1_000_000_000


class Watching:
    """A watch on a place, whose writer is closed while it looks."""

    def __init__(self, place, *names, evaluators=None, choice=None):
        self.place, self.told, self.now = place, [], 1000.0
        asked = Asked(choice or Choice(), evaluators or choose(names or ["loops"]))
        settings = Settings(data_dir=place.path.parent)
        self.watch = Watch(settings, asked, self.told.append, lambda: self.now)

    def look(self, later_s=1.0):
        """What is told by a look so much later."""
        self.now += later_s
        self.place.writer.close()
        self.told.clear()
        try:
            self.watch.look()
        finally:
            self.place.again()
        return list(self.told)

    def judged(self, later_s=1.0):
        return sum(told.judged for told in self.look(later_s))


def put(place, session, at_s=0, end=True):
    (record,) = place.put(make_record(session=session, at_ns=START_NS + at_s * S))
    place.writer.sweep(10**18)  # tells that it has begun
    if end:
        over(place, session)
    return record


def over(place, session):
    place.writer.close_session(session)
    place.writer.sweep(10**18)


def stale(place):
    return {one.session_id: one.stale for one in place.reader().judged(Choice())}


def test_sessions_are_judged_once_they_are_over_and_once_only(place):
    watching = Watching(place)
    put(place, "a")
    put(place, "b", end=False)
    assert watching.judged() == 1
    assert watching.judged() == 0
    over(place, "b")
    assert watching.judged() == 1
    assert stale(place) == {"a": False, "b": False}


def test_an_idle_session_is_over_too(place):
    watching = Watching(place)
    watching.look()
    put(place, "a", end=False)
    assert watching.judged() == 0
    place.writer.sweep(-(10**18))
    assert place.reader().session("a").state == "idle"
    assert watching.judged() == 1


def test_what_comes_late_makes_judgements_stale_until_the_session_is_over_again(place):
    watching = Watching(place)
    put(place, "a")
    watching.look()
    put(place, "a", at_s=10**9, end=False)  # after it was closed
    assert stale(place) == {"a": True}
    (told,) = watching.look()
    assert (told.reopened, told.judged) == (("a",), 0)
    assert stale(place) == {"a": True}
    over(place, "a")
    assert watching.judged() == 1
    assert stale(place) == {"a": False}


def test_a_watch_that_was_killed_goes_on(place):
    put(place, "a")
    assert Watching(place).judged() == 1
    put(place, "b")
    assert Watching(place).judged() == 1


def test_what_changes_without_being_told_is_found_after_a_while(place):
    watching = Watching(place)
    record = put(place, "a")
    watching.look()
    place.writer.add_score(Score("1", "confidence", "0.5", "NUMERIC", 5, trace_id=record.opened.id))
    assert watching.judged() == 0
    assert watching.judged(ALL_EVERY_S) == 1


def test_only_the_chosen_are_judged(place):
    put(place, "a")
    put(place, "b")
    assert Watching(place, choice=Choice("b")).judged() == 1


def test_peers_are_those_that_are_known_then_and_are_not_judged_anew(place):
    watching = Watching(place, "replicate_agreement")
    put(place, "a")
    put(place, "b", at_s=1)
    watching.look()
    assert [one.judgement.counts["peers"] for one in place.reader().judged(Choice())] == [1, 1]
    put(place, "c", at_s=2)
    assert watching.judged(PEERS_EVERY_S) == 1
    peers = {one.session_id: one.judgement.counts["peers"] for one in place.reader().judged(Choice())}
    assert peers == {"a": 1, "b": 1, "c": 2}
    put(place, "d", at_s=3)
    watching.look(PEERS_EVERY_S / 3)
    peers = {one.session_id: one.judgement.counts["peers"] for one in place.reader().judged(Choice())}
    assert peers["d"] == 3


def test_what_the_store_cannot_keep_now_is_judged_the_next_time(place):
    watching = Watching(place)
    put(place, "a")
    with pytest.raises(StoreError):
        watching.watch.look()  # the place's writer holds the store
    assert watching.judged() == 1


def test_an_evaluator_that_fails_is_told_of_with_the_session(place, tmp_path):
    own = Path(tmp_path / "odd.py")
    own.write_text("NAME, VERSION = 'odd', 1\ndef evaluate(session):\n    raise KeyError('x')\n")
    watching = Watching(place, evaluators=find_evaluators([own], []).evaluators[-1:])
    put(place, "a")
    (told,) = watching.look()
    (flaw,) = told.flaws
    assert (flaw.name, flaw.session_id, flaw.why, flaw.sessions) == ("odd", "a", "KeyError: 'x'", 1)
