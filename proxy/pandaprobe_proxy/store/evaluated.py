"""Stored calls as the Session that evaluators read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.model.call import Call, CallError
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.store.base import StoredCall
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.shapes import to_steps

TASK = ("task_id", "task")
"""Names in a call's metadata that say what its session was to do."""
_FAILED = frozenset({Outcome.UPSTREAM_ERROR, Outcome.UPSTREAM_RESET, Outcome.TIMEOUT})


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
            call = _add_error(stored.call, row)
            told.append(Told(row.trace_id, row.call_id, row.started_ns, row.ended_ns, call, said))
    users = (stored.row.user_id for stored in calls if stored.row.user_id)
    tasks = (str(metadata[name]) for name in TASK if metadata.get(name) not in (None, ""))
    return gather(About(session_id, next(tasks, None), next(users, None), metadata), told)


def _add_error(call: Call, row: CallRow) -> Call:
    """Of a provider that gave no answer, the call with what the sidecar says of that."""
    if call.error or call.output or row.outcome not in _FAILED:
        return call
    return replace(call, error=CallError(row.error))
