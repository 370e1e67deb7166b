"""What a dialect is: a name, a version and four functions, and the values that they return.

A dialect is tolerant: unknown fields are kept, and bytes that surprise raise KeyError, TypeError or ValueError only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pandaprobe_proxy.model.call import CallError, Message, Usage
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any


@dataclass(frozen=True, slots=True)
class Blob:
    """A body, or a part of one, that is no JSON."""

    content_type: str
    data: bytes
    filename: str | None = None

    def describe(self) -> dict[str, Json]:
        """What is kept of it where messages and fields are: its type, size and hash, not its bytes."""
        said = {"content_type": self.content_type, "bytes": len(self.data), "sha256": sha256(self.data).hexdigest()}
        return said | ({"filename": self.filename} if self.filename else {})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says."""

    model: str | None = None
    messages: tuple[Message, ...] = ()
    tools: tuple[Json, ...] = ()
    parameters: dict[str, Json] = field(default_factory=dict)
    stream: bool = False
    """Whether a stream is asked for."""
    previous_id: str | None = None
    """See Call."""
    conversation_id: str | None = None
    operation: str | None = None
    """Where one dialect has several; None for that of the dialect."""
    fetched_id: str | None = None
    """The response id of the earlier answer that is fetched, where the answer itself does not tell it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer says. The offsets are of a stream only: where the event ends that brought it first."""

    model: str | None = None
    response_id: str | None = None
    messages: tuple[Message, ...] = ()
    usage: Usage = field(default_factory=Usage)
    error: CallError | None = None
    extra: dict[str, Json] = field(default_factory=dict)
    finished: bool = True
    """False when the answer does not say that it is whole."""
    lossy: bool = False
    first_content: int | None = None
    first_tool: int | None = None
    conversation_id: str | None = None
    """See Call."""
    pending: bool = False


def keep_answer(answered: "Answered", headers: Headers) -> "Answered":
    """The `headed` of a dialect whose answers' headers add nothing."""
    return answered


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format."""

    name: str
    version: int
    """Raised whenever the same bytes decode to something better."""
    operation: str
    matches: Callable[[str, str, Headers], bool]
    """(method, path without query, request headers): is this exchange of the dialect?"""
    asked: Callable[[Json, str], Asked]
    """(parsed request body, path without query). Of a multipart body the fields by name, files as Blobs; a name that
    comes more than once has a list."""
    answered: Callable[[Json], Answered]
    """(parsed body of a successful answer, or a Blob if `blobs`)."""
    streamed: Callable[[Iterable[StreamEvent]], Answered]
    """(events of a successful answer, possibly cut short)."""
    alike: Alike | None = None
    """What runs of its events may be read as one; RunError from `streamed` if they may not after all."""
    counts_tokens: bool = True
    """Whether an answer without a usage has one that is worth an estimate."""
    blobs: bool = False
    """Whether an answer may be something else than JSON."""
    headed: Callable[[Answered, Headers], Answered] = keep_answer
    """(what the body said, response headers): the same with what only the headers say."""
    endpoints: tuple[str, ...] = ()
    """`METHOD /path` of each, for the documentation."""
    offers: frozenset[str] = frozenset()
    """Of `streamed`, `usage`, `tools`, `cost`: what a call of this dialect can have, for the documentation."""


def refuse_stream(events: Iterable[StreamEvent]) -> Answered:
    """The `streamed` of a dialect that knows no streams. Raises ValueError."""
    raise ValueError("this kind of answer is not known to be streamed")
