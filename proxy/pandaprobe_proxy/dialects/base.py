"""What a dialect is: a name, a version and four functions, and the values that they return.

A dialect is tolerant: unknown fields are kept, and bytes that surprise raise KeyError, TypeError or ValueError only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pandaprobe_proxy.model.call import CallError, Message, Usage
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says."""

    model: str | None = None
    messages: tuple[Message, ...] = ()
    tools: tuple[Json, ...] = ()
    parameters: dict[str, Json] = field(default_factory=dict)
    stream: bool = False
    """Whether a stream is asked for."""


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
    """(parsed request body, path without query)."""
    answered: Callable[[Json], Answered]
    """(parsed body of a successful answer)."""
    streamed: Callable[[Iterable[StreamEvent]], Answered]
    """(events of a successful answer, possibly cut short)."""
    counts_tokens: bool = True
    """Whether an answer without a usage has one that is worth an estimate."""


def refuse_stream(events: Iterable[StreamEvent]) -> Answered:
    """The `streamed` of a dialect that knows no streams. Raises ValueError."""
    raise ValueError("this kind of answer is not known to be streamed")
