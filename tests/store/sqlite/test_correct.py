"""Corrections of sessions, their history, and how they are undone."""

import pytest
from pandaprobe_proxy.model.correction import Correction, CorrectionKind
from pandaprobe_proxy.store.errors import Refused
from records import START_NS, make_record

S = 1_000_000_000
TRACE = "11111111-1111-4111-8111-111111111111"


def call(session, at_s=0, text="hello", **more):
    return make_record([{"role": "user", "content": text}], session=session, at_ns=START_NS + at_s * S, **more)


def correct(place, kind, to, session="", *calls):
    return place.writer.correct(Correction(CorrectionKind(kind), to, session, tuple(one.opened.id for one in calls)))


def sessions(place, *records):
    reader = place.reader()
    return [reader.call(record.opened.id).row.session_id for record in records]


def listed(place):
    return {row.session_id: row.calls for row in place.reader().sessions(9)}


def everything(place):
    """All that a reader sees of sessions, calls and messages, in one value."""
    reader = place.reader()
    rows = sorted(reader.sessions(99), key=lambda row: row.session_id)
    return rows, [reader.calls(99, session_id=row.session_id) for row in rows], reader.search("hello", 9)


class TestMerge:
    def test_all_of_a_session_goes_into_another_and_counts_there(self, place):
        one, two, three = place.put(call("a"), call("a", 1), call("b", 2))
        made = correct(place, "merge", "b", "a")
        assert (sessions(place, one, two, three), listed(place), made.moved) == (["b"] * 3, {"b": 3}, 2)
        row = place.reader().session("b")
        assert (row.input_tokens, row.traces, row.started_ns) == (30, 3, START_NS)

    def test_what_is_still_to_come_of_it_goes_along(self, place):
        place.put(call("a"), call("b"))
        correct(place, "merge", "b", "a")
        (late,) = place.put(call("a", 5))
        assert sessions(place, late) == ["b"]
        assert place.reader().session("a").merged_into == "b"

    def test_a_session_that_was_merged_twice_is_followed_to_the_end(self, place):
        place.put(call("a"), call("b"), call("c"))
        correct(place, "merge", "b", "a")
        correct(place, "merge", "c", "b")
        (late,) = place.put(call("a", 5))
        assert sessions(place, late) == ["c"]

    def test_how_a_call_was_resolved_is_not_rewritten(self, place):
        (one,) = place.put(call("a"))
        place.put(call("b"))
        before = place.reader().call(one.opened.id).resolution
        correct(place, "merge", "b", "a")
        after = place.reader().call(one.opened.id).resolution
        assert (after.source, after.clues) == (before.source, before.clues)

    def test_posted_traces_and_what_it_began_go_along(self, place):
        trace = ((b"X-PandaProbe-Trace", TRACE.encode()),)
        place.put(call("a", headers=trace), call("b"))
        place.writer._db.execute("UPDATE sessions SET parent = 'a' WHERE session_id = 'b'")
        correct(place, "rename", "c", "a")
        reader = place.reader()
        assert [row.trace_id for row in reader.traces("c")] == [TRACE]
        assert (reader.session("c").traces, [row.session_id for row in reader.children("c")]) == (1, ["b"])


