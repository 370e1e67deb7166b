"""Stored calls as the Session that evaluators read."""

from collections.abc import Sequence
from typing import Any

from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.store.base import StoredCall
from pandaprobe_proxy.store.shapes import to_steps

TASK = ("task_id", "task")
"""Names in a call's metadata that say what its session was to do."""


def to_session(session_id: str, calls: Sequence[StoredCall]) -> Session:
    """The session of these calls, oldest first. Of tries of one call the last one tells."""
    by_id = {stored.row.call_id: stored for stored in calls}
    metadata: dict[str, Any] = {}
    for stored in calls:
        metadata |= stored.metadata
    told = []
    for addition in merge(fold(to_steps(calls))):
        stored = by_id[addition.call_id]
        if stored.call is not None:
            row = stored.row
            said = (*addition.held, *addition.said)
            told.append(Told(row.trace_id, row.call_id, row.started_ns, row.ended_ns, stored.call, said))
    users = (stored.row.user_id for stored in calls if stored.row.user_id)
    tasks = (str(metadata[name]) for name in TASK if metadata.get(name) not in (None, ""))
    return gather(About(session_id, next(tasks, None), next(users, None), metadata), told)
