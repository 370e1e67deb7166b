"""The recorder: exactly once through any number of deaths, patient with a store that refuses, honest in its numbers."""

import itertools
import json
import threading

import pytest
from connections import events
from exchanges import frame
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pandaprobe_proxy.capture import lane
from pandaprobe_proxy.capture import ring as slots
from pandaprobe_proxy.capture.frames import decode
from pandaprobe_proxy.capture.gather import FULL, SMALL_BYTES
from pandaprobe_proxy.capture.keep import Keeper, Policy
from pandaprobe_proxy.capture.lane import LARGE_BYTES
from pandaprobe_proxy.capture.looks import QUIET_NS
from pandaprobe_proxy.capture.recorder import GONE, READ_BYTES, TURN_BYTES, TURN_NS, Recorder
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.capture.ring import RESERVE, Ring, RingWriter
from pandaprobe_proxy.capture.seal import unseal
from pandaprobe_proxy.capture.suspects import ID_BYTES, LANE, RECORDER, SUSPECTS_AT, Suspects
from pandaprobe_proxy.model.exchange import (
    Ended,
    Outcome,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
)
from pandaprobe_proxy.store.batch import RunState
from pandaprobe_proxy.store.errors import StoreBusy, StoreError, StoreFull

RUN = "0190a1b2-0000-7000-8000-00000000000a"


def make_id(number):
    return f"0190a1b2-0000-7000-8000-{number:012d}"


def head(number, *headers):
    return RequestHead(make_id(number), 1, 1_000, "c:1", "openai", "http://u/v1/x", "POST", b"/v1/x", headers)


def whole(number, *parts, headers=()):
    exchange = make_id(number)
    return [
        head(number, *headers),
        RequestBody(exchange, 2, b"ask %d" % number),
        ResponseHead(exchange, 3, 200, b"OK", ()),
        *(ResponseBody(exchange, 4 + i, part) for i, part in enumerate(parts)),
        Ended(exchange, 90, Outcome.OK),
    ]


class MemoryWriter:
    """What a store keeps of a run, with the contract's refusals on demand."""

    def __init__(self):
        self.offset = self.recorded = 0
        self.dropped, self.opened, self.staged, self.records, self.counters = {}, {}, [], {}, {}
        self.refuse = None
        self.odd = set()
        self.shares, self.prepared = 1, []
        self.settled = []

    def begin(self, run, at_ns):
        return RunState(self.offset, self.recorded, dict(self.dropped), tuple(self.staged))

    def last_seen(self, client):
        return None

    def prepare(self, record):
        self.prepared.append(record.opened.id)
        return self.prepared.count(record.opened.id) < self.shares

    def commit(self, batch):
        if self.refuse:
            raise self.refuse
        if any(record.opened.id in self.odd for record in batch.records):
            raise OverflowError("a number that no column can hold")
        assert batch.offset is None or batch.offset > self.offset
        if any(record.opened.id in self.odd for record in batch.settled):
            raise OverflowError("a number that no column can hold")
        self.settled += batch.settled
        self.offset = batch.offset or self.offset
        self.opened |= {opened.id: opened for opened in batch.opened}
        self.staged += batch.staged
        for record in batch.records:
            assert record.opened.id not in self.records, "recorded twice"
            self.records[record.opened.id] = record
        gone = {record.opened.id for record in batch.records} | set(batch.discarded)
        self.staged = [staged for staged in self.staged if staged.exchange not in gone]
        for exchange in batch.discarded:
            self.opened.pop(exchange, None)
        self.recorded += len(batch.records)
        for reason, count in batch.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count
        self.counters = dict(batch.counters)


POLICY = Policy()


