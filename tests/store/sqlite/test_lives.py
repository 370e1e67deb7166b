"""The life of sessions in the store, by clocks that the test sets."""

import pytest
from pandaprobe_proxy.capture.keep import Policy
from pandaprobe_proxy.model.correction import Correction, CorrectionKind
from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.trace import Span, Trace
from pandaprobe_proxy.store.base import Budget
from pandaprobe_proxy.store.clocks import Clocks
from pandaprobe_proxy.store.sqlite import lives
from places import RUN, Place
from records import START_NS, make_keeper, make_record

S = 1_000_000_000
GAP = 1800 * S
TRACE = "11111111-1111-4111-8111-111111111111"
KEY = (b"Authorization", b"Bearer sk-0123456789abcdef")
FOLLOWING = (
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "fine"},
    {"role": "user", "content": "go on"},
)
"""What a call says that goes on from one of `call`."""


class Now:
    """A wall clock and a steady one, which the test sets."""

    def __init__(self):
        self.wall_s = self.steady_s = 0

    def clocks(self):
        return Clocks(lambda: START_NS + int(self.wall_s * S), lambda: START_NS + int(self.steady_s * S))

    def pass_by(self, seconds):
        self.wall_s += seconds
        self.steady_s += seconds


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def place(tmp_path, now):
    made = Place(tmp_path / "calls.db", options={"clocks": now.clocks()})
    yield made
    made.close()


def call(now, session="a", text="hello", **more):
    """A call that begins now; without a session it is where the default puts it."""
    at_ns = START_NS + int(now.wall_s * S)
    return make_record([{"role": "user", "content": text}], session=session, at_ns=at_ns, headers=(KEY,), **more)


def follow(now, session=None):
    """A call that begins a second later and goes on from one of `call`."""
    now.pass_by(1)
    return make_record(FOLLOWING, session=session, at_ns=START_NS + int(now.wall_s * S), headers=(KEY,))


def sweep(place):
    while place.writer.sweep(GAP):
        pass


def told(place, session=None):
    """The changes in order, each swept for."""
    sweep(place)
    return [f"{one.change} {one.session_id}" for one in place.reader().changes(99, 0, session)]


def state(place, session="a"):
    return place.reader().session(session).state


class TestOpen:
    def test_a_session_is_opened_once_and_told_with_its_cause(self, place, now):
        place.put(call(now))
        place.put(call(now))
        assert told(place) == ["opened a"]
        (change,) = place.reader().changes(9)
        assert (change.number, change.state, change.cause, change.at_ns) == (1, State.OPEN, "call", START_NS)
        assert told(place) == ["opened a"]

    def test_one_that_is_named_is_told_while_its_first_call_runs(self, place, now):
        place.open(call(now).opened)
        assert told(place) == ["opened a"]

    def test_one_that_only_a_default_placed_is_told_when_its_call_has_ended(self, place, now):
        record = call(now, session=None)
        place.open(record.opened)
        assert told(place) == []
        place.put(record)
        assert told(place) == [f"opened call-{record.opened.id}"]

    def test_a_call_that_goes_elsewhere_at_its_end_leaves_nothing_to_tell(self, place, now):
        place.put(call(now, "a"))
        follows = follow(now)
        place.open(follows.opened)
        sweep(place)
        place.put(follows)
        assert told(place) == ["opened a"]

    def test_a_session_that_was_told_and_goes_into_another_is_told_as_merged(self, place, now):
        first = place.put(call(now, None))[0].opened.id
        sweep(place)
        place.put(follow(now, "named"))
        assert told(place) == [f"opened call-{first}", f"merged call-{first}", "opened named"]
        merged = place.reader().changes(9)[1]
        assert (merged.state, merged.merged_into, merged.cause) == (State.MERGED, "named", "call")

    def test_a_call_that_is_discarded_takes_its_session_and_what_was_told_of_it_along(self, place, now):
        record = call(now)
        place.open(record.opened)
        sweep(place)
        place.put(discarded=(record.opened.id,))
        assert told(place) == []


