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