class Rig:
    """Ring, store, and one recorder after another."""

    def __init__(self, policy=POLICY, capacity=4 * RESERVE, keeper=Keeper):
        self.ring = Ring.create(capacity, RUN)
        self.relay = RingWriter(self.ring, lambda flush: None)
        self.store = MemoryWriter()
        self.policy = policy
        self.keeper = keeper
        self.clock = lambda: 7
        self.noise = itertools.count(1)
        self.born()

    def born(self):
        """A recorder starts, as after the death of the one before."""
        keeper = self.keeper(self.policy, Redactor(b"k" * 32), self.store.last_seen)
        self.recorder = Recorder(self.ring, self.store, keeper, self.clock, lambda n: next(self.noise).to_bytes(n))
        self.recorder.start(1)

    def tell(self, *events):
        for event in events:
            self.relay.tap(event)
        self.relay.flush()

    def run(self):
        """Steps until nothing comes twice, for the reader lags by one look."""
        quiet = 0
        while quiet < 2:
            quiet = 0 if self.recorder.step() else quiet + 1

    def numbers(self):
        return self.ring.numbers()


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.ring.close()


def body_of(record):
    return b"".join(record.response.pieces)


def test_an_exchange_is_recorded_once_with_its_bytes(rig):
    rig.tell(*whole(1, b"an", b"swer"))
    rig.run()
    record = rig.store.records[make_id(1)]
    assert (body_of(record), b"".join(record.request.pieces)) == (b"answer", b"ask 1")
    assert (rig.store.staged, rig.numbers().recorded, rig.numbers().used) == ([], 1, 0)


def test_a_row_exists_from_the_moment_a_call_starts(rig):
    rig.tell(head(1))
    rig.run()
    assert list(rig.store.opened) == [make_id(1)]
    assert rig.store.records == {}


def test_what_is_staged_is_sealed(rig):
    rig.tell(*whole(1, b"secret words")[:-1])
    rig.run()
    assert rig.store.staged
    assert all(b"secret" not in staged.frames for staged in rig.store.staged)


def test_bodies_of_a_credential_endpoint_are_not_even_staged(rig):
    told = whole(1, b"secret", b" and more")
    told[0] = structs.replace(told[0], url="http://u/v1/realtime/sessions")
    rig.tell(*told[:-1])
    rig.run()
    (staged,) = rig.store.staged
    kinds = [type(frame.event) for frame in decode(unseal(staged.frames, rig.ring.key))]
    assert kinds == [RequestHead, ResponseHead]
    rig.tell(told[-1])
    rig.run()
    record = rig.store.records[make_id(1)]
    assert (record.response.withheld, record.response.size, record.status) == ("credentials", 15, 200)


def test_a_recorder_that_died_in_mid_stream_is_followed_without_a_seam(rig):
    first, *rest = whole(1, b"a", b"b", b"c")
    rig.tell(first)
    for event in rest:
        rig.run()
        rig.born()
        rig.tell(event)
    rig.run()
    assert body_of(rig.store.records[make_id(1)]) == b"abc"
    assert rig.numbers().recorded == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_each_event_is_stored_exactly_once_whatever_dies_when(data):
    rig = Rig()
    waiting = {number: whole(number, b"%d." % number * 3, b"!" * number) for number in range(1, 6)}
    while waiting:
        act = data.draw(st.sampled_from(["tell", "tell", "tell", "step", "die", "refuse", "die unborn"]))
        if act == "tell":
            number = data.draw(st.sampled_from(sorted(waiting)))
            rig.tell(waiting[number].pop(0))
            if not waiting[number]:
                del waiting[number]
        elif act == "step":
            rig.recorder.step()
        elif act == "refuse":
            rig.store.refuse = StoreBusy("locked")
            rig.recorder.step()
            rig.recorder.step()
            rig.store.refuse = None
        else:
            rig.born()
    rig.run()
    assert {exchange: body_of(record) for exchange, record in rig.store.records.items()} == {
        make_id(number): b"%d." % number * 3 + b"!" * number for number in range(1, 6)
    }
    numbers = rig.numbers()
    assert (numbers.relayed, numbers.ended, numbers.recorded, rig.store.staged) == (5, 5, 5, [])
    rig.ring.close()


