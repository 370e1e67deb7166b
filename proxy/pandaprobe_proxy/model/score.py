"""A score: one judgement of a trace, span or session, with who made it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Score:
    score_id: str
    name: str
    value: str
    """As text; `data_type` says how to read it."""
    data_type: str
    """NUMERIC, BOOLEAN or CATEGORICAL."""
    at_ns: int
    trace_id: str | None = None
    session_id: str | None = None
    source: str = "PROGRAMMATIC"
    """PROGRAMMATIC, ANNOTATION or AUTOMATED."""
    reason: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    span_id: str | None = None
    """Of a score of a span; `trace_id` is then the trace that it is in."""
    author: str | None = None
    """Who or what has judged, by name; None where nobody said."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage of a session that proves a judgement."""

    trace_id: str
    call_id: str
    message: int
    """The message's number in its session, from 1; 0 if the call itself is meant."""
    text: str
    """What stands there, word for word, cut short."""
    detail: str = ""
    """What it proves."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an evaluator says of a session. Stored, it is a Score."""

    name: str
    version: int
    """Of the evaluator; another one may judge the same session differently."""
    value: float | None
    """0 to 1, and 1 is good. None: the session has no evidence of this, which is never good."""
    label: str
    """The judgement in a few words."""
    counts: dict[str, Any] = field(default_factory=dict)
    """The numbers that it was made of."""
    evidence: tuple[Quote, ...] = ()
