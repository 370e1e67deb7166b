"""What somebody knows better about sessions than the recorder did, as values."""

from dataclasses import dataclass
from enum import StrEnum


class CorrectionKind(StrEnum):
    MERGE = "merge"  # all of a session into another, and what is still to come of it
    RENAME = "rename"  # the same, into a session that is not there yet
    SPLIT = "split"  # a call of a session and all that came after it there, into another
    ASSIGN = "assign"  # some calls into a session


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction."""

    kind: CorrectionKind
    to: str
    """The session that the calls belong to."""
    session_id: str = ""
    """The session that they are in; empty for `assign`."""
    calls: tuple[str, ...] = ()
    """The calls of `assign`; the first call of `split`."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction that was made."""

    key: int
    at_ns: int
    correction: Correction
    moved: int
    """How many calls went to another session."""
    undone_ns: int | None = None