@pytest.mark.parametrize(
    ("error", "state"),
    [(StoreFull("full"), "disk_full"), (StoreBusy("busy"), "store_busy"), (StoreError("io"), "store_error")],
)
def test_a_store_that_refuses_is_asked_again_and_nothing_is_lost(rig, error, state):
    rig.tell(*whole(1, b"a"))
    rig.store.refuse = error
    for _ in range(5):
        assert rig.recorder.step() is False
    assert rig.numbers().state == state
    assert rig.numbers().used > 0
    rig.store.refuse = None
    rig.run()
    assert rig.numbers().state == "ok"
    assert list(rig.store.records) == [make_id(1)]


@pytest.mark.parametrize(("odd", "kept"), [({2}, {1, 3}), ({1, 2}, set())])
def test_a_call_that_can_never_be_stored_is_given_up_and_does_not_stop_the_recorder(rig, odd, kept):
    rig.store.odd = {make_id(number) for number in odd}
    rig.tell(*whole(1, b"a"), *whole(2, b"b"), *whole(3, b"c"))
    rig.run()
    rig.tell(*whole(4, b"d"))
    rig.run()
    assert set(rig.store.records) == {make_id(number) for number in kept | {4}}
    assert set(rig.store.opened) == set(rig.store.records)
    assert rig.store.dropped == {"recorder_error": 3 - len(kept)}
    assert (rig.numbers().recorded, rig.numbers().reader_dropped) == (len(kept) + 1, 3 - len(kept))


def test_a_call_that_asked_for_it_is_not_kept_but_counted(rig):
    rig.tell(*whole(1, b"a", headers=((b"X-PandaProbe-Capture", b"off"),))[:-1])
    rig.run()
    rig.born()
    rig.tell(Ended(make_id(1), 9, Outcome.OK))
    rig.run()
    assert (rig.store.records, rig.store.opened, rig.store.staged) == ({}, {}, [])
    assert rig.store.dropped == {"capture_off": 1}
    assert rig.numbers().reader_dropped == 1


def test_an_exchange_that_the_relay_dropped_leaves_no_row(rig):
    rig.tell(head(1))
    rig.run()
    rig.tell(ResponseBody(make_id(1), 4, b"x" * 5 * RESERVE), Ended(make_id(1), 9, Outcome.OK))
    rig.run()
    assert (rig.store.opened, rig.store.staged, rig.store.records) == ({}, [], {})
    assert sum(rig.numbers().dropped.values()) == 1


def test_a_keeper_that_fails_loses_one_call_and_counts_it(rig):
    class Failing(Keeper):
        def begin(self, head):
            if head.exchange == make_id(1):
                raise RuntimeError("boom")
            return super().begin(head)

        def finish(self, begun, exchange, sizes):
            if begun.opened.id == make_id(2):
                raise RuntimeError("boom")
            return super().finish(begun, exchange, sizes)

    rig.recorder._keeper = Failing(Policy(), Redactor(b"k" * 32), rig.store.last_seen)
    rig.tell(*whole(1, b"a"), *whole(2, b"b"), *whole(3, b"c"))
    rig.run()
    assert list(rig.store.records) == [make_id(3)]
    assert rig.store.dropped == {"recorder_error": 2}


class Death(BaseException):
    """What no recorder catches."""


def leave_at(rig, place, exchange):
    """The ring as a process leaves it that is killed at this exchange: unlike an exception, that takes nothing back."""
    rig.ring.write_page(SUSPECTS_AT + place * 2 * ID_BYTES, exchange.encode().ljust(ID_BYTES, b"\0"))


