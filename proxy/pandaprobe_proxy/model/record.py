"""What the recorder hands to a store: one exchange, redacted, decoded and placed in its session. No secret is in it."""

from dataclasses import dataclass
from typing import Any

from pandaprobe_proxy.model.call import Call, Marks
from pandaprobe_proxy.model.evidence import NO_EVIDENCE, Evidence
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.session import Clue, Resolution


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it is kept. `pieces` joined are the kept bytes: those of the wire, but for what was redacted."""

    pieces: tuple[bytes, ...] = ()
    size: int = 0
    """Bytes as they crossed the wire, kept or not."""
    coding: str = ""
    """The content-coding that the kept bytes are still in; empty if none."""
    redactions: int = 0
    """How many secrets were replaced; 0 means that the kept bytes are exact."""
    complete: bool = True
    """False if the kept bytes are fewer than crossed the wire."""
    withheld: str = ""
    """Why nothing was kept: `metadata` (asked for), `credentials` (what the endpoint is for), `redaction_failed`, …"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A call that has begun: what its row shows until it ends."""

    id: str
    started_ns: int
    client: str
    upstream: str
    url: str
    """Redacted."""
    method: str
    path: str
    """Redacted, without the query."""
    resolution: Resolution
    trace_id: str
    """The trace it belongs to: the one that was named, else its own id."""
    parent_span_id: str | None = None
    client_key: str = ""
    """Keyed fingerprint of credential, address and user agent: what the `client` default tells clients apart by."""
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None
    parent_session: str | None = None
    """The session that this call's was begun in."""
    session_path: str | None = None
    """Where in its session the call is, as its app says."""
    agent: str | None = None
    """Which of a session's agents made the call, by the id that its program has for it."""
    parent_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """What tells the tries of one call: what they share, and how the client counts them."""

    key: str
    """Keyed fingerprint of client, endpoint and body, or of client, endpoint and the client's name for the call."""
    number: int | None = None
    """0 for a first try, 1 for the next; None if the client does not count."""
    named: bool = False
    """The client has a name for the call, which all its tries share, and no other call."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a store finds it again."""

    digest: bytes
    """Equal for equal messages; see `sessions.transcript`."""
    role: str
    text: str
    """What can be searched of it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One ended exchange, ready to be stored."""

    opened: Opened
    ended_ns: int
    outcome: Outcome
    error: str
    status: int | None
    reason: str
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    credential: str
    """Keyed fingerprint of what the app authenticated with; empty if it did not."""
    request: Body
    response: Body
    chunks: tuple[tuple[int, int], ...]
    """(nanoseconds since the start, length) of each piece of the response body, in order."""
    marks: Marks
    call: Call | None
    warnings: tuple[str, ...] = ()
    request_chunks: tuple[tuple[int, int], ...] = ()
    """Of an upgraded connection only."""
    retry: Retry | None = None
    said: tuple[Said, ...] = ()
    """What can be found of the messages of `call`, in order. All that a store needs of them, but for the first words,
    so that of a large one `call` may not have them any more."""
    owner: bytes = b""
    """Keyed fingerprint of who authenticated, which a renewed credential does not change: whose evidence it is."""
    evidence: Evidence = NO_EVIDENCE
    clues: tuple[Clue, ...] = ()
    """What the body says of the session."""