class TestIdle:
    def test_it_is_idle_a_gap_after_its_last_call_ended(self, place, now):
        place.put(call(now))
        now.pass_by(1000)
        place.put(call(now))
        now.pass_by(1799)
        assert told(place) == ["opened a"]
        now.pass_by(1)
        assert told(place) == ["opened a", "idle a"]
        assert (state(place), place.reader().changes(1)[0].cause) == (State.IDLE, "gap")
        assert told(place) == ["opened a", "idle a"]

    def test_a_call_that_runs_keeps_it_open_and_its_end_begins_the_gap(self, place, now):
        record = call(now)
        place.open(record.opened)
        now.pass_by(5000)
        assert told(place) == ["opened a"]
        place.put(record)
        now.pass_by(1799)
        assert told(place) == ["opened a"]
        now.pass_by(1)
        assert told(place) == ["opened a", "idle a"]

    def test_a_late_call_opens_it_again(self, place, now):
        place.put(call(now))
        now.pass_by(1800)
        sweep(place)
        record = call(now)
        place.open(record.opened)
        assert (state(place), told(place)[-1]) == (State.OPEN, "reopened a")
        place.put(record)
        now.pass_by(1800)
        assert told(place) == ["opened a", "idle a", "reopened a", "idle a"]

    def test_a_wall_clock_that_jumps_changes_nothing(self, place, now):
        place.put(call(now))
        now.wall_s += 90_000
        assert told(place) == ["opened a"]
        now.wall_s -= 500_000
        now.pass_by(1799)
        assert told(place) == ["opened a"]
        now.pass_by(1)
        assert told(place) == ["opened a", "idle a"]

    def test_a_trace_of_another_time_counts_when_it_comes(self, place, now):
        for started_ns in (START_NS - 10**6 * S, START_NS + 10**6 * S):
            place.writer.put_trace(Trace(TRACE, started_ns=started_ns, session_id="a"), START_NS)
        now.pass_by(1799)
        assert told(place) == ["opened a"]
        now.pass_by(1)
        assert told(place) == ["opened a", "idle a"]

    def test_what_comes_of_a_trace_keeps_it_open_and_opens_it_again(self, place, now):
        place.writer.put_trace(Trace(TRACE, session_id="a"), START_NS)
        now.pass_by(1700)
        place.writer.add_spans(TRACE, [Span("22222222-2222-4222-8222-222222222222")])
        now.pass_by(1700)
        assert told(place) == ["opened a"]
        now.pass_by(100)
        sweep(place)
        place.writer.patch_trace(Trace(TRACE, status="COMPLETED"))
        assert told(place) == ["opened a", "idle a", "reopened a"]
        assert place.reader().changes(1)[0].cause == "trace"

    def test_a_score_keeps_an_open_session_open_and_wakes_none(self, place, now):
        record = place.put(call(now))[0]
        now.pass_by(1700)
        place.writer.add_score(Score("1", "good", "1", "NUMERIC", START_NS, trace_id=record.opened.id))
        now.pass_by(1700)
        place.writer.add_score(Score("2", "good", "1", "NUMERIC", START_NS, session_id="a"))
        now.pass_by(1700)
        assert told(place) == ["opened a"]
        now.pass_by(100)
        assert told(place) == ["opened a", "idle a"]
        place.writer.add_score(Score("3", "good", "1", "NUMERIC", START_NS, session_id="a"))
        assert told(place) == ["opened a", "idle a"]

    def test_many_are_found_in_steps_and_each_once(self, place, now):
        place.put(*(call(now, f"s{i}") for i in range(lives.MOST + 5)))
        assert place.writer.sweep(GAP) and not place.writer.sweep(GAP)
        now.pass_by(1800)
        sweep(place)
        changes = [(one.session_id, one.change) for one in place.reader().changes(999)]
        assert len(changes) == len(set(changes)) == 2 * (lives.MOST + 5)

    def test_they_are_found_by_an_index_and_not_by_looking_at_all(self, place):
        plan = place.writer._db.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM sessions WHERE active_ns <= 7 ORDER BY active_ns LIMIT 200"
        ).fetchall()
        assert [row[3] for row in plan] == ["SEARCH sessions USING INDEX sessions_watched (active_ns<?)"]

    def test_a_call_in_a_session_that_lives_writes_no_index_of_its_life(self, place, now):
        place.put(call(now))
        sweep(place)
        before = place.writer._db.execute("SELECT active_ns FROM sessions").fetchone()
        now.pass_by(100)
        place.put(call(now))
        assert place.writer._db.execute("SELECT active_ns FROM sessions").fetchone() == before


