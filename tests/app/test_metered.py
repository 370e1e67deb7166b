"""A writer whose commits somebody counts."""

import pytest
from pandaprobe_proxy.app.metered import meter
from pandaprobe_proxy.store.batch import Batch
from pandaprobe_proxy.store.errors import StoreError
from places import RUN
from records import START_NS, make_record


class Counted:
    def __init__(self):
        self.began = []
        self.observed = []

    def begin(self, dropped):
        self.began.append(dropped)

    def observe(self, batch, took_s):
        self.observed.append((len(batch.records), took_s))


def test_what_is_committed_is_told_with_the_time_that_it_took(place):
    counted, ticks = Counted(), iter([1.0, 1.5])
    writer = meter(place.writer, counted, lambda: next(ticks))
    writer.commit(Batch(RUN, 1, records=(make_record(),)))
    assert counted.observed == [(1, 0.5)]
    assert place.reader().counts().recorded == 1


def test_what_was_dropped_before_is_told_at_the_beginning(place):
    place.put(dropped={"capture_off": 2})
    counted = Counted()
    assert meter(place.writer, counted).begin(RUN, START_NS).dropped == {"capture_off": 2}
    assert counted.began == [{"capture_off": 2}]


def test_what_is_refused_is_not_counted_and_the_error_goes_on(place):
    counted = Counted()
    writer = meter(place.writer, counted)
    writer.close()
    with pytest.raises(StoreError):
        writer.commit(Batch(RUN, 1))
    assert counted.observed == []


def test_all_else_is_the_writers_own(place):
    assert meter(place.writer, Counted()).delete_session("none") is None
