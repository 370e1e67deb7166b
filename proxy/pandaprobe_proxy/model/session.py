"""Which session a call belongs to, and how that is known."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where a session id came from, strongest first."""

    HEADER = "header"  # X-PandaProbe-Session, or a name of the user's own
    BAGGAGE = "baggage"  # W3C baggage
    AGENT = "agent"  # a header that agents and peers send
    BODY = "body"  # a field that names it, or the conversation that the provider holds
    EVIDENCE = "evidence"  # that of the call whose answer this one shows
    TRANSCRIPT = "transcript"  # that of the call whose whole conversation this one goes on with
    ATTEMPT = "attempt"  # a call that was tried again: that of its first try
    RETRIEVED = "retrieved"  # an answer that was fetched later: that of the call that asked for it
    DEFAULT_ID = "default_id"  # --default-session ID
    DEFAULT_CLIENT = "default_client"  # --default-session client
    DEFAULT_NEW = "default_new"  # --default-session new
    INGEST = "ingest"  # named by a posted trace, or by who said that it is over


DEFAULTS = frozenset({Source.DEFAULT_NEW, Source.DEFAULT_CLIENT, Source.DEFAULT_ID})
"""Nothing of the call says which session it is of."""


@dataclass(frozen=True, slots=True)
class Clue:
    """One piece of evidence about the session of a call."""

    source: Source
    name: str
    """Where it was read: a header's name, a key of baggage, the path of a field."""
    value: str
    valid: bool = True
    """False for a value that cannot be a session id; it is kept and never used."""
    confidence: float = 1.0
    """0 to 1, of a value that is used."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The whole decision: the id, how it is known, and everything that spoke for another."""

    session_id: str
    source: Source
    confidence: float
    """0 to 1."""
    clues: tuple[Clue, ...] = ()