@pytest.mark.parametrize("where", ["begin", "finish"])
def test_a_call_at_which_three_recorders_died_is_given_up_and_counted(where):
    class Deadly(Keeper):
        def begin(self, head):
            return self.die_of(head.exchange, "begin") or super().begin(head)

        def finish(self, begun, exchange, sizes):
            return self.die_of(begun.opened.id, "finish") or super().finish(begun, exchange, sizes)

        def die_of(self, exchange, at):
            if (exchange, at) == (make_id(2), where):
                raise Death

    rig = Rig(keeper=Deadly)
    rig.tell(*whole(1, b"a"), *whole(2, b"b"), *whole(3, b"c"))
    for _ in range(3):
        with pytest.raises(Death):
            rig.run()
        leave_at(rig, RECORDER, make_id(2))
        rig.born()
    rig.run()
    assert set(rig.store.records) == {make_id(1), make_id(3)}
    assert rig.store.dropped == {"recorder_error": 1}
    assert rig.store.staged == []
    rig.ring.close()


def test_something_large_at_which_three_recorders_died_is_given_up_too(slow):
    slow.tell(*whole(1, LARGE))
    steps(slow)
    Slow.gate.set()
    for _ in range(2):
        leave_at(slow, LANE, make_id(1))
        Suspects(slow.ring)
    leave_at(slow, LANE, make_id(1))
    slow.born()
    slow.run()
    assert (slow.store.records, slow.store.dropped) == ({}, {"recorder_error": 1})


def test_the_heart_beats_before_what_is_staged_is_taken_up(rig):
    rig.tell(*whole(1, b"a")[:2])
    rig.run()
    rig.ring.set(slots.HEARTBEAT, 0)
    rig.born()
    assert rig.ring.get(slots.HEARTBEAT) == 7


def test_a_store_that_begins_anew_in_mid_run_counts_what_it_cannot_know(rig):
    rig.tell(*whole(1, b"a"), *whole(2, b"b")[:-1])
    rig.run()
    rig.store = MemoryWriter()
    rig.born()
    rig.tell(whole(2, b"b")[-1], *whole(3, b"c"))
    rig.run()
    assert list(rig.store.records) == [make_id(3)]
    assert rig.store.dropped == {"beginning_lost": 1}
    numbers = rig.numbers()
    assert numbers.ended == numbers.recorded + numbers.reader_dropped == 3


def test_bodies_beyond_the_limit_are_cut_and_say_so():
    rig = Rig(Policy(body_limit_bytes=10))
    rig.tell(*whole(1, b"12345678", b"90ab"))
    rig.run()
    record = rig.store.records[make_id(1)]
    assert (body_of(record), record.response.size, record.response.complete) == (b"1234567890", 12, False)
    rig.ring.close()


def test_when_the_relay_is_gone_what_ran_is_interrupted_with_what_came(rig):
    rig.tell(*whole(1, b"part")[:-1], head(2))
    rig.run()
    assert rig.recorder.interrupt() is True
    first, second = (rig.store.records[make_id(number)] for number in (1, 2))
    assert (first.outcome, first.error, body_of(first)) == (Outcome.INTERRUPTED, GONE, b"part")
    assert second.outcome is Outcome.INTERRUPTED


def test_a_store_that_refuses_when_the_relay_is_gone_is_asked_again_with_what_came(rig):
    rig.tell(*whole(1, b"part")[:-1])
    rig.run()
    rig.store.refuse = StoreBusy("another program holds it")
    assert [rig.recorder.interrupt(), rig.recorder.interrupt()] == [False, False]
    rig.store.refuse = None
    assert [rig.recorder.interrupt(), rig.recorder.interrupt()] == [False, True]
    record = rig.store.records[make_id(1)]
    assert (record.outcome, body_of(record)) == (Outcome.INTERRUPTED, b"part")


def test_what_was_waiting_for_the_store_comes_before_the_end_of_what_is_open(rig):
    rig.tell(*whole(1, b"whole"), *whole(2, b"part")[:-1])
    rig.store.refuse = StoreBusy("another program holds it")
    rig.run()
    rig.store.refuse = None
    assert [rig.recorder.interrupt(), rig.recorder.interrupt()] == [False, True]
    assert [record.outcome for record in rig.store.records.values()] == [Outcome.OK, Outcome.INTERRUPTED]


