"""A call: what an LLM was asked and what it said, decoded from an exchange by a dialect. Stored as an LLM span."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any


class UsageSource(StrEnum):
    """How a usage number is known."""

    REPORTED = "reported"  # by the provider, for the whole answer
    PARTIAL = "partial"  # by the provider, before the answer broke off
    ESTIMATED = "estimated"  # by length, by us
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `input` includes cached ones, `output` includes reasoning; None where nobody said."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    source: UsageSource = UsageSource.NONE
    raw: dict[str, Json] = field(default_factory=dict)
    """The provider's own usage object."""


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
        """The readable text of the content: a string as it is, the text parts of a list joined by new lines."""
        if isinstance(self.content, str):
            return self.content
        if isinstance(self.content, list):
            parts = (part.get("text") for part in self.content if isinstance(part, dict))
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
    """`chat`, `text_completion`, `embeddings` or `models`."""
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

    @property
    def kind(self) -> str:
        """The span kind: EMBEDDING for embeddings, else LLM."""
        return "EMBEDDING" if self.operation == "embeddings" else "LLM"
