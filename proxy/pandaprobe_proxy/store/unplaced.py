"""Calls that only a default has put into a session, as values: which, and why."""

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why the session of a call is only a default."""

    UNSURE = "may be of several sessions"
    BAD_ID = "its session id is none"
    UNKNOWN = "goes on from an answer that was never recorded"
    BEGINNING = "begins a conversation that no call has gone on with"
    ALONE = "has no conversation, as embeddings have none"
    OTHER = "is no call of a known format"


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A call whose session is only a default."""

    call_id: str
    why: Why
