"""The life of sessions as rows. Each function runs inside a transaction of the writer.

That a session lives costs no statement: `touched_ns` is written in UPDATEs that are made anyway. `active_ns` has an
index and is rarely written: a moment up to which the session surely lived. A sweep looks at those for which that is a
gap ago, or 0, and finds that they are quiet, or writes a later moment.

The connection knows two functions: `wall_ns()`, and `steady_ns()`, which only runs forward.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from pandaprobe_proxy.model.lifecycle import Cause, ChangeKind, Life, State
from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.sessions.lifecycle import find_changes, find_watch, state_after
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.sqlite import changes, totals
from pandaprobe_proxy.store.sqlite.rows import SESSION, select, to_session

MOST = 200
"""Sessions that one sweep looks at."""
_DUE = (
    "SELECT key, session_id, calls, traces, state, touched_ns, open_calls, closed_ns FROM sessions"
    " WHERE active_ns <= ? ORDER BY active_ns LIMIT ?"
)
_CAUSES = {ChangeKind.IDLE: Cause.GAP, ChangeKind.CLOSED: Cause.ASKED}


class Lives:
    """Tells of sessions through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def begin(self) -> None:
        """Moments of the future, from before the clock was set back, are taken for now."""
        self._db.execute(
            "UPDATE sessions SET touched_ns = min(touched_ns, steady_ns()), active_ns = min(active_ns, steady_ns())"
            " WHERE active_ns IS NOT NULL AND touched_ns > steady_ns()"
        )

    def sweep(self, gap_ns: int) -> bool:
        """Some of the sessions whose moment has come; whether there may be more."""
        (now_ns,) = self._db.execute("SELECT steady_ns()").fetchone()
        rows = self._db.execute(_DUE, (max(0, now_ns - gap_ns), MOST)).fetchall()
        told, seen = [], []
        for key, session_id, calls, traces, state, touched_ns, open_calls, closed_ns in rows:
            before = State(state) if state else None
            life = Life(before, touched_ns, open_calls, closed_ns, not (calls or traces))
            changes_now = find_changes(life, gap_ns, now_ns)
            for kind in changes_now:
                before = state_after(kind, State.OPEN)
                told.append((session_id, kind, before, _CAUSES.get(kind, Cause.CALL if calls else Cause.TRACE), None))
            seen.append((before, find_watch(replace(life, state=before), now_ns), key))
        self._db.executemany(changes.TELL, told)
        self._db.executemany("UPDATE sessions SET state = ?, active_ns = ? WHERE key = ?", seen)
        return len(rows) == MOST

    def close(self, session_id: str) -> SessionRow:
        """Somebody says that it is over; the next sweep tells so. One that is not known is made."""
        key = totals.find_session(self._db, session_id)
        if key is None:
            (at_ns,) = self._db.execute("SELECT wall_ns()").fetchone()
            key = totals.make_session(self._db, session_id, Source.INGEST, 1.0, at_ns)
        self._db.execute(
            "UPDATE sessions SET closed_ns = wall_ns(), active_ns = 0 WHERE key = ? AND state IS NOT 'closed'", (key,)
        )
        return self._row(key)

    def reopen(self, session_id: str) -> SessionRow | None:
        """It is not over; None if there is no such session."""
        key = totals.find_session(self._db, session_id)
        if key is None:
            return None
        self._db.execute("UPDATE sessions SET touched_ns = steady_ns() WHERE key = ?", (key,))
        changes.open_again(self._db, key, Cause.ASKED)
        return self._row(key)

    def _row(self, key: int) -> SessionRow:
        return to_session(select(self._db, f"{SESSION} WHERE key = ?", (key,))[0])

    def merge(self, session_id: str, into: str) -> None:
        """A correction put all of a session into another: nothing is told of it any more."""
        (state,) = self._db.execute(
            "UPDATE sessions SET merged_into = ?, active_ns = NULL WHERE session_id = ? RETURNING state",
            (into, session_id),
        ).fetchone()
        if state is not None:
            changes.tell(self._db, session_id, ChangeKind.MERGED, Cause.CORRECTION, into)

    def part(self, session_id: str, into: str) -> None:
        """That was undone. What has become of it meanwhile, the next sweep finds."""
        row = self._db.execute(
            "UPDATE sessions SET merged_into = NULL, active_ns = 0, state = iif(state IS NULL, NULL, 'open')"
            " WHERE session_id = ? AND merged_into = ? RETURNING state",
            (session_id, into),
        ).fetchone()
        if row and row[0] is not None:
            changes.tell(self._db, session_id, ChangeKind.REOPENED, Cause.CORRECTION)

    def correct(self, session_ids: Iterable[str]) -> None:
        """A correction changed what is in these. Nothing is told of what was not told yet, or was merged."""
        for session_id in sorted(set(session_ids)):
            found = self._db.execute(
                "SELECT 1 FROM sessions WHERE session_id = ? AND state IS NOT NULL AND merged_into IS NULL",
                (session_id,),
            ).fetchone()
            if found:
                changes.tell(self._db, session_id, ChangeKind.CORRECTED, Cause.CORRECTION)

    def traced(self, session: int, began_ns: int) -> None:
        """Something was posted of a trace of the session."""
        self._db.execute(
            f"UPDATE sessions SET touched_ns = steady_ns(), active_ns = {changes.WATCH} WHERE key = ?", (session,)
        )
        changes.stir(self._db, session, began_ns, Cause.TRACE)

    def judged(self, session_id: str | None, trace_id: str | None) -> None:
        """A score came: an open session stays open, another one stays what it is."""
        self._db.execute(
            "UPDATE sessions SET touched_ns = steady_ns() WHERE coalesce(state, 'open') = 'open' AND key IN"
            " (SELECT key FROM sessions WHERE session_id = ?1 UNION ALL SELECT session FROM traces WHERE trace_id = ?2"
            " UNION ALL SELECT session FROM calls WHERE call_id = ?2)",
            (session_id, trace_id),
        )
