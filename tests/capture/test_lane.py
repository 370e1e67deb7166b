"""The slow lane."""

import gc
import threading

import pytest
from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.capture.lane import LARGE_BYTES, Lane
from pandaprobe_proxy.model.exchange import Assembly, RequestHead, ResponseBody


def gathering(response=LARGE_BYTES + 1, request=0):
    return Gathering(None, request_bytes=request, response_bytes=response, bytes_held=request + response)


def take(lane, wait=False):
    """Everything that is done, in order."""
    found = []
    while made := lane.first(wait):
        lane.pop()
        found.append(made)
    return found


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

    made = Lane(finish, lambda given: None)
    yield made
    gate.set()
    made.close()


def test_only_what_is_large_goes_there(lane):
    assert lane.takes(gathering())
    assert not lane.takes(gathering(LARGE_BYTES))
    assert lane.takes(gathering(0, 3 * LARGE_BYTES))
    assert not lane.takes(gathering(0, 2 * LARGE_BYTES))


def test_what_is_coded_may_be_much_more_than_it_seems(lane):
    for coded in ({"request_coded": True}, {"response_coded": True}):
        assert lane.takes(Gathering(None, request_bytes=40, response_bytes=40, **coded))
        assert not lane.takes(Gathering(None, **coded))


def test_what_came_in_very_many_pieces_is_large(lane):
    came = Assembly()
    came.add(RequestHead("e", 1, 1, "c:1", "openai", "http://u/v1/x", "POST", b"/v1/x", ()))
    for _ in range(2000):
        came.add(ResponseBody("e", 1, b"x"))
    assert lane.takes(Gathering(None, response_bytes=2000, came=came))


def test_nothing_looks_for_garbage_meanwhile(gate):
    seen = []
    lane = Lane(lambda given: seen.append(gc.isenabled()), lambda given: None)
    lane.put("a", gathering())
    lane.first(wait=True)
    assert (seen, gc.isenabled()) == ([False], True)
    lane.close()


def test_it_comes_out_in_order_once_it_is_done(lane, gate):
    lane.put("a", gathering(1))
    lane.put("b", gathering(2))
    assert (take(lane), lane.busy) == ([], True)
    gate.set()
    assert [(work.exchange, work.made.result()) for work in take(lane, wait=True)] == [("a", 1), ("b", 2)]
    assert (take(lane), lane.busy) == ([], False)


def test_what_fails_says_so_and_the_next_goes_on(lane, gate):
    gate.set()
    lane.put("a", gathering(1, 1))
    lane.put("b", gathering(2))
    bad, good = take(lane, wait=True)
    assert isinstance(bad.made.exception(), ValueError)
    assert good.made.result() == 2


def test_what_is_open_is_looked_at_in_the_same_order(lane, gate):
    gate.set()
    lane.put("a", gathering(1), ended=False)
    lane.put("a", gathering(2))
    assert [(work.ended, work.made.result()) for work in take(lane, wait=True)] == [(False, None), (True, 2)]


def test_what_is_open_is_held_by_others(lane, gate):
    lane.put("a", gathering(10), ended=False)
    lane.put("b", gathering(20))
    assert lane.bytes_held == 20
    gate.set()
    take(lane, wait=True)
    assert lane.bytes_held == 0


def test_what_is_in_it_is_held(lane, gate):
    lane.put("a", gathering(10))
    lane.put("b", gathering(20))
    assert lane.bytes_held == 30
    gate.set()
    assert lane.first(wait=True).exchange == "a"
    lane.pop()
    assert lane.bytes_held == 20
