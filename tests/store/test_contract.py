"""What store.base promises, asked of every store that there is."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.capture.keep import Policy
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.model.trace import Span, SpanKind, SpanStatus, Trace, TraceStatus
from pandaprobe_proxy.store.base import Budget
from pandaprobe_proxy.store.batch import Batch, Staged
from pandaprobe_proxy.store.errors import StoreBusy, StoreError
from pandaprobe_proxy.store.sqlite import open_reader, open_writer
from places import RUN, Place
from records import START_NS, make_exchange, make_keeper, make_record, new_id

DAY_NS = 86_400 * 1_000_000_000
OTHER_RUN = "0190a1b2-0000-7000-8000-00000000000b"
TRACE = "11111111-1111-4111-8111-111111111111"
SPAN = "22222222-2222-4222-8222-222222222222"


def user(text):
    return {"role": "user", "content": text}


def in_trace(trace_id=TRACE, span=""):
    return {"headers": ((b"X-PandaProbe-Trace", f"{trace_id}{span and '/'}{span}".encode()),)}


class TestWriter:
    def test_there_is_one_at_a_time_and_it_is_named(self, place):
        with pytest.raises(StoreBusy, match=r"process \d+ already writes"):
            open_writer(place.path)

    def test_closing_twice_is_allowed_and_afterwards_everything_is_refused(self, place):
        place.writer.close()
        place.writer.close()
        with pytest.raises(StoreError, match="closed"):
            place.writer.last_seen("x")

    def test_a_new_run_starts_at_nothing(self, place):
        state = place.writer.begin(OTHER_RUN, START_NS)
        assert (state.offset, state.recorded, state.dropped, state.staged) == (0, 0, {}, ())

    def test_a_run_that_goes_on_is_told_where_it_stands(self, place):
        record = make_record()
        place.put(record, dropped={"ring_full": 2}, staged=(Staged(RUN, "other", b"one"), Staged(RUN, "other", b"two")))
        state = place.again().begin(RUN, START_NS)
        assert (state.offset, state.recorded, state.dropped) == (1, 1, {"ring_full": 2})
        assert [staged.frames for staged in state.staged] == [b"one", b"two"]

    def test_a_batch_is_committed_once(self, place):
        batch = Batch(RUN, 7, records=(make_record(),))
        place.writer.commit(batch)
        with pytest.raises(StoreError, match="not beyond"):
            place.writer.commit(batch)
        assert place.reader().counts().recorded == 1

    def test_a_run_that_was_never_begun_is_refused(self, place):
        with pytest.raises(StoreError, match="not begun"):
            place.writer.commit(Batch(OTHER_RUN, 1))

    def test_a_batch_that_fails_leaves_nothing(self, place):
        good = make_record()
        bad = replace(make_record(), request_headers=object())
        with pytest.raises(Exception, match="object"):
            place.writer.commit(Batch(RUN, 5, records=(good, bad)))
        counts = place.reader().counts()
        assert (counts.calls, counts.offset, counts.recorded) == (0, 0, 0)
        place.put(good)
        assert place.reader().counts().calls == 1

    def test_a_call_has_a_row_from_its_beginning_and_ends_once(self, place):
        record = make_record()
        place.open(record.opened)
        reader = place.reader()
        assert (reader.calls(9)[0].outcome, reader.session("s-1").open_calls) == ("open", 1)
        place.put(record)
        place.put(replace(record, outcome=Outcome.TIMEOUT))
        (row,) = reader.calls(9)
        assert (row.outcome, reader.session("s-1").open_calls) == ("ok", 0)

    def test_what_earlier_runs_left_open_is_interrupted(self, place):
        record = make_record()
        place.open(record.opened, staged=(Staged(RUN, record.opened.id, b"x"),))
        state = place.again().begin(OTHER_RUN, START_NS + 5)
        row = place.reader().calls(9)[0]
        session = place.reader().session("s-1")
        assert state.staged == ()
        assert (row.outcome, session.open_calls, session.errors) == ("interrupted", 0, 1)

    def test_what_is_staged_goes_with_its_record_and_with_its_discarding(self, place):
        record, other = make_record(), make_record()
        staged = tuple(Staged(RUN, made.opened.id, b"x") for made in (record, other))
        place.open(record.opened, other.opened, staged=staged)
        place.put(record, discarded=(other.opened.id,))
        assert place.again().begin(RUN, START_NS).staged == ()
        assert [row.call_id for row in place.reader().calls(9)] == [record.opened.id]

    def test_a_discarded_call_that_was_alone_takes_its_session_with_it(self, place):
        record = make_record(session="alone")
        place.open(record.opened)
        place.put(discarded=(record.opened.id, "unknown"))
        assert place.reader().session("alone") is None

    def test_the_newest_call_of_a_client_is_known(self, place):
        keeper = make_keeper(Policy(default_session="client"), place.writer.last_seen)
        first, second = (make_record(session=None, at_ns=START_NS + i * DAY_NS, keeper=keeper) for i in range(2))
        place.put(first, second)
        assert place.writer.last_seen(first.opened.client_key) == (second.opened.resolution.session_id, second.ended_ns)
        assert place.writer.last_seen("unknown") is None


class TestReader:
    def test_it_needs_a_store(self, tmp_path):
        with pytest.raises(StoreError, match=r"no store at .*start a sidecar"):
            open_reader(tmp_path / "none.db")

    def test_it_sees_what_is_committed_while_it_is_open(self, place):
        reader = place.reader()
        assert reader.sessions(5) == []
        place.put(make_record())
        assert [row.session_id for row in reader.sessions(5)] == ["s-1"]

    def test_a_session_adds_its_calls_up(self, place):
        headers = ((b"X-PandaProbe-User", b"u-1"), (b"X-PandaProbe-Tags", b"b,a"))
        place.put(
            make_record([user("first words")], headers=headers),
            make_record([user("more")], at_ns=START_NS + 5, model="other", outcome=Outcome.TIMEOUT),
        )
        row = place.reader().session("s-1")
        assert (row.calls, row.errors, row.traces, row.open_calls) == (2, 1, 2, 0)
        assert (row.input_tokens, row.output_tokens, row.models) == (20, 10, ("m", "other"))
        assert (row.user_id, row.tags, row.first_input) == ("u-1", ("a", "b"), "first words")
        assert (row.source, row.confidence) == (Source.HEADER, 1.0)

    def test_sessions_come_newest_first_by_user_and_by_page(self, place):
        mine = {"headers": ((b"X-PandaProbe-User", b"me"),)}
        place.put(
            *(make_record(session=f"s{i}", at_ns=START_NS + i * DAY_NS, **(mine if i % 2 else {})) for i in range(4))
        )
        reader = place.reader()
        rows = reader.sessions(2)
        assert [row.session_id for row in rows] == ["s3", "s2"]
        assert [row.session_id for row in reader.sessions(9, before_ns=rows[-1].last_ns)] == ["s1", "s0"]
        assert [row.session_id for row in reader.sessions(9, user_id="me")] == ["s3", "s1"]

    def test_calls_come_oldest_first_in_a_session_and_newest_first_without(self, place):
        made = place.put(*(make_record(at_ns=START_NS + i * 1_000_000_000) for i in range(4)))
        ids = [record.opened.id for record in made]
        reader = place.reader()
        assert [row.call_id for row in reader.calls(9, session_id="s-1")] == ids
        assert [row.call_id for row in reader.calls(2)] == ids[:1:-1]
        assert [row.call_id for row in reader.calls(9, after=ids[1])] == ids[2:]
        assert [row.call_id for row in reader.calls(9, before=ids[2])] == ids[1::-1]
        assert reader.calls(9, session_id="none") == []

    def test_ids_are_found_by_their_beginning(self, place):
        (one, two) = place.put(make_record(session="trip-1"), make_record(session="trip_2"))
        reader = place.reader()
        assert reader.find_sessions("trip") == ["trip-1", "trip_2"]
        assert reader.find_sessions("trip-") == ["trip-1"]
        assert reader.find_sessions("%") == []
        assert reader.find_calls(one.opened.id) == [one.opened.id]
        assert set(reader.find_calls(one.opened.id[:8])) >= {one.opened.id, two.opened.id}

    def test_none_means_no_such_thing(self, place):
        reader = place.reader()
        assert (reader.session("x"), reader.trace("x"), reader.call("x")) == (None, None, None)

    def test_bodies_are_rebuilt_byte_for_byte(self, place):
        exchange = make_exchange([user("höllo " * 200), user("höllo " * 200)])
        record = make_record([user("höllo " * 200), user("höllo " * 200)], id=exchange.id)
        place.put(record)
        stored = place.reader().call(record.opened.id)
        assert stored.request.data == exchange.request_body
        assert stored.response.data == exchange.response_body
        assert (stored.request.complete, stored.request.redactions, stored.request.withheld) == (True, 0, "")

    def test_a_call_is_decoded_from_what_is_kept(self, place):
        record = make_record([user("Capital of France?")], "Paris.")
        place.put(record)
        stored = place.reader().call(record.opened.id)
        assert stored.call == record.call
        assert [message.text for message in (*stored.call.input, *stored.call.output)] == [
            "Capital of France?",
            "Paris.",
        ]

    def test_what_is_no_call_is_kept_without_one(self, place):
        record = make_record(path="/v1/unknown", request=b"\x00\xff", response=b"\x01")
        place.put(record)
        stored = place.reader().call(record.opened.id)
        assert (stored.call, stored.request.data, stored.response.data) == (None, b"\x00\xff", b"\x01")

    def test_counts_are_those_of_the_newest_run(self, place):
        place.put(make_record(), counters={"relayed": 3}, dropped={"ring_full": 2})
        counts = place.reader().counts()
        assert (counts.run, counts.recorded, counts.dropped, counts.calls) == (RUN, 1, {"ring_full": 2}, 1)
        assert (counts.counters, counts.sessions) == ({"relayed": 3}, 1)
        assert counts.raw_bytes > 0 and counts.store_bytes > 0

    def test_closing_twice_is_allowed_and_afterwards_everything_is_refused(self, place):
        reader = place.reader()
        reader.close()
        reader.close()
        with pytest.raises(StoreError, match="closed"):
            reader.sessions(1)


class TestSearch:
    def test_a_message_is_found_once_with_the_call_that_brought_it(self, place):
        history = [user("the quick brown fox")]
        first = make_record(history, "jumps over")
        second = make_record(
            [*history, {"role": "assistant", "content": "jumps over"}, user("a dog")], at_ns=START_NS + 9
        )
        place.put(first, second)
        (hit,) = place.reader().search("brown fox", 9)
        assert (hit.call_id, hit.session_id, hit.role) == (first.opened.id, "s-1", "user")
        assert hit.snippet == "the quick [brown] [fox]"

    def test_every_word_must_be_there_and_the_last_may_be_a_beginning(self, place):
        place.put(make_record([user("alpha beta")]), make_record([user("alpha gamma")], session="s-2"))
        reader = place.reader()
        assert len(reader.search("alpha", 9)) == 2
        assert len(reader.search("alpha gam", 9)) == 1
        assert reader.search("alp gamma", 9) == []

    @pytest.mark.parametrize("query", ["", '"', "a AND", "NEAR(", "*", "col:x", "' OR 1", "\0", "ünïcödé", "x" * 500])
    def test_any_text_is_a_query(self, place, query):
        place.put(make_record([user("plain")]))
        assert place.reader().search(query, 9) == []

    def test_tool_calls_and_their_results_are_found(self, place):
        call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}
        place.put(
            make_record([user("hi")], {"role": "assistant", "content": None, "tool_calls": [call]}),
            make_record([{"role": "tool", "tool_call_id": "c1", "content": "snowfall"}], at_ns=START_NS + 5),
        )
        reader = place.reader()
        assert [reader.search(word, 9)[0].role for word in ("Oslo", "snowfall")] == ["assistant", "tool"]


class TestTraces:
    def make(self, **more):
        values = {"name": "plan", "status": TraceStatus.COMPLETED, "started_ns": START_NS, "ended_ns": START_NS + 10}
        return Trace(TRACE, **{**values, **more})

    def test_a_posted_trace_makes_its_session(self, place):
        span = Span(SPAN, name="step", kind=SpanKind.TOOL, status=SpanStatus.OK, started_ns=START_NS, input={"a": [1]})
        place.writer.put_trace(self.make(session_id="s", user_id="u", tags=("t",), spans=(span,)), START_NS)
        reader = place.reader()
        trace, session = reader.trace(TRACE), reader.session("s")
        assert (trace.session_id, trace.name, trace.tags, trace.user_id) == ("s", "plan", ("t",), "u")
        assert [(found.span_id, found.kind, found.input) for found in trace.spans] == [(SPAN, "TOOL", {"a": [1]})]
        assert (session.traces, session.calls, session.user_id, session.source) == (1, 0, "u", Source.INGEST)
        assert reader.traces("s") == [trace]

    def test_posting_it_again_completes_it_and_changes_nothing_else(self, place):
        place.writer.put_trace(self.make(session_id="s", tags=("a",), metadata={"x": 1}), START_NS)
        place.writer.put_trace(Trace(TRACE, tags=("b",), metadata={"y": 2}, output="done"), START_NS)
        trace = place.reader().trace(TRACE)
        assert (trace.name, trace.session_id, trace.tags) == ("plan", "s", ("a", "b"))
        assert (trace.metadata, trace.output) == ({"x": 1, "y": 2}, "done")

    @pytest.mark.parametrize("trace_first", [True, False])
    def test_a_call_made_inside_it_is_one_of_its_spans_and_no_second_trace(self, place, trace_first):
        record = make_record(session="s", **in_trace(span=SPAN))
        steps = [lambda: place.writer.put_trace(self.make(session_id="s"), START_NS), lambda: place.put(record)]
        for step in steps if trace_first else steps[::-1]:
            step()
        reader = place.reader()
        (trace,) = reader.traces("s")
        (span,) = trace.spans
        assert (span.kind, span.call_id, span.parent_span_id) == ("LLM", record.opened.id, SPAN)
        assert (trace.name, reader.session("s").traces) == ("plan", 1)

    @pytest.mark.parametrize("trace_first", [True, False])
    def test_a_call_whose_session_is_only_a_default_goes_where_its_trace_is(self, place, trace_first):
        record = make_record([user("find me")], session=None, **in_trace())
        steps = [lambda: place.writer.put_trace(self.make(session_id="s"), START_NS), lambda: place.put(record)]
        for step in steps if trace_first else steps[::-1]:
            step()
        reader = place.reader()
        assert [row.session_id for row in reader.sessions(9)] == ["s"]
        assert (reader.session("s").calls, reader.session("s").first_input) == (1, "find me")
        assert reader.search("find me", 9)[0].session_id == "s"

    def test_a_call_that_said_its_session_stays_there(self, place):
        place.writer.put_trace(self.make(session_id="s"), START_NS)
        place.put(make_record(session="own", **in_trace()))
        assert place.reader().session("own").calls == 1

    def test_a_call_without_a_trace_is_a_trace_of_its_own(self, place):
        (record,) = place.put(make_record())
        reader = place.reader()
        trace = reader.trace(record.opened.id)
        assert (trace.origin, trace.status, len(trace.spans)) == ("proxy", "COMPLETED", 1)
        assert reader.traces("s-1") == [trace]

    def test_spans_may_come_later_and_need_their_trace(self, place):
        assert place.writer.add_spans(TRACE, [Span(SPAN)]) is False
        place.writer.put_trace(self.make(), START_NS)
        assert place.writer.add_spans(TRACE, [Span(SPAN, name="late", started_ns=START_NS)]) is True
        assert [span.name for span in place.reader().trace(TRACE).spans] == ["late"]

    def test_a_patch_changes_what_it_says_and_clears_what_it_nulls(self, place):
        span = Span(SPAN, name="step", started_ns=START_NS, model="m", metadata={"a": 1})
        place.writer.put_trace(self.make(session_id="s", output="o", user_id="u", spans=(span,)), START_NS)
        changed = place.writer.patch_trace(
            Trace(TRACE, name="new", nulls=frozenset({"output", "name"}), origin="proxy")
        )
        assert (changed.name, changed.output, changed.user_id) == ("new", None, "u")
        step = place.writer.patch_span(TRACE, Span(SPAN, output=[1], metadata={"b": 2}, nulls=frozenset({"model"})))
        assert (step.output, step.model, step.metadata) == ([1], None, {"a": 1, "b": 2})
        assert place.writer.patch_trace(Trace(SPAN, name="x")) is None
        assert place.writer.patch_span(SPAN, Span(SPAN, name="x")) is None

    def test_a_trace_that_moves_takes_its_calls_along(self, place):
        place.writer.put_trace(self.make(session_id="old"), START_NS)
        place.put(make_record(session=None, **in_trace()))
        place.writer.patch_trace(Trace(TRACE, session_id="new", origin="proxy"))
        reader = place.reader()
        assert [(row.session_id, row.calls, row.traces) for row in reader.sessions(9)] == [("new", 1, 1)]

    def test_scores_are_found_by_trace_and_by_session(self, place):
        place.add = place.writer.add_score
        (record,) = place.put(make_record())
        place.writer.put_trace(self.make(session_id="s-1"), START_NS)
        for i, target in enumerate(({"trace_id": TRACE}, {"trace_id": record.opened.id}, {"session_id": "s-1"})):
            place.add(Score(f"id{i}", "quality", "0.5", "NUMERIC", START_NS + i, metadata={"i": i}, **target))
        reader = place.reader()
        assert [score.score_id for score in reader.scores(session_id="s-1")] == ["id0", "id1", "id2"]
        assert [score.metadata for score in reader.scores(trace_id=TRACE)] == [{"i": 0}]


class TestForgetting:
    def test_a_deleted_session_is_gone_with_all_that_only_it_holds(self, place):
        shared = user("said in both sessions, at some length so that it is a piece of its own")
        place.put(
            make_record([shared, user("only in the first")], session="a"),
            make_record([shared], session="b", at_ns=START_NS + 5),
        )
        place.writer.put_trace(Trace(TRACE, name="t", started_ns=START_NS, session_id="a"), START_NS)
        assert place.writer.delete_session("a") == 1
        reader = place.reader()
        assert reader.session("a") is None and reader.trace(TRACE) is None
        assert reader.search("first", 9) == []
        (row,) = reader.calls(9)
        assert reader.call(row.call_id).call.input[0].text == shared["content"]
        assert [hit.session_id for hit in reader.search("said in both", 9)] == ["b"]
        assert b"only in the first" not in place.path.read_bytes()

    def test_an_unknown_session_is_none(self, place):
        assert place.writer.delete_session("none") is None

    def test_old_sessions_go_whole(self, place):
        place.put(make_record(session="old"), make_record(session="new", at_ns=START_NS + 9 * DAY_NS))
        assert place.writer.trim(Budget(max_age_s=5 * 86_400), START_NS + 10 * DAY_NS) is False
        assert [row.session_id for row in place.reader().sessions(9)] == ["new"]

    def test_too_many_bytes_cost_the_oldest_bodies_and_nothing_more_than_must_go(self, place):
        words, dice = [f"word{i}" for i in range(5000)], random.Random(1)
        texts = [" ".join(dice.choices(words, k=3000)) for _ in range(60)]
        place.put(*(make_record([user(text)], session=f"s{i:02}", at_ns=START_NS + i) for i, text in enumerate(texts)))
        place.again().begin(RUN, START_NS)
        full = place.path.stat().st_size
        while place.writer.trim(Budget(max_bytes=full // 2), START_NS):
            pass
        reader = place.reader()
        rows = sorted(reader.calls(99), key=lambda row: row.started_ns)
        withheld = [reader.call(row.call_id).request.withheld for row in rows]
        kept = withheld.count("")
        assert withheld == ["trimmed"] * (60 - kept) + [""] * kept
        assert 15 <= kept <= 30
        assert rows[0].usage.input == 10
        assert reader.search(texts[0].split()[0], 99) != []

    def test_too_small_a_budget_costs_the_oldest_sessions(self, place):
        place.again().begin(RUN, START_NS)
        used = place.path.stat().st_size + 100_000
        place.put(*(make_record([user("x" * i)], session=f"s{i}", at_ns=START_NS + i) for i in range(600)))
        while place.writer.trim(Budget(max_bytes=used), START_NS):
            pass
        kept = [row.session_id for row in place.reader().sessions(999)]
        assert 0 < len(kept) < 600
        assert kept[0] == "s599"

    def test_without_a_budget_nothing_goes(self, place):
        place.put(make_record())
        assert place.writer.trim(Budget(), START_NS + 1000 * DAY_NS) is False
        assert place.reader().counts().calls == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "end", "fail", "discard", "trace", "move", "delete", "restart"]),
        st.integers(0, 3),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_sessions_always_add_up_to_their_calls_and_traces(tmp_path_factory, steps):
    place = Place(tmp_path_factory.mktemp("store") / "calls.db")
    traces = [new_id().replace("-7", "-4", 1) for _ in range(2)]
    running, runs = {}, 0
    for what, which, session in steps:
        trace_id = traces[which % 2]
        if what == "open" and which not in running:
            running[which] = make_record(session=session, **(in_trace(trace_id) if which > 1 else {}))
            place.open(running[which].opened)
        elif what in ("end", "fail") and which in running:
            record = running.pop(which)
            place.put(record if what == "end" else replace(record, outcome=Outcome.UPSTREAM_RESET, error="broke"))
        elif what == "discard" and which in running:
            place.put(discarded=(running.pop(which).opened.id,))
        elif what == "trace":
            place.writer.put_trace(Trace(trace_id, name="t", started_ns=START_NS, session_id=session), START_NS)
        elif what == "move":
            place.writer.patch_trace(Trace(trace_id, session_id=session or "c", origin="proxy"))
        elif what == "delete":
            gone = {row.call_id for row in place.reader().calls(99, session_id=session or "c")}
            place.writer.delete_session(session or "c")
            running = {key: record for key, record in running.items() if record.opened.id not in gone}
        elif what == "restart":
            runs += 1
            place.again().begin(RUN, START_NS)
    reader = place.reader()
    for row in reader.sessions(99):
        calls, found = reader.calls(99, session_id=row.session_id), reader.traces(row.session_id)
        failed = [call for call in calls if call.outcome not in ("ok", "open")]
        assert (row.calls, row.errors) == (len(calls), len(failed))
        assert row.open_calls == sum(call.outcome == "open" for call in calls)
        assert row.input_tokens == sum(call.usage.input or 0 for call in calls)
        assert row.traces == len(found)
        assert row.calls + row.traces > 0
    place.close()