def test_it_is_done_when_the_ring_is_closed_and_empty(rig):
    rig.tell(*whole(1, b"a"))
    rig.relay.close()
    assert not rig.recorder.done
    rig.run()
    assert rig.recorder.done
    rig.recorder.stop()
    assert rig.numbers().state == "stopped"
    assert rig.store.counters == {"relayed": 1, "open": 0, "dropped": {}}


def test_work_is_done_with_the_writer_between_commits(rig):
    answered = rig.recorder.submit(lambda writer: writer)
    failed = rig.recorder.submit(lambda writer: 1 / 0)
    cancelled = rig.recorder.submit(lambda writer: pytest.fail("it was cancelled"))
    cancelled.cancel()
    rig.recorder.step()
    assert answered.result(0) is rig.store
    assert isinstance(failed.exception(0), ZeroDivisionError)


def test_each_step_is_a_heartbeat(rig):
    rig.recorder.step()
    assert rig.ring.get(slots.HEARTBEAT) == 7


LARGE = b"x" * (LARGE_BYTES + 1)


class Slow(Keeper):
    """Waits with what is large until it may go on."""

    gate = threading.Event()

    def beside(self):
        return Slow(self._policy, self._redactor, self._last_seen)

    def finish(self, begun, exchange, sizes):
        if sizes.response > LARGE_BYTES:
            assert self.gate.wait(10)
        return super().finish(begun, exchange, sizes)


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(Slow, "gate", threading.Event())
    made = Rig(capacity=64 * RESERVE, keeper=Slow)
    yield made
    Slow.gate.set()
    made.ring.close()


def steps(rig, count=4):
    for _ in range(count):
        rig.recorder.step()


def test_something_large_holds_up_nothing_else(slow):
    slow.tell(*whole(1, LARGE), *whole(2, b"small"))
    steps(slow)
    assert list(slow.store.records) == [make_id(2)]
    slow.tell(*whole(3, b"small"))
    steps(slow)
    assert list(slow.store.records) == [make_id(2), make_id(3)]
    slow.relay.close()
    assert not slow.recorder.done
    Slow.gate.set()
    slow.run()
    assert body_of(slow.store.records[make_id(1)]) == LARGE
    assert (slow.store.staged, slow.numbers().recorded, slow.recorder.done) == ([], 3, True)


def test_a_recorder_that_dies_with_something_large_in_the_works_makes_it_a_row_in_its_next_life(slow):
    slow.tell(*whole(1, LARGE))
    steps(slow)
    slow.born()
    steps(slow)
    assert slow.store.records == {}
    Slow.gate.set()
    slow.run()
    assert body_of(slow.store.records[make_id(1)]) == LARGE
    assert slow.numbers().recorded == 1


def test_what_had_ended_and_is_small_now_is_a_row_at_once(slow, monkeypatch):
    slow.tell(*whole(1, LARGE))
    steps(slow)
    monkeypatch.setattr(lane, "LARGE_BYTES", 10 * len(LARGE))
    Slow.gate.set()
    slow.born()
    slow.run()
    assert list(slow.store.records) == [make_id(1)]


def test_a_relay_that_goes_waits_for_what_is_in_the_works(slow):
    slow.tell(*whole(1, LARGE), head(2))
    steps(slow)
    Slow.gate.set()
    assert slow.recorder.interrupt()
    assert slow.store.records[make_id(1)].outcome is Outcome.OK
    assert slow.store.records[make_id(2)].outcome is Outcome.INTERRUPTED


def test_a_store_that_refuses_at_the_end_is_asked_again_and_nothing_is_lost(rig):
    rig.tell(head(1))
    rig.run()
    rig.store.refuse = StoreBusy("busy")
    assert not rig.recorder.interrupt()
    assert not rig.recorder.interrupt()
    rig.store.refuse = None
    assert not rig.recorder.interrupt(), "what was left is stored, and it is looked once more"
    assert rig.store.records[make_id(1)].outcome is Outcome.INTERRUPTED
    assert rig.recorder.interrupt()