class TestClose:
    def test_it_is_closed_at_once_if_nothing_runs(self, place, now):
        place.put(call(now))
        sweep(place)
        row = place.writer.close_session("a")
        assert (row.state, row.closing) == (State.OPEN, True)
        assert told(place) == ["opened a", "closed a"]
        row = place.reader().session("a")
        assert (row.state, row.closing, place.reader().changes(1)[0].cause) == (State.CLOSED, False, "asked")
        place.writer.close_session("a")
        assert told(place) == ["opened a", "closed a"]

    def test_what_runs_is_waited_for(self, place, now):
        record = call(now)
        place.open(record.opened)
        place.writer.close_session("a")
        assert told(place) == ["opened a"]
        now.pass_by(9999)
        place.put(record)
        assert told(place) == ["opened a", "closed a"]

    def test_what_runs_and_is_discarded_is_not_waited_for(self, place, now):
        record = call(now)
        place.put(call(now), opened=(record.opened,))
        place.writer.close_session("a")
        assert told(place) == ["opened a"]
        place.put(discarded=(record.opened.id,))
        assert told(place) == ["opened a", "closed a"]

    def test_an_idle_session_can_be_closed(self, place, now):
        place.put(call(now))
        now.pass_by(1800)
        sweep(place)
        place.writer.close_session("a")
        assert told(place) == ["opened a", "idle a", "closed a"]

    def test_one_that_is_not_known_yet_is_closed_when_its_calls_are_stored(self, place, now):
        record = call(now)
        now.pass_by(1)
        place.writer.close_session("a")
        assert told(place) == []
        assert place.reader().sessions(9) == []
        place.put(record)
        assert told(place) == ["opened a", "closed a"]

    def test_a_call_that_began_before_and_is_stored_after_does_not_open_it_again(self, place, now):
        early = call(now)
        place.put(call(now))
        now.pass_by(1)
        place.writer.close_session("a")
        sweep(place)
        place.put(early)
        assert told(place) == ["opened a", "closed a"]

    def test_one_that_begins_later_does(self, place, now):
        place.put(call(now))
        place.writer.close_session("a")
        sweep(place)
        now.pass_by(1)
        place.put(call(now))
        assert told(place) == ["opened a", "closed a", "reopened a"]
        now.pass_by(1800)
        assert told(place)[-1] == "idle a"

    def test_one_that_begins_before_it_was_told_takes_the_close_back(self, place, now):
        running = call(now)
        place.open(running.opened)
        place.writer.close_session("a")
        now.pass_by(1)
        place.put(running, call(now))
        assert (told(place), place.reader().session("a").closing) == (["opened a"], False)

    def test_it_can_be_taken_back(self, place, now):
        place.put(call(now))
        place.writer.close_session("a")
        sweep(place)
        now.pass_by(9999)
        assert place.writer.reopen_session("a").state is State.OPEN
        now.pass_by(1799)
        assert told(place) == ["opened a", "closed a", "reopened a"]
        assert place.reader().changes(1)[0].cause == "asked"
        place.writer.reopen_session("a")
        assert (told(place)[3:], place.writer.reopen_session("none")) == ([], None)


class TestCorrected:
    def correct(self, place, kind, to, session="", *calls):
        place.writer.correct(Correction(CorrectionKind(kind), to, session, tuple(one.opened.id for one in calls)))

    def test_a_merged_session_follows_the_other_and_is_told_no_more(self, place, now):
        place.put(call(now, "a"), call(now, "b"))
        sweep(place)
        self.correct(place, "merge", "b", "a")
        assert told(place)[2:] == ["merged a", "corrected b"]
        assert (state(place, "a"), state(place, "b")) == (State.MERGED, State.OPEN)
        now.pass_by(1000)
        place.put(call(now, "a"))
        now.pass_by(1799)
        assert told(place)[4:] == []
        now.pass_by(1)
        assert told(place)[4:] == ["idle b"]
        place.writer.close_session("a")
        assert told(place)[5:] == ["closed b"]

    def test_what_lives_wakes_what_it_is_merged_into(self, place, now):
        place.put(call(now, "b"))
        now.pass_by(1800)
        place.put(call(now, "a"))
        sweep(place)
        self.correct(place, "merge", "b", "a")
        assert told(place, "b") == ["opened b", "idle b", "reopened b", "corrected b"]
        now.pass_by(1800)
        assert told(place)[-1] == "idle b"

    def test_what_is_idle_does_not(self, place, now):
        place.put(call(now, "a"), call(now, "b"))
        now.pass_by(1800)
        sweep(place)
        self.correct(place, "merge", "b", "a")
        assert (told(place)[4:], state(place, "b")) == (["merged a", "corrected b"], State.IDLE)

    def test_undone_both_are_what_they_would_be(self, place, now):
        place.put(call(now, "a"), call(now, "b"))
        place.writer.close_session("a")
        sweep(place)
        now.pass_by(1)
        self.correct(place, "merge", "b", "a")
        now.pass_by(1800)
        sweep(place)
        place.writer.undo()
        assert told(place, "a") == ["opened a", "closed a", "merged a", "reopened a", "closed a"]
        assert told(place, "b") == ["opened b", "corrected b", "idle b", "corrected b"]

    def test_a_session_that_a_correction_has_emptied_is_not_listed(self, place, now):
        one, _ = place.put(call(now, "a"), call(now, "b"))
        sweep(place)
        self.correct(place, "assign", "c", "", one)
        assert told(place)[2:] == ["corrected a", "opened c"]
        assert {row.session_id for row in place.reader().sessions(9)} == {"b", "c"}
        assert place.reader().counts().sessions == 2
        place.writer.undo()
        assert told(place)[2:] == ["corrected a", "opened c", "merged c", "corrected a"]
        assert {row.session_id for row in place.reader().sessions(9)} == {"a", "b"}

    def test_a_rename_that_is_undone_leaves_the_new_name_merged(self, place, now):
        place.put(call(now, "a"))
        sweep(place)
        self.correct(place, "rename", "b", "a")
        sweep(place)
        place.writer.undo()
        assert told(place) == ["opened a", "merged a", "opened b", "reopened a", "merged b"]


