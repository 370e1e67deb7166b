"""A session as a line of a list."""

from dataclasses import dataclass

from pandaprobe_proxy.model.lifecycle import State


@dataclass(frozen=True, slots=True)
class SessionRow:
    session_id: str
    source: str
    confidence: float
    user_id: str | None
    tags: tuple[str, ...]
    started_ns: int
    last_ns: int
    calls: int
    open_calls: int
    errors: int
    traces: int
    input_tokens: int
    output_tokens: int
    models: tuple[str, ...]
    first_input: str
    """The first user message of the session, cut to 200 characters."""
    cost: float = 0.0
    """US dollars, of the calls whose price is known."""
    unpriced: int = 0
    """LLM calls whose price is not known."""
    retries: int = 0
    """Calls that were another try of one that had failed."""
    recovered: int = 0
    """Errors after which another try succeeded."""
    parent: str | None = None
    """The session whose agent began this one; None if nobody did, or it is not known."""
    parent_call: str | None = None
    """The call that did."""
    merged_into: str | None = None
    """A correction has put all of it into that session; it is kept as a name."""
    state: State = State.OPEN
    closing: bool = False
    """Somebody has said that it is over, and it is closed once nothing of it runs."""
