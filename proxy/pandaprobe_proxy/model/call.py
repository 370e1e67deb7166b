"""A call: what an LLM was asked and what it said, decoded from an exchange by a dialect. Stored as an LLM span."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any


class UsageSource(StrEnum):
    """How a usage number is known."""

    REPORTED = "reported"  # by the provider, for the whole answer
    INJECTED = "injected"  # by the provider, because the relay asked for it in the app's stead
    PARTIAL = "partial"  # by the provider, before the answer broke off
    ESTIMATED = "estimated"  # by length, by us
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `input` includes what was cached, `output` includes reasoning; None where nobody said."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    """Of the input: read from the provider's cache."""
    reasoning: int | None = None
    source: UsageSource = UsageSource.NONE
    raw: dict[str, Json] = field(default_factory=dict)
    """The provider's own usage object."""
    cache_written: int | None = None
    """Of the input: written to the provider's cache."""
    audio_input: int | None = None
    audio_output: int | None = None
    sources: dict[str, UsageSource] = field(default_factory=dict)
    """How a number is known, by its name, where that differs from `source`."""

    def source_of(self, name: str) -> UsageSource:
        """How the number of that name is known."""
        return self.sources.get(name, self.source)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost in US dollars, by the list price of its model. No Cost at all means: not known."""

    total: float
    parts: dict[str, float]
    """Of the total, by kind of token: `input`, `cached`, `cache_written`, `output`, …"""
    priced_as: str
    """The model and provider that the price is of."""
    source: str
    """Whose price, and of which version."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str
    """As the model wrote them, which need not be JSON."""
    type: str = "function"
    extra: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One message in either direction."""

    role: str
    content: Json = None
    """Text, a list of parts as the dialect has them, or None."""
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    finish_reason: str | None = None
    """Of an answer: why it ended."""
    extra: dict[str, Json] = field(default_factory=dict)
    """Fields of the wire that have no name here, unchanged."""

    @property
    def text(self) -> str:
        """The readable text of the content: a string as it is, the text parts of a list joined by new lines.

        Gemini's thoughts are texts too; they are the reasoning.
        """
        if isinstance(self.content, str):
            return self.content
        if isinstance(self.content, list):
            parts = (part.get("text") for part in self.content if isinstance(part, dict) and not part.get("thought"))
            return "\n".join(part for part in parts if isinstance(part, str))
        return ""


@dataclass(frozen=True, slots=True)
class CallError:
    """What the provider said went wrong, or why its answer could not be decoded."""

    message: str
    type: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """Moments of a call, in nanoseconds since its request's head; None where the moment never came."""

    sent: int | None = None
    """The last byte of the request went upstream."""
    head: int | None = None
    """The head of the response."""
    first_byte: int | None = None
    first_event: int | None = None
    first_content: int | None = None
    first_tool: int | None = None
    last_byte: int | None = None
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One LLM call."""

    dialect: str
    version: int
    """Of the dialect's decoder; a higher one may decode the same exchange better."""
    operation: str
    """What was asked for: `chat`, `text_completion`, `embeddings`, …; KINDS has those that are no LLM's."""
    requested_model: str | None = None
    model: str | None = None
    """As the provider named it in the answer."""
    response_id: str | None = None
    streamed: bool = False
    input: tuple[Message, ...] = ()
    output: tuple[Message, ...] = ()
    """One per choice, by index."""
    tools: tuple[Json, ...] = ()
    """Tool definitions as sent."""
    parameters: dict[str, Json] = field(default_factory=dict)
    """The other fields of the request, unchanged."""
    usage: Usage = Usage()
    error: CallError | None = None
    marks: Marks = Marks()
    partial: bool = False
    """The answer broke off; `output` holds what came."""
    lossy: bool = False
    """Something in the exchange could not be placed in this value."""
    extra: dict[str, Json] = field(default_factory=dict)
    """Fields of the answer that have no name here, unchanged."""
    previous_id: str | None = None
    """The response, held by the provider, that this call goes on from: its input and output come before ours."""
    conversation_id: str | None = None
    """The conversation, held by the provider, that this call is of."""
    pending: bool = False
    """The provider took the request and answers it later, under the same response id."""
    request_id: str | None = None
    """The provider's id of the exchange, to ask its support with."""
    limits: dict[str, Json] = field(default_factory=dict)
    """What the answer's headers say of rate limits, as sent."""
    cost: Cost | None = None
    turns: "tuple[Turn, ...]" = ()
    """Of a connection: the calls that were made over it, by when they began. It has no messages and usage itself."""

    @property
    def whole(self) -> bool:
        """A stream that was read to its end. A client that hangs up after it has lost nothing."""
        return self.streamed and not self.partial

    @property
    def kind(self) -> str:
        """The span kind."""
        return kind_of(self.operation)


@dataclass(frozen=True, slots=True)
class Turn:
    """One call among those of an upgraded connection. Times are nanoseconds since the connection's request."""

    call_id: str
    """UUIDv7 of when it began, the same whenever the same connection is decoded."""
    call: Call
    """Its marks are since it began."""
    started_ns: int
    ended_ns: int | None
    """None if its answer never ended."""
    number: int | None
    """From 1; None for a `prewarm`, which is no turn: it only fills the provider's cache for one."""
    follows: str | None = None
    """The turn of the same connection that it goes on from, by its id."""


RETRIEVE = "retrieve"
"""The operation that fetches the answer to an earlier request: all of it, or the rest of its stream."""
STATE = "state"
"""The operation that reads or changes what a provider holds: a conversation, a thread, and much else."""
CONNECTION = "connection"
"""The operation of an upgraded connection, whose calls are its turns."""
PREWARM = "prewarm"
"""The operation that fills a provider's cache. Nothing is answered, and what was said counts as history."""
KINDS = {
    "embeddings": "EMBEDDING",
    "rerank": "RETRIEVER",
    "search": "RETRIEVER",
    "models": "OTHER",
    "files": "OTHER",
    "batches": "OTHER",
    "vector_stores": "OTHER",
    "count_tokens": "OTHER",
    "moderation": "OTHER",
    "state": "OTHER",
    "retrieve": "OTHER",
    "cancel": "OTHER",
    "prewarm": "OTHER",
    "connection": "OTHER",
}
"""Operations that are no LLM's, and the span kind of each."""


def kind_of(operation: str) -> str:
    """The span kind of an operation: LLM unless it is known to be another."""
    return KINDS.get(operation, "LLM")