class TestAgain:
    def test_what_became_idle_while_nothing_ran_is_told_once(self, place, now):
        place.put(call(now))
        sweep(place)
        now.pass_by(4000)
        place.again().begin(RUN, START_NS)
        assert told(place) == ["opened a", "idle a"]
        place.again().begin(RUN, START_NS)
        assert told(place) == ["opened a", "idle a"]

    def test_a_call_that_was_running_lived_until_the_last_commit(self, place, now):
        record = call(now)
        place.open(record.opened)
        now.pass_by(3000)
        place.put(call(now, "other"))
        now.pass_by(1000)
        place.again().begin("0190a1b2-0000-7000-8000-00000000000b", START_NS)
        assert told(place, "a") == ["opened a"]
        now.pass_by(800)
        assert told(place, "a") == ["opened a", "idle a"]

    def test_a_session_from_before_the_clock_was_set_back_is_idle_a_gap_later(self, place, now):
        now.pass_by(10**6)
        place.put(call(now))
        sweep(place)
        now.wall_s = now.steady_s = 0
        place.again().begin(RUN, START_NS)
        now.pass_by(1799)
        assert told(place) == ["opened a"]
        now.pass_by(1)
        assert told(place) == ["opened a", "idle a"]

    def test_numbers_are_never_used_twice(self, place, now):
        place.put(call(now))
        sweep(place)
        place.writer.delete_session("a")
        place.put(call(now))
        assert told(place) == ["opened a"]
        assert place.reader().changes(9)[0].number == 2


class TestForgotten:
    def test_a_session_takes_its_changes_along_and_those_of_what_was_merged_into_it(self, place, now):
        first = place.put(call(now, None))[0].opened.id
        sweep(place)
        place.put(follow(now, "named"))
        assert len(told(place)) == 3 and first
        place.writer.delete_session("named")
        assert told(place) == []

    def test_changes_go_by_age(self, place, now):
        running = call(now)
        place.open(running.opened)
        sweep(place)
        now.pass_by(100_000)
        place.put(call(now, "b"))
        sweep(place)
        place.writer.trim(Budget(max_age_s=86_400), START_NS + 100_000 * S)
        assert told(place) == ["opened b"]


class TestRead:
    def test_changes_are_read_on_from_a_number_or_the_newest(self, place, now):
        place.put(*(call(now, name) for name in "abcd"))
        sweep(place)
        names = lambda changes: [one.session_id for one in changes]  # noqa: E731
        reader = place.reader()
        assert names(reader.changes(2)) == ["c", "d"]
        assert names(reader.changes(2, 1)) == ["b", "c"]
        assert names(reader.changes(9, 4)) == []
        assert names(reader.changes(9, 0, "b")) == ["b"]

    def test_sessions_are_listed_by_their_state(self, place, now):
        place.put(call(now, "a"), call(now, "b"))
        now.pass_by(1800)
        sweep(place)
        place.put(call(now, "c"))
        place.writer.close_session("b")
        sweep(place)
        listed = {one: [row.session_id for row in place.reader().sessions(9, state=one)] for one in State}
        assert listed == {State.OPEN: ["c"], State.IDLE: ["a"], State.CLOSED: ["b"], State.MERGED: []}

    def test_a_default_by_client_is_a_session_like_any_other(self, place, now):
        keeper = make_keeper(Policy(default_session="client"))
        record = place.put(call(now, None, keeper=keeper))[0]
        assert told(place) == [f"opened {record.opened.resolution.session_id}"]
