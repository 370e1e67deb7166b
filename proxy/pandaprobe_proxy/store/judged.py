"""Judgements as a store keeps them, and what is still to be judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.filters import Term


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sessions are meant. What is None chooses nothing out. Those with calls that run are never meant."""

    session_id: str | None = None
    since_ns: int | None = None
    """Active at or after that moment."""
    states: tuple[State, ...] = ()
    """In any of these; in whichever if there are none."""
    session_ids: tuple[str, ...] | None = None
    """Only among these."""
    terms: tuple[Term, ...] = ()
    """That hold of all these (see `filters`)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An evaluator as it is to judge: the same session judged so is not judged again."""

    name: str
    version: int
    setting: str
    """A hash of what it is given beside the session."""
    any_setting: bool = False
    """What it has judged with another setting stands, too."""


@dataclass(frozen=True, slots=True)
class Due:
    """A session that some of what is wanted has not judged, as it is now."""

    session_id: str
    content: str
    """What names its calls and what is posted of them: another once anything of it changes."""
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement of a session, and what was judged."""

    session_id: str
    content: str
    setting: str
    judgement: Judgement
    at_ns: int
    stale: bool = False
    """Told by the store: the session has changed since."""


@dataclass(frozen=True, slots=True)
class Judgements:
    """Some at once, for a wire, with what judges answered."""

    judged: Sequence[Judged]
    answers: Sequence[Answer] = ()
