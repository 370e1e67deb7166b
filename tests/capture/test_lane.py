"""The slow lane."""

import threading

import pytest
from pandaprobe_proxy.capture import lane as module
from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.capture.lane import LARGE_BYTES, Lane


def gathering(response=LARGE_BYTES + 1, request=0):
    return Gathering(None, request_bytes=request, response_bytes=response)


@pytest.fixture
def gate():
    return threading.Event()


@pytest.fixture
def lane(gate):
    def finish(given):
        assert gate.wait(10)
        if given.request_bytes:
            raise ValueError("bad")
        return given.response_bytes

    made = Lane(finish)
    yield made
    gate.set()
    made.close()


def test_only_what_is_large_goes_there(lane):
    assert lane.takes(gathering())
    assert not lane.takes(gathering(LARGE_BYTES))
    assert lane.takes(gathering(0, 9 * LARGE_BYTES))
    assert not lane.takes(gathering(0, 8 * LARGE_BYTES))


def test_it_comes_out_in_order_once_it_is_done(lane, gate):
    lane.put("a", gathering(1))
    lane.put("b", gathering(2))
    assert (lane.take(), lane.busy) == ([], True)
    gate.set()
    assert [(exchange, made.result()) for exchange, made in lane.take(wait=True)] == [("a", 1), ("b", 2)]
    assert (lane.take(), lane.busy) == ([], False)


def test_what_fails_says_so_and_the_next_goes_on(lane, gate):
    gate.set()
    lane.put("a", gathering(1, 1))
    lane.put("b", gathering(2))
    (_, bad), (_, good) = lane.take(wait=True)
    assert isinstance(bad.exception(), ValueError)
    assert good.result() == 2


def test_it_holds_so_much_and_no_more(lane, gate, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 3 * LARGE_BYTES)
    lane.put("a", gathering(2 * LARGE_BYTES))
    assert not lane.takes(gathering(2 * LARGE_BYTES))
    gate.set()
    lane.take(wait=True)
    assert lane.takes(gathering(2 * LARGE_BYTES))
