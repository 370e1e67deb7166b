"""The contract of a store: what may be asked of it and what it promises. One suite in tests/store proves every store.

Promises
- Exactly one Writer exists per store, in one process and one thread; opening a second raises StoreBusy.
  Readers never write, lock or checkpoint; any number of them may be open, with or without a Writer.
- `commit` is one transaction: all of a batch and its ring offset, or nothing. A batch that was committed
  and is committed again, after a crash of its caller, changes nothing: offsets that do not advance are refused.
- A call's row exists from the commit of its Opened. Its Record makes it terminal, once.
- A Record links its call, in the same transaction. It is a try of an earlier call if `sessions.attempts` says so of its
  `retry`. It fetched the answer of an earlier one if its operation is `retrieve` and an earlier call of the same
  credential has its response id: then that call gets the tokens and the end, and this one has none of its own. A call
  whose session was only `default_new` goes where the call that it belongs to is.
- A Record whose session is only a default is placed by its body's clues, else by its evidence (`sessions.infer`), in
  the same transaction. One that names its session takes along the calls that it goes on from, if nobody has named them.
- A Record of a connection makes a row for each of its turns, too: the same session, trace and credential, no bodies.
  They go when the connection goes. In the totals of a session they stand for it. What is `settled` of a connection
  makes such rows while it is open: then the session has something open, too, and its Record corrects what they say.
- A body that was written can be read back byte for byte, as the Body's pieces joined.
- The life of sessions: see `lives`. Scores that are given: see `labels`, judges: `answers`.
- Closing twice is allowed. After close, everything raises StoreError.
- StoreFull, StoreBusy and StoreError leave the store as it was before the call; the caller may try again.
- None means: no such thing. Nothing else is ever signalled by None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.model.correction import Corrected, Correction
from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.session import Resolution
from pandaprobe_proxy.model.trace import Span, Trace
from pandaprobe_proxy.store.answers import AnswerReader, AnswerWriter
from pandaprobe_proxy.store.batch import Batch, RunState
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Wanted
from pandaprobe_proxy.store.labels import LabelReader, LabelWriter
from pandaprobe_proxy.store.lives import LifeReader, LifeWriter
from pandaprobe_proxy.store.rereading import Rereading
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.trace_rows import SpanRow, TraceRow
from pandaprobe_proxy.store.unplaced import Unplaced
from pandaprobe_proxy.store.views import ViewReader

Json = Any


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is kept. 0 means no limit."""

    max_age_s: int = 0
    max_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A kept body, rebuilt. `data` is exactly what crossed the wire when `redactions` is 0 and `complete`."""

    data: bytes
    size: int
    coding: str
    redactions: int
    complete: bool
    withheld: str


@dataclass(frozen=True, slots=True)
class StoredCall:
    """An exchange whole. `call` is decoded anew from the kept bytes, or None if no dialect knows it."""

    row: CallRow
    url: str
    reason: str
    client: str
    credential: str
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    request: StoredBody
    response: StoredBody
    chunks: tuple[tuple[int, int], ...]
    metadata: dict[str, Json]
    warnings: tuple[str, ...]
    resolution: Resolution
    call: Call | None
    """Of a call that was answered later: with the whole answer, put together from what was fetched."""
    history: tuple[Message, ...] = ()
    """What the provider held of before: the messages that `previous_id` or `conversation_id` stands for."""
    history_broken: bool = False
    """Something that came before was never recorded here, or is no longer kept."""
    retrievals: tuple[str, ...] = ()
    """The calls that fetched its answer later, oldest first."""
    turn_calls: tuple[str, ...] = ()
    """Of a connection: the calls that were made over it, oldest first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that matched a search, with the call that introduced it."""

    call_id: str
    session_id: str
    role: str
    snippet: str
    """The passage, with matches between the given marks."""
    at_ns: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The recorder's side of the loss numbers, and sizes."""

    run: str | None
    offset: int
    recorded: int
    """Exchanges of the current (or last) run that have a terminal row."""
    dropped: Mapping[str, int]
    counters: Mapping[str, Json]
    """The relay's numbers as of the last commit."""
    committed_ns: int
    calls: int
    open_calls: int
    sessions: int
    store_bytes: int
    """Database and write-ahead log."""
    raw_bytes: int
    """What the kept bodies were on the wire."""


@dataclass(frozen=True, slots=True)
class Redecoded:
    """What one step of `redecode` has seen."""

    after: int | None
    """Where the next step goes on; None when that was all."""
    stale: int = 0
    """Calls that an older decoder has read, or none that can now."""
    changed: int = 0
    """Of these: those that were read anew."""
    unreadable: int = 0
    """Of these: those whose bodies are not there any more, so that they stay as they are."""
    repriced: int = 0
    """Calls and turns whose cost is another one now, or known now, or no more."""


