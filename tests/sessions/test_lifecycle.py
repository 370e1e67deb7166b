"""What is told of a session, and when it is looked at again, by what it shows of its life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.lifecycle import ChangeKind, Life, State
from pandaprobe_proxy.sessions.lifecycle import find_changes, find_watch, is_reopened, state_after

GAP = 30
OPENED, IDLE, CLOSED = ChangeKind.OPENED, ChangeKind.IDLE, ChangeKind.CLOSED


@pytest.mark.parametrize(
    ("life", "now", "told"),
    [
        (Life(None, 100, 1), 101, (OPENED,)),
        (Life(None, 100, 0), 101, (OPENED,)),
        (Life(None, 100, 0), 130, (OPENED, IDLE)),
        (Life(None, 100, 0, closed_ns=5), 101, (OPENED, CLOSED)),
        (Life(None, 100, 0, empty=True), 999, ()),
        (Life(None, 100, 0, closed_ns=5, empty=True), 999, ()),
        (Life(State.OPEN, 100, 0), 129, ()),
        (Life(State.OPEN, 100, 0), 130, (IDLE,)),
        (Life(State.OPEN, 100, 0, empty=True), 130, (IDLE,)),
        (Life(State.OPEN, 100, 1), 999, ()),
        (Life(State.OPEN, 100, 1, closed_ns=5), 999, ()),
        (Life(State.OPEN, 100, 0, closed_ns=5), 101, (CLOSED,)),
        (Life(State.IDLE, 100, 0), 999, ()),
        (Life(State.IDLE, 100, 0, closed_ns=5), 999, (CLOSED,)),
        (Life(State.CLOSED, 100, 0, closed_ns=5), 999, ()),
    ],
)
def test_what_is_told(life, now, told):
    assert find_changes(life, GAP, now) == told


@pytest.mark.parametrize(
    ("life", "now", "watch"),
    [
        (Life(State.OPEN, 100, 0), 110, 100),
        (Life(State.OPEN, 100, 1), 110, 110),
        (Life(State.OPEN, 200, 0), 110, 110),
        (Life(None, 100, 0, empty=True), 110, 110),
        (Life(State.IDLE, 100, 0), 110, None),
        (Life(State.CLOSED, 100, 0, closed_ns=5), 110, None),
    ],
)
def test_when_it_is_looked_at_again(life, now, watch):
    assert find_watch(life, now) == watch


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 2))
def test_no_session_that_is_looked_at_a_gap_after_that_moment_is_looked_at_too_late(touched, now, calls):
    life = Life(State.OPEN, min(touched, now), calls)
    again = find_watch(life, now) + GAP
    assert all(find_changes(life, GAP, moment) == () for moment in range(now, again))


@pytest.mark.parametrize(
    ("state", "closed", "began", "reopened"),
    [
        (State.OPEN, None, 7, False),
        (State.IDLE, None, 7, True),
        (State.CLOSED, 5, 7, True),
        (State.CLOSED, 9, 7, False),
        (State.IDLE, 9, 7, False),
        (State.OPEN, 5, 7, True),
    ],
)
def test_what_opens_a_session_again(state, closed, began, reopened):
    assert is_reopened(state, closed, began) is reopened


def test_each_change_leads_to_a_state():
    after = {change: state_after(change, State.CLOSED) for change in ChangeKind}
    assert after[ChangeKind.OPENED] is after[ChangeKind.REOPENED] is State.OPEN
    assert (after[IDLE], after[CLOSED], after[ChangeKind.MERGED]) == (State.IDLE, State.CLOSED, State.MERGED)
    assert after[ChangeKind.CORRECTED] is State.CLOSED
