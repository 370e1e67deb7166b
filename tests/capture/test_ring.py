"""The ring: order, bounds, whole exchanges dropped and counted, and numbers that add up at every flush."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.capture import ring as slots
from pandaprobe_proxy.capture.frames import Dropped, decode
from pandaprobe_proxy.capture.ring import BLOCK, FEWEST_BLOCKS, PAGE, RESERVE, Ring, RingReader, RingWriter
from pandaprobe_proxy.model.exchange import Ended, Outcome, RequestHead, ResponseBody

RUN = "0190a1b2-0000-7000-8000-00000000000a"


def make_id(number):
    return f"0190a1b2-0000-7000-8000-{number:012d}"


def head(number):
    return RequestHead(make_id(number), 1, 1, "c:1", "openai", "http://u/v1/x", "POST", b"/v1/x", ())


def body(number, size):
    return ResponseBody(make_id(number), 2, b"x" * size)


def ended(number):
    return Ended(make_id(number), 3, Outcome.OK)


class Both:
    """A ring with both its sides, flushed by hand."""

    def __init__(self, capacity=4 * RESERVE):
        self.ring = Ring.create(capacity, RUN)
        self.soon = []
        self.writer = RingWriter(self.ring, self.soon.append)
        self.reader = RingReader(self.ring, 0)

    def tell(self, *events):
        for event in events:
            self.writer.tap(event)
        self.writer.flush()

    def read(self, limit=1 << 20):
        """All that is there now; the reader looks twice, since it reads up to the head it saw before."""
        frames = []
        for _ in range(2):
            while data := self.reader.read(limit):
                frames += [frame.event for frame in decode(data)]
        return frames

    def adds_up(self):
        numbers = self.ring.numbers()
        return numbers.relayed == numbers.open + numbers.ended + sum(numbers.dropped.values())


@pytest.fixture
def both():
    made = Both()
    yield made
    made.ring.close()


def test_events_come_out_as_they_went_in(both):
    told = [head(1), body(1, 10), head(2), ended(1), ended(2)]
    both.tell(*told)
    assert both.read() == told


def test_a_turn_of_the_loop_asks_for_one_flush_only(both):
    for event in (head(1), body(1, 1), ended(1)):
        both.writer.tap(event)
    assert both.soon == [both.writer.flush]


def test_nothing_is_seen_before_it_is_published(both):
    both.writer.tap(head(1))
    assert both.read() == []


def test_without_a_look_reading_goes_on_with_what_the_last_one_showed(both):
    both.tell(head(1), ended(1))
    both.reader.read(1)
    assert not both.reader.behind
    both.tell(head(2))
    assert both.reader.read(1) and both.reader.behind
    assert both.reader.read(1, look=False) and not both.reader.behind
    assert both.reader.read(1, look=False) == b""
    assert both.reader.read(1)


def test_the_run_id_and_the_key_are_seen_by_whoever_maps_the_same_memory(both):
    other = Ring(os.dup(both.ring.fd))
    assert other.run == RUN
    assert other.key == both.ring.key and len(other.key) == 32
    other.close()


def test_memory_that_is_no_ring_is_refused():
    fd = os.memfd_create("other")
    os.ftruncate(fd, 8192)
    with pytest.raises(ValueError, match="not a ring"):
        Ring(fd)
    os.close(fd)


def test_what_is_not_committed_is_read_again_by_the_next_reader(both):
    both.tell(head(1))
    assert both.read() == [head(1)]
    assert RingReader(both.ring, 0).read(1 << 20) != b""


def test_committing_gives_the_room_back(both):
    for number in range(100):
        both.tell(head(number), body(number, 50_000), ended(number))
        assert len(both.read()) == 3
        both.reader.commit()
    assert both.ring.numbers().dropped == {}
    assert both.ring.numbers().used == 0


def held_kb(ring):
    return os.fstat(ring.fd).st_blocks // 2


def test_what_was_read_and_committed_takes_no_memory():
    both = Both(capacity=FEWEST_BLOCKS * BLOCK)
    for number in range(100):
        both.tell(head(number), body(number, 200_000), ended(number))
        assert both.read() == [head(number), body(number, 200_000), ended(number)]
        both.reader.commit()
        assert both.ring.numbers().used == 0
        assert held_kb(both.ring) < 3 * BLOCK // 1024
    both.tell(head(200), body(200, 4 * BLOCK))
    assert both.read() and held_kb(both.ring) > 4 * BLOCK // 1024, "what was not committed is kept"
    both.ring.close()


def test_a_ring_that_is_full_loses_nothing_that_it_has_taken():
    """The writer fills whatever room there is, again and again; what is committed is less than a block each time."""
    both = Both(capacity=FEWEST_BLOCKS * BLOCK)
    told, read = [], []
    for _ in range(500):
        while both.ring.capacity - (both.ring.get(slots.HEAD_AT) - both.ring.get(slots.TAIL)) > RESERVE + 45_000:
            number = len(told)
            told.append(bytes([number % 255 + 1]) * 20_000)
            both.tell(head(number), ResponseBody(make_id(number), 2, told[-1]), ended(number))
        frames = decode(both.reader.read(60_000))
        read += [frame.event.data for frame in frames if isinstance(frame.event, ResponseBody)]
        both.reader.commit()
    assert len(read) > 900
    assert both.ring.numbers().dropped == {}
    assert read == told[: len(read)]
    both.ring.close()


def test_a_ring_that_is_no_whole_number_of_blocks_or_of_few_keeps_its_memory():
    for capacity in (FEWEST_BLOCKS * BLOCK + PAGE, (FEWEST_BLOCKS - 1) * BLOCK):
        both = Both(capacity=capacity)
        both.tell(head(1), body(1, 3 * BLOCK), ended(1))
        assert both.read()
        both.reader.commit()
        assert both.ring.get(slots.TAIL) == both.ring.get(slots.COMMITTED) == both.reader.offset
        assert held_kb(both.ring) > 3 * BLOCK // 1024
        both.ring.close()


def test_frames_around_the_end_of_the_memory_are_whole():
    both = Both(capacity=RESERVE + 10_007)
    for number in range(60):
        both.tell(head(number), body(number, 777), ended(number))
        assert both.read() == [head(number), body(number, 777), ended(number)]
        both.reader.commit()
    both.ring.close()


def test_a_full_ring_drops_the_exchange_whole_and_says_so(both):
    both.tell(head(1), body(1, 3 * RESERVE), head(2))
    both.tell(body(1, 1000), body(2, 1), ended(1), ended(2))
    frames = both.read()
    assert body(1, 1000) not in frames
    assert ended(1) not in frames
    assert Dropped(make_id(1), 2, "recorder_down") in frames
    assert [event for event in frames if event.exchange == make_id(2)] == [head(2), body(2, 1), ended(2)]
    assert both.ring.numbers().dropped == {"recorder_down": 1}
    assert both.adds_up()


def test_an_exchange_whose_head_did_not_fit_leaves_no_trace_but_the_count(both):
    both.tell(head(1), body(1, 3 * RESERVE - 1000), head(2), *(head(number) for number in range(3, 20)))
    both.tell(*(ended(number) for number in range(1, 20)))
    frames = both.read()
    begun = {event.exchange for event in frames if isinstance(event, RequestHead)}
    whole = {event.exchange for event in frames if isinstance(event, Ended)}
    assert 0 < len(begun) < 19
    assert {event.exchange for event in frames} == begun
    assert sum(both.ring.numbers().dropped.values()) == 19 - len(whole)
    assert both.adds_up()


def test_a_word_of_loss_that_finds_no_room_is_kept_until_there_is_some():
    both = Both(capacity=RESERVE + 4096)
    heads = [head(number) for number in range(20)]
    both.tell(*heads)
    both.tell(*(body(number, 2 * RESERVE) for number in range(20)))
    for slot in range(2000):  # more words of loss than the reserve can hold
        both.tell(head(100 + slot), body(100 + slot, 2 * RESERVE), ended(100 + slot))
    first = both.read()
    both.reader.commit()
    both.tell(*(ended(number) for number in range(20)))
    words = {event.exchange for event in [*first, *both.read()] if isinstance(event, Dropped)}
    begun = {event.exchange for event in first if isinstance(event, RequestHead)}
    assert begun <= words
    assert both.adds_up()
    both.ring.close()


@pytest.mark.parametrize(
    ("state", "silent_ns", "reason"),
    [
        (slots.STARTING, None, "recorder_down"),
        (slots.OK, 0, "ring_full"),
        (slots.OK, slots.STALLED_NS + 1, "recorder_stalled"),
        (slots.DISK_FULL, 0, "disk_full"),
        (slots.STORE_BUSY, 0, "store_busy"),
        (slots.STORE_ERROR, 0, "store_error"),
        (slots.STOPPED, slots.STALLED_NS + 1, "recorder_down"),
    ],
)
def test_the_reason_of_a_drop_is_the_state_of_the_recorder(both, state, silent_ns, reason):
    now_ns = 10 * slots.STALLED_NS
    both.ring.set(slots.STATE, state)
    both.ring.set(slots.HEARTBEAT, 0 if silent_ns is None else now_ns - silent_ns)
    both.tell(head(1), ResponseBody(make_id(1), now_ns, b"x" * 4 * RESERVE), ended(1))
    assert both.ring.numbers().dropped == {reason: 1}


def test_closing_says_that_nothing_more_will_come(both):
    both.tell(head(1))
    both.writer.close()
    assert not both.reader.closed
    both.read()
    assert both.reader.closed


def test_a_frame_longer_than_the_read_limit_is_read_whole(both):
    both.tell(head(1), body(1, 100_000))
    assert both.read(limit=1000) == [head(1), body(1, 100_000)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["head", "body", "end", "read"]), st.integers(0, 60_000)),
        max_size=60,
    )
)
def test_numbers_add_up_and_kept_exchanges_are_whole_whatever_happens(steps):
    both = Both(capacity=2 * RESERVE)
    running, number_of, told, got, next_number = set(), {}, {}, {}, 0
    for which, what, size in steps:
        if what == "read":
            for event in both.read():
                got.setdefault(event.exchange, []).append(event)
            both.reader.commit()
            continue
        if what == "head" and which not in running:
            next_number += 1
            number_of[which] = next_number
            running.add(which)
            event = head(next_number)
        elif what != "head" and which in running:
            event = body(number_of[which], size) if what == "body" else ended(number_of[which])
            running -= {which} if what == "end" else set()
        else:
            continue
        told.setdefault(event.exchange, []).append(event)
        both.tell(event)
        assert both.adds_up()
    for event in both.read():
        got.setdefault(event.exchange, []).append(event)
    both.reader.commit()
    for exchange, events in got.items():
        lost = isinstance(events[-1], Dropped)
        assert events[: -1 if lost else None] == told[exchange][: len(events) - lost]
        if not lost:
            assert events == told[exchange]
    both.ring.close()


def test_an_exchange_that_another_process_gave_up_in_its_middle_is_lost_whole(both):
    word = Dropped(make_id(1), 2, slots.PIPE_FULL)
    both.tell(head(1), body(1, 10), word, ended(1))
    assert both.read() == [head(1), body(1, 10), word]
    assert both.ring.numbers().dropped == {slots.PIPE_FULL: 1}
    assert both.adds_up()


def test_an_exchange_of_which_only_its_loss_is_told_is_relayed_and_dropped(both):
    both.tell(Dropped(make_id(1), 2, slots.PIPE_FULL))
    numbers = both.ring.numbers()
    assert (numbers.relayed, numbers.open, numbers.dropped) == (1, 0, {slots.PIPE_FULL: 1})
    assert both.read() == []


def test_what_was_lost_here_already_is_not_lost_twice(both):
    both.tell(head(1), body(1, 5 * RESERVE), Dropped(make_id(1), 2, slots.PIPE_FULL), ended(1))
    assert both.ring.numbers().dropped == {"recorder_down": 1}
    assert len(both.read()) == 2
    assert both.adds_up()
