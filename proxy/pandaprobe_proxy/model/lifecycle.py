"""The life of a session, as values: the state that it is in, and the changes that are told of it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OPEN = "open"  # something runs in it, or did so lately
    IDLE = "idle"  # nothing has come for a while
    CLOSED = "closed"  # somebody said that it is over
    MERGED = "merged"  # all of it is in another session, and what is to come of it goes there


class ChangeKind(StrEnum):
    OPENED = "opened"
    IDLE = "idle"
    CLOSED = "closed"
    REOPENED = "reopened"  # after it was idle or closed
    MERGED = "merged"
    CORRECTED = "corrected"  # a correction put calls into it, or took some out; it is in the state that it was in


class Cause(StrEnum):
    """Why a change came."""

    CALL = "call"
    TRACE = "trace"  # one that was posted
    GAP = "gap"  # nothing came for that long
    ASKED = "asked"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Change:
    """A change that has been told."""

    number: int
    """Counts up within a store, and is never used twice: what came before has a smaller one."""
    session_id: str
    change: ChangeKind
    state: State
    """Of the session after it."""
    at_ns: int
    cause: Cause
    merged_into: str | None = None
    """Of a session that was merged: the other one."""


@dataclass(frozen=True, slots=True)
class Life:
    """What there is to know of a session's life."""

    state: State | None
    """As it was last told; None before that."""
    touched_ns: int
    """When the recorder last had something of it, by a clock that only runs forward."""
    open_calls: int
    closed_ns: int | None = None
    """When somebody said that it is over, by the wall clock; None where nobody did, or more has come since."""
    empty: bool = False
    """It has neither calls nor traces."""
