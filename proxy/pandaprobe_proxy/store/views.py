"""What the viewer asks of a store beside `base`: pages, courses and sums, each bounded in what it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.sessions.conversation import Addition
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.filters import Term
from pandaprobe_proxy.store.session_rows import SessionRow

T = TypeVar("T")
SORTS = ("last", "cost", "errors", "tokens", "calls", "duration")
"""What sessions may be ordered by, the largest first."""

Cursor = tuple[float, int]
"""Where a list goes on: the value that it is ordered by, and the row's key, both of the last row that was seen."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next: Cursor | None = None
    """None if that was all."""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with what a list shows beside its totals."""

    row: SessionRow
    latencies_ms: Sequence[float]
    """Of its newest calls that have ended, at most 20, oldest first."""
    scores: Mapping[str, float | None]
    """The newest judgement of each evaluator."""
    cached_tokens: int | None
    """None for a session of more calls than a list adds up."""
    last_output: str | None
    """What was last answered in it, cut to 200 characters; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A session's calls by their start, column by column: ten thousand are a few hundred kilobytes."""

    started_ns: int
    columns: Mapping[str, Sequence[Any]]
    """`call_id`, `trace_id` (None where the call is a trace of its own), `start_ms` since the session's start,
    `first_ms` and `end_ms` since the call's, `state` (`open`, `ok`, `partial`, `error`), `status`, `input_tokens`,
    `output_tokens`, `cached_tokens`, `cost`, `attempt`; `model`, `operation` and `agent` are places in `names`."""
    names: Mapping[str, Sequence[str]]
    """`models`, `operations`, `agents`."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a session's conversation, and the calls that it goes on from at both ends."""

    additions: Sequence[Addition]
    previous: str | None
    """The call that the piece before this one begins with; None if there is none."""
    next: str | None
    """The call that the piece after this one begins with."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The neighbours in a list: the one above and the one below."""

    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One call, as the overview adds it up."""

    started_ns: int
    duration_ms: float | None
    first_ms: float | None
    failed: bool
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: float | None
    priceable: bool
    """It has tokens, so that it has a price, known or not."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """The calls of a span of time, each or every nth of them."""

    calls: Sequence[Sample]
    every: int = 1
    """Each call here stands for so many."""


@dataclass(frozen=True, slots=True)
class Judging:
    """What an evaluator has said of all sessions: the newest judgement of each."""

    name: str
    version: int
    """The newest."""
    values: Sequence[float]
    nulls: int
    """Sessions of which it found nothing to say."""
    worst: Sequence[tuple[str, float, str]]
    """(session id, value, label) of the lowest, lowest first."""
    last_ns: int
    settings: int
    """How many different settings it was run with."""


@dataclass(frozen=True, slots=True)
class News:
    """What has come and what has changed since a place."""

    place: tuple[int, int]
    """Up to where this tells: keys of the newest call and of the newest change."""
    calls: Sequence[CallRow]
    """New ones, and those of the asked that have ended."""
    sessions: Sequence[SessionRow]
    """Active within the last seconds before `place`, whether or not they were told before."""
    changes: Sequence[Change]
    missed: bool
    """There was more than this tells."""


class ViewReader(Protocol):
    """What a Reader answers for the viewer."""

    def list_sessions(
        self, terms: Sequence[Term], sort: str, limit: int, after: Cursor | None = None
    ) -> Page[SessionLine]:
        """Sessions that have calls or traces, by one of SORTS."""

    def list_calls(
        self, terms: Sequence[Term], session_id: str | None, limit: int, after: Cursor | None = None
    ) -> Page[CallRow]:
        """The newest first; of a session the oldest first."""

    def waterfall(self, session_id: str) -> Waterfall | None: ...

    def tell_from(self, session_id: str, call_id: str | None, limit: int) -> Piece:
        """What the calls of a session add from that one on, or from its first; `limit` calls are read."""

    def beside_session(self, session_id: str, terms: Sequence[Term], sort: str) -> Beside:
        """Its neighbours among those that `list_sessions` gives."""

    def beside_call(self, call_id: str) -> Beside:
        """The calls before and after it in its session."""

    def sample(self, since_ns: int, until_ns: int, terms: Sequence[Term]) -> Sampled:
        """The calls that began then."""

    def judgings(self) -> list[Judging]: ...

    def sources(self) -> Mapping[str, int]:
        """How many sessions are known by each source."""

    def news(self, since: tuple[int, int] | None, running: Sequence[str], limit: int) -> News:
        """What has come since; None: only where the newest is. `running` are ids of calls that were told as open."""
