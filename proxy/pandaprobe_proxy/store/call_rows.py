"""A call as a line of a list."""

from dataclasses import dataclass

from pandaprobe_proxy.model.call import Cost, Marks, Usage


@dataclass(frozen=True, slots=True)
class CallRow:
    """An exchange as a line of a list. `dialect` and what follows from it are empty if it is not an LLM call."""

    call_id: str
    session_id: str
    trace_id: str
    parent_span_id: str | None
    source: str
    confidence: float
    started_ns: int
    ended_ns: int | None
    outcome: str
    error: str
    status: int | None
    upstream: str
    method: str
    path: str
    dialect: str
    operation: str
    model: str
    streamed: bool
    partial: bool
    lossy: bool
    usage: Usage
    marks: Marks
    finish_reason: str
    user_id: str | None
    tags: tuple[str, ...]
    request_bytes: int
    response_bytes: int
    cost: Cost | None = None
    response_id: str | None = None
    previous_id: str | None = None
    """The response that this call goes on from; see Call."""
    conversation_id: str | None = None
    pending: bool = False
    attempt: int = 0
    """0 for a first try, then 1, 2, … for what the client's library tried again."""
    attempt_of: str | None = None
    """The call that was its first try; None for a first try, and where that was never seen."""
    attempt_inferred: bool = False
    """The client did not say so: the same body came again soon after it had failed."""
    retrieves: str | None = None
    """The call whose answer this one fetched. Its tokens are counted there."""
    session_path: str | None = None
    """Where in its session the call is, as its app says."""
    agent: str | None = None
    """Which of a session's agents made the call, by the id that its program has for it."""
    parent_agent: str | None = None
    follows: str | None = None
    """The call that this one goes on from, by the answer that it shows. Two that follow the same are branches."""
    connection: str | None = None
    """The call that is the connection over which this one was made; its bodies are there."""
    turn: int | None = None
    """Which turn of it, from 1; None of what is none, such as a `prewarm`."""
    turns: int | None = None
    """Of a connection: how many turns it had, each a call of its own, which are counted in its stead."""
