"""Turns clues into a session id, with its source and confidence. The whole decision is kept."""

from pandaprobe_proxy.model.session import Clue, Resolution, Source

NEW = "new"
CLIENT = "client"
CONFIDENCE = {
    Source.HEADER: 1.0,
    Source.EVIDENCE: 0.95,  # something that only an earlier answer can have said
    Source.TRANSCRIPT: 0.9,  # the same messages up to an answer, of the same credential
    Source.RETRIEVED: 0.95,  # a response id of the same credential
    Source.ATTEMPT: 0.9,  # the client counted its tries; 0.6 where it did not
    Source.DEFAULT_ID: 0.8,  # somebody said so, of all calls at once
    Source.DEFAULT_CLIENT: 0.4,  # the same credential, address and program may do two things
    Source.DEFAULT_NEW: 0.2,  # a call on its own is rarely alone
}
SUMMARY_CONFIDENCE = 0.85
"""Of a conversation that was summed up: the summary is there, and the agent is the same."""


def resolve(  # noqa: PLR0913, PLR0917 - everything that a decision rests on, and nothing that it could look up
    clues: tuple[Clue, ...], default: str, call_id: str, recent: tuple[str, int] | None, now_ns: int, gap_ns: int
) -> Resolution:
    """The session of a call.

    The first valid clue wins. Without one the default decides: `new` (a session of its own), `client` (goes on with
    `recent`, the session and time of this client's newest call, unless more than `gap_ns` passed), or a session id.
    """
    clue = next((clue for clue in clues if clue.valid), None)
    if clue is not None:
        session_id, source = clue.value, clue.source
    elif default == NEW:
        session_id, source = f"call-{call_id}", Source.DEFAULT_NEW
    elif default == CLIENT:
        session_id, source = _follow(recent, now_ns, gap_ns) or f"client-{call_id}", Source.DEFAULT_CLIENT
    else:
        session_id, source = default, Source.DEFAULT_ID
    return Resolution(session_id, source, CONFIDENCE[source], clues)


def _follow(recent: tuple[str, int] | None, now_ns: int, gap_ns: int) -> str | None:
    return recent[0] if recent is not None and now_ns - recent[1] <= gap_ns else None