class TestOthers:
    def test_a_rename_needs_a_name_that_is_free(self, place):
        (one,) = place.put(call("a"))
        place.put(call("b"))
        with pytest.raises(Refused, match="there is a session b already"):
            correct(place, "rename", "b", "a")
        correct(place, "rename", "c", "a")
        assert sessions(place, one) == ["c"]
        assert (place.reader().session("c").source, listed(place)) == ("correction", {"b": 1, "c": 1})

    def test_a_split_takes_a_call_and_all_that_came_after_it(self, place):
        records = place.put(call("a"), call("a", 1), call("a", 2))
        correct(place, "split", "b", "a", records[1])
        assert sessions(place, *records) == ["a", "b", "b"]
        (late,) = place.put(call("a", 5))
        assert sessions(place, late) == ["a"]

    def test_calls_are_assigned_to_any_session_even_a_new_one(self, place):
        one, two, three = place.put(call("a"), call("b", 1), call("c", 2))
        correct(place, "assign", "c", "", one)
        correct(place, "assign", "d", "", two)
        assert sessions(place, one, two, three) == ["c", "d", "c"]

    def test_a_posted_trace_goes_along_when_all_its_calls_do(self, place):
        trace = {"headers": ((b"X-PandaProbe-Trace", TRACE.encode()),)}
        one, two = place.put(call("a", **trace), call("a", 1, **trace))
        correct(place, "assign", "b", "", one)
        assert [row.trace_id for row in place.reader().traces("b")] == []
        correct(place, "assign", "b", "", two)
        correct(place, "assign", "c", "", one, two)
        assert [row.trace_id for row in place.reader().traces("c")] == [TRACE]

    @pytest.mark.parametrize(
        ("kind", "to", "session", "why"),
        [
            ("merge", "b", "x", "no session x"),
            ("merge", "x", "a", "no session x"),
            ("merge", "a", "a", "into itself"),
            ("split", "c", "b", "is not in session b"),
            ("merge", "b", "merged", "was merged into b already"),
            ("rename", "merged", "a", "was merged into b already"),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_changes_nothing(self, place, kind, to, session, why):
        (one,) = place.put(call("a"))
        place.put(call("b"), call("merged"))
        correct(place, "merge", "b", "merged")
        before = everything(place)
        with pytest.raises(Refused, match=why):
            correct(place, kind, to, session, one)
        assert everything(place) == before

    def test_a_call_that_is_not_there_is_refused(self, place):
        with pytest.raises(Refused, match="there is no call"):
            correct(place, "assign", "b", "", call("a"))


class TestUndo:
    @pytest.mark.parametrize("kind", ["merge", "rename", "split", "assign"])
    def test_it_leaves_things_as_they_were(self, place, kind):
        trace = {"headers": ((b"X-PandaProbe-Trace", TRACE.encode()),)}
        one, two, _ = place.put(call("a", **trace), call("a", 1, "hello you"), call("b", 2))
        before = everything(place)
        to = "c" if kind == "rename" else "b"
        calls = {"split": (two,), "assign": (one, two)}.get(kind, ())
        made = correct(place, kind, to, "" if kind == "assign" else "a", *calls)
        undone = place.writer.undo()
        assert (undone.key, undone.undone_ns is not None) == (made.key, True)
        rows, calls, hits = everything(place)
        assert (calls, hits) == before[1:]
        told = [(row.session_id, row.calls, row.input_tokens, row.traces, row.merged_into) for row in rows]
        assert told == [(row.session_id, row.calls, row.input_tokens, row.traces, None) for row in before[0]]

    def test_the_newest_is_undone_first_and_all_stay_in_the_history(self, place):
        (one,) = place.put(call("a"))
        correct(place, "rename", "b", "a")
        correct(place, "rename", "c", "b")
        place.writer.undo()
        assert sessions(place, one) == ["b"]
        place.writer.undo()
        assert (sessions(place, one), place.writer.undo()) == (["a"], None)
        assert [(made.correction.to, made.undone_ns is not None) for made in place.reader().corrections(9)] == [
            ("c", True),
            ("b", True),
        ]

    def test_what_was_deleted_meanwhile_stays_deleted(self, place):
        place.put(call("a"), call("b"))
        correct(place, "merge", "b", "a")
        place.writer.delete_session("b")
        place.writer.undo()
        assert listed(place) == {}

    def test_a_session_that_was_named_after_an_undone_name_is_its_own(self, place):
        place.put(call("a"))
        correct(place, "rename", "b", "a")
        place.writer.undo()
        (late,) = place.put(call("a", 3))
        assert sessions(place, late) == ["a"]