class Writer(LifeWriter, LabelWriter, AnswerWriter, Protocol):
    """The one writing side."""

    def begin(self, run: str, at_ns: int) -> RunState:
        """Makes `run` the current one, creating it if new, and tells where it stands.

        Calls that earlier runs left open become `interrupted`, and what was staged of them goes.
        """

    def prepare(self, record: Record) -> bool:
        """Stores ahead some of a record that will be committed, if it is large; False when that was all.

        Takes about 20 ms. No reader sees anything of it, and `commit` does not need it: it is shorter afterwards.
        """

    def commit(self, batch: Batch) -> None:
        """Writes a batch, in one transaction; after StoreFull, StoreBusy or StoreError it has written nothing."""

    def last_seen(self, client: str) -> tuple[str, int] | None:
        """The (session id, last wall ns) of the newest call of this client key that the `client` default placed."""

    def put_trace(self, trace: Trace, at_ns: int) -> None:
        """Adds or completes a trace and its spans. None keeps what is there; tags are united, metadata merged."""

    def add_spans(self, trace_id: str, spans: Sequence[Span]) -> bool:
        """Adds or completes spans of a trace; False if there is no such trace."""

    def patch_trace(self, trace: Trace) -> TraceRow | None:
        """Changes what is not None and clears what is in `nulls`; None if there is no such trace."""

    def patch_span(self, trace_id: str, span: Span) -> SpanRow | None:
        """The same for one span."""

    def put_judged(self, judged: Sequence[Judged]) -> int:
        """Keeps judgements beside the older ones; how many were new. Those of sessions that are gone are left out."""

    def correct(self, correction: Correction) -> Corrected:
        """Puts calls into another session than they were resolved to. Raises Refused if it makes no sense."""

    def undo(self) -> Corrected | None:
        """Takes back the newest correction that stands; None if there is none."""

    def delete_session(self, session_id: str) -> int | None:
        """Removes a session and all that only it holds; how many calls went, None if there is no such session."""

    def redecode(self, after: int, rereading: Rereading) -> Redecoded:
        """Reads some of the calls anew that an older decoder has read, in the order in which they were stored.

        What follows from it is what would be there if the new decoder had been there first: columns, what sessions add
        up, messages, and what a search finds. They are priced anew; what a price of the user's own gave stays where
        `rereading` knows none and the tokens are the same.

        Goes on after `after`, 0 for the first step; takes about 50 ms.
        """

    def trim(self, budget: Budget, now_ns: int) -> bool:
        """Sheds some of what is over the budget, bodies before rows, oldest sessions first; False if that was all."""

    def close(self) -> None:
        """Checkpoints and lets go."""


class Reader(LifeReader, LabelReader, ViewReader, AnswerReader, Protocol):
    """A read-only view. Each method sees one consistent state."""

    def sessions(
        self, limit: int, before_ns: int | None = None, user_id: str | None = None, state: State | None = None
    ) -> list[SessionRow]:
        """The newest sessions by last activity that have calls or traces, those before a moment if one is given."""

    def session(self, session_id: str) -> SessionRow | None: ...

    def children(self, session_id: str) -> list[SessionRow]:
        """The sessions that this one began, oldest first."""

    def find_sessions(self, prefix: str, limit: int = 10) -> list[str]:
        """Ids that start with `prefix`, for abbreviation and completion."""

    def traces(self, session_id: str) -> list[TraceRow]:
        """The session's traces by start."""

    def trace(self, trace_id: str) -> TraceRow | None: ...

    def calls(
        self, limit: int, session_id: str | None = None, after: str | None = None, before: str | None = None
    ) -> list[CallRow]:
        """With a session: its calls, oldest first. Without: the newest calls, newest first, or, with `after` a call id,
        those that came later, oldest first. `before` a call id: the older page."""

    def unplaced(self, limit: int) -> list[Unplaced]:
        """Of the newest `limit` calls those whose session is only a default, newest first.

        A call that begins a conversation is none of them once another has gone on with it.
        """

    def call(self, call_id: str) -> StoredCall | None:
        """One call whole, with its history."""

    def conversation(self, session_id: str, limit: int) -> list[StoredCall]:
        """The session's calls whole, oldest first, turns instead of their connection; each is decoded once."""

    def find_calls(self, prefix: str, limit: int = 10) -> list[str]:
        """Ids that start with `prefix`."""

    def scores(self, session_id: str | None = None, trace_id: str | None = None) -> list[Score]:
        """The scores of a session's traces and of the session itself, or of one trace; oldest first.

        The newest judgements of a session are among its scores, if they have a value.
        """

    def contents(self, choice: Choice) -> list[tuple[str, str]]:
        """(session id, content) of the chosen sessions, oldest first. The content changes with the session."""

    def due(self, choice: Choice, wanted: Sequence[Wanted]) -> list[Due]:
        """The chosen sessions that some of what is wanted has not judged as they are now, oldest first."""

    def judged(self, choice: Choice) -> list[Judged]:
        """The newest judgement of each evaluator of the chosen sessions, the last active session first."""

    def corrections(self, limit: int) -> list[Corrected]:
        """Those that were made, newest first, with those that were undone."""

    def search(self, query: str, limit: int, marks: tuple[str, str] = ("[", "]")) -> list[Hit]:
        """Messages that contain every word of the query, newest first. Any text is a valid query."""

    def counts(self) -> Counts: ...

    def close(self) -> None: ...
