"""What follows from what a session shows of its life: its state, the changes to tell, when to look again. Pure.

Nothing counts but what the recorder had of it and when, by a clock that only runs forward: the clocks of apps, and of
traces that they post, can be wrong. A session whose calls run is open, whatever anybody says.
"""

from pandaprobe_proxy.model.lifecycle import ChangeKind, Life, State

_AFTER = {
    ChangeKind.OPENED: State.OPEN,
    ChangeKind.REOPENED: State.OPEN,
    ChangeKind.IDLE: State.IDLE,
    ChangeKind.CLOSED: State.CLOSED,
    ChangeKind.MERGED: State.MERGED,
}


def state_after(change: ChangeKind, before: State) -> State:
    """The state that a change leads to."""
    return _AFTER.get(change, before)


def find_changes(life: Life, gap_ns: int, now_ns: int) -> tuple[ChangeKind, ...]:
    """What is to be told now, in this order. `now_ns` is of the same clock as `touched_ns`."""
    if life.state is None and life.empty:
        return ()
    opened = (ChangeKind.OPENED,) if life.state is None else ()
    if life.open_calls or life.state is State.CLOSED:
        return opened
    if life.closed_ns is not None:
        return (*opened, ChangeKind.CLOSED)
    if life.state is not State.IDLE and life.touched_ns + gap_ns <= now_ns:
        return (*opened, ChangeKind.IDLE)
    return opened


def find_watch(life: Life, now_ns: int) -> int | None:
    """A moment up to which the session surely lives: no gap can end sooner than one after it. None if nothing can
    change but by something new."""
    if life.state in (State.IDLE, State.CLOSED):
        return None
    return now_ns if life.open_calls or life.empty else min(life.touched_ns, now_ns)


def is_reopened(state: State, closed_ns: int | None, began_ns: int) -> bool:
    """Whether something that began then, by the wall clock, opens a session again. What began before somebody said
    that it is over, and was only recorded later, does not."""
    if closed_ns is not None:
        return began_ns > closed_ns
    return state is State.IDLE