class Clock:
    """A look at it takes a while."""

    def __init__(self, look_ns):
        self.now_ns, self.look_ns = 7, look_ns

    def __call__(self):
        self.now_ns += self.look_ns
        return self.now_ns


def test_a_turn_ends_in_time_and_the_next_goes_on_where_it_stood(rig):
    rig.clock = Clock(TURN_NS)
    rig.born()
    body = b"x" * (READ_BYTES // 2)
    rig.tell(*whole(1, body), *whole(2, body), *whole(3, body))
    rig.recorder.step()
    seen = []
    while not seen or rig.recorder.behind:
        assert rig.recorder.step()
        seen.append(len(rig.store.records))
    assert len(seen) > 2
    assert seen[-1] == 3
    assert {body_of(record) for record in rig.store.records.values()} == {body}


def test_a_turn_commits_so_much_and_no_more():
    rig = Rig(capacity=4 * TURN_BYTES)
    rig.tell(head(1), *(ResponseBody(make_id(1), 4, b"x" * RESERVE) for _ in range(3 * TURN_BYTES // RESERVE)))
    rig.recorder.step()
    offsets = []
    while not offsets or rig.recorder.behind:
        before = rig.ring.get(slots.COMMITTED)
        rig.recorder.step()
        offsets.append(rig.ring.get(slots.COMMITTED) - before)
    assert len(offsets) == 3
    assert max(offsets) < TURN_BYTES + RESERVE + 100
    rig.ring.close()


def test_what_was_read_in_time_is_not_behind(rig):
    rig.tell(*whole(1, b"a"))
    rig.run()
    assert not rig.recorder.behind


def test_works_that_wait_take_turns_with_the_ring(rig):
    rig.clock = Clock(TURN_NS)
    rig.born()
    first, second = (rig.recorder.submit(lambda writer: writer) for _ in range(2))
    rig.recorder.step()
    assert (first.done(), second.done(), rig.recorder.behind) == (True, False, True)
    rig.recorder.step()
    assert (second.done(), rig.recorder.behind) == (True, False)


def finished(rig):
    """Steps until the lane is done, in which something was put."""
    rig.recorder._lane.first(wait=True)
    return rig.recorder


def test_what_is_large_is_stored_ahead_in_shares_while_others_are_recorded(rig):
    rig.store.shares = 3
    rig.tell(*whole(1, LARGE))
    steps(rig, 2)
    recorder = finished(rig)
    for number in (2, 3):
        assert recorder.behind
        recorder.step()
        rig.tell(*whole(number, b"small"))
    assert make_id(1) not in rig.store.records
    rig.run()
    assert rig.store.prepared == [make_id(1)] * 3
    assert set(rig.store.records) == {make_id(1), make_id(2), make_id(3)}
    assert body_of(rig.store.records[make_id(1)]) == LARGE


def test_a_record_of_something_large_has_what_was_said_and_no_whole_call():
    rig = Rig(capacity=16 * RESERVE)
    told = json.dumps({"messages": [{"role": "user", "content": "hello"}], "x": "y" * 5 * LARGE_BYTES}).encode()
    rig.tell(
        structs.replace(head(1), url="http://u/v1/chat/completions", target=b"/v1/chat/completions"),
        *(RequestBody(make_id(1), 2, told[at : at + RESERVE]) for at in range(0, len(told), RESERVE)),
        Ended(make_id(1), 90, Outcome.OK),
    )
    steps(rig, 8)
    finished(rig)
    rig.run()
    record = rig.store.records[make_id(1)]
    assert [said.text for said in record.said] == ["hello"]
    assert (record.call.parameters, record.call.extra) == ({}, {})
    rig.ring.close()


def test_a_store_that_refuses_what_is_stored_ahead_is_asked_again_and_not_at_once(rig):
    rig.tell(*whole(1, LARGE))
    steps(rig, 2)
    recorder = finished(rig)

    def refuse(record):
        raise StoreBusy("busy")

    prepare, rig.store.prepare = rig.store.prepare, refuse
    recorder.step()
    assert (rig.numbers().state, recorder.behind, rig.store.records) == ("store_busy", False, {})
    rig.store.prepare = prepare
    rig.run()
    assert rig.numbers().state == "ok"
    assert body_of(rig.store.records[make_id(1)]) == LARGE


def test_what_cannot_be_stored_ahead_is_decided_at_the_commit(rig):
    rig.tell(*whole(1, LARGE))
    steps(rig, 2)
    finished(rig)
    rig.store.prepare = lambda record: 1 / 0
    rig.run()
    assert body_of(rig.store.records[make_id(1)]) == LARGE


def test_bodies_that_are_too_much_together_are_cut_and_their_rows_say_so():
    limit = 4 * SMALL_BYTES
    rig = Rig(Policy(held_limit_bytes=limit), capacity=64 * RESERVE)
    numbers = range(1, 7)
    rig.tell(*(event for number in numbers for event in whole(number)[:-1]))
    for _ in range(8):
        for number in numbers:
            rig.tell(ResponseBody(make_id(number), 5, b"x" * (SMALL_BYTES // 2)))
        rig.run()
    assert rig.recorder._held < limit + len(numbers) * (SMALL_BYTES + 10_000)
    rig.tell(*(whole(number)[-1] for number in numbers))
    rig.recorder.step()
    rig.recorder.step()
    while rig.recorder._lane.busy:
        finished(rig).step()
    records = [rig.store.records[make_id(number)] for number in numbers]
    assert {record.response.size for record in records} == {4 * SMALL_BYTES}
    assert not any(record.response.complete for record in records)
    assert all(FULL in record.warnings for record in records)
    assert min(len(body_of(record)) for record in records) >= SMALL_BYTES
    rig.tell(*whole(9, LARGE))
    steps(rig, 2)
    finished(rig)
    rig.run()
    assert rig.store.records[make_id(9)].response.complete, "there is room again"
    assert rig.recorder._held == 0
    rig.ring.close()


class Connection:
    """An open connection that is asked and answers, in a rig whose clock a test moves."""

    def __init__(self, rig, *headers, path=b"/v1/responses"):
        self.rig, self.exchange, self.now, self.turns = rig, make_id(1), 10, 0
        rig.clock = lambda: self.now
        rig.born()
        rig.tell(
            RequestHead(self.exchange, 1, 1_000, "c:1", "openai", "http://u/v1/responses", "GET", path, headers),
            ResponseHead(self.exchange, 3, 101, b"Switching Protocols", ()),
        )

    def ask(self, text):
        self.now += 10_000
        asked = {"type": "response.create", "model": "m", "input": text}
        self.rig.tell(RequestBody(self.exchange, self.now, frame(asked)))

    def answer(self, text, count=2):
        self.turns += 1
        for event in [*events(self.turns, text)][:count]:
            self.now += 10_000
            self.rig.tell(ResponseBody(self.exchange, self.now, frame(event)))

    def rest(self, pause_ns=QUIET_NS):
        """Nothing comes for a while; how many turns the store has been told of each time so far."""
        self.rig.run()
        self.now += pause_ns
        self.rig.run()
        return [len(record.call.turns) for record in self.rig.store.settled]

    def end(self):
        self.rig.tell(Ended(self.exchange, self.now, Outcome.OK))
        self.rig.run()
        return self.rig.store.records.get(self.exchange)


@pytest.fixture
def connected(rig):
    return Connection(rig)


def test_what_an_open_connection_has_said_is_told_when_it_rests(connected):
    connected.ask("one")
    connected.answer("1")
    assert connected.rest(QUIET_NS - 1) == []
    assert connected.rest(1) == [1]
    (record,) = connected.rig.store.settled
    assert (record.outcome, record.call.turns[0].call.output[0].text) == (Outcome.OPEN, "1")
    connected.ask("two")
    assert connected.rest() == [1], "there is nothing new before it is answered"
    connected.answer("2")
    assert connected.rest() == [1, 2] and connected.rest() == [1, 2]
    assert connected.rig.store.records == {}
    whole = connected.end()
    assert [turn.call_id for turn in whole.call.turns] == [
        turn.call_id for turn in connected.rig.store.settled[1].call.turns
    ]
    assert (connected.rig.numbers().recorded, connected.rig.store.staged) == (1, [])


def test_half_an_answer_is_not_told(connected):
    connected.ask("one")
    connected.answer("1", count=1)
    assert connected.rest() == []
    assert connected.end().call.turns[0].call.partial


def test_a_recorder_that_was_started_again_tells_what_is_settled_again(connected):
    connected.ask("one")
    connected.answer("1")
    connected.rest()
    connected.rig.born()
    connected.ask("two")
    connected.answer("2")
    assert connected.rest() == [1, 2]
    assert len(connected.end().call.turns) == 2


@pytest.mark.parametrize("path", [b"/v1/other", b"/v1/oauth/token"])
def test_of_what_nobody_can_read_or_may_keep_nothing_is_told(rig, path):
    connected = Connection(rig, path=path)
    connected.ask("one")
    connected.answer("1")
    assert connected.rest() == [] and connected.end()


def test_what_is_not_to_be_kept_is_not_told(rig):
    connected = Connection(rig, (b"X-PandaProbe-Capture", b"metadata"))
    connected.ask("one")
    connected.answer("1")
    assert connected.rest() == [1]
    (turn,) = rig.store.settled[0].call.turns
    assert (turn.call.input, turn.call.usage.output, rig.store.settled[0].request.pieces) == ((), 1, ())


def test_a_copy_waits_for_room_and_takes_none_from_others():
    rig = Rig(Policy(held_limit_bytes=2000))
    connected = Connection(rig)
    connected.ask("one")
    connected.answer("1" * 200)
    rig.tell(head(2), RequestBody(make_id(2), 2, b"x" * 1000))
    assert connected.rest() == []
    rig.tell(Ended(make_id(2), 3, Outcome.OK))
    assert connected.rest() == [1] and rig.store.records[make_id(2)].request.complete
    rig.ring.close()


def test_what_is_settled_and_cannot_be_stored_is_stored_at_the_end(connected):
    connected.ask("one")
    connected.answer("1")
    connected.rig.store.odd = {connected.exchange}
    assert connected.rest() == []
    connected.rig.store.odd = set()
    assert len(connected.end().call.turns) == 1
    assert connected.rig.numbers().dropped == {}


class Blind(Keeper):
    """Fails at whatever is not at its end."""

    def beside(self):
        return self

    def finish(self, begun, exchange, sizes):
        if exchange.ended is None:
            raise ValueError("not at its end")
        return super().finish(begun, exchange, sizes)


def test_a_connection_that_cannot_be_read_is_tried_once_and_read_at_its_end():
    rig = Rig(keeper=Blind)
    connected = Connection(rig)
    for text in ("1", "2"):
        connected.ask(text)
        connected.answer(text)
        assert connected.rest() == []
    assert len(connected.end().call.turns) == 2 and rig.numbers().dropped == {}
    rig.ring.close()


def test_a_connection_that_ends_while_it_is_read_is_a_row_once(connected):
    connected.ask("one")
    connected.answer("1")
    connected.rig.run()
    connected.now += QUIET_NS
    connected.rig.recorder.step()
    assert connected.end() and connected.rest() in ([], [1])
    assert connected.rig.numbers().recorded == 1


def test_what_is_settled_of_a_connection_goes_when_the_relay_drops_it(connected):
    connected.ask("one")
    connected.answer("1")
    connected.rest()
    connected.rig.ring.set(slots.STATE, slots.OK)
    connected.rig.relay.tap(ResponseBody(connected.exchange, connected.now, b"x" * 8 * RESERVE))
    connected.rig.relay.flush()
    connected.rest()
    assert connected.exchange not in connected.rig.store.opened
