"""Corrections of sessions: an overlay over what was resolved, with its history. Inside a transaction.

What was recorded stays: how a call's session was resolved, and, in `recorded`, which one that was. A session that was
merged stays as a name, so that what is still to come of it goes along. Corrections are undone in the reverse order.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.model.correction import Corrected, Correction, CorrectionKind
from pandaprobe_proxy.model.lifecycle import Cause
from pandaprobe_proxy.store.errors import Refused
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text
from pandaprobe_proxy.store.sqlite.lives import Lives
from pandaprobe_proxy.store.sqlite.rows import Row, select

SOURCE = "correction"
_WHOLE = (CorrectionKind.MERGE, CorrectionKind.RENAME)


class Correcting:
    """Corrects through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._lives = Lives(connection)

    def correct(self, correction: Correction, at_ns: int) -> Corrected:
        """Makes a correction. Raises Refused if it makes no sense, and has changed nothing then."""
        calls, traces = self._find(correction)
        target = self._target(correction, at_ns)
        moved = [self._move(key, target) for key in calls]
        carried = [self._carry(trace_id, target) for trace_id in traces]
        if correction.kind in _WHOLE:
            self._lives.merge(correction.session_id, correction.to)
        self._lives.correct({correction.to, *(before for _, before, *_ in (*moved, *carried))})
        told = {"session_id": correction.session_id, "calls": list(correction.calls)}
        values = (at_ns, correction.kind, correction.to, to_text(told), to_text(moved), to_text(carried))
        made = self._db.execute(
            'INSERT INTO corrections (at_ns, kind, "to", told, calls, traces) VALUES (?, ?, ?, ?, ?, ?)', values
        )
        return Corrected(int(made.lastrowid or 0), at_ns, correction, len(moved))

    def _find(self, correction: Correction) -> tuple[list[int], list[str]]:
        """The keys of the calls that move, and the posted traces that go with them."""
        if correction.kind is CorrectionKind.ASSIGN:
            keys = [self._call(call_id)["key"] for call_id in correction.calls]
        else:
            keys = self._of_session(correction)
        keys = self._with_turns(keys)
        moving = set(keys)
        traces = {row["trace_id"] for key in keys for row in self._row(key) if row["trace_id"]}
        return keys, sorted(
            [trace for trace in traces if self._calls_of(trace) <= moving]
            if correction.kind not in _WHOLE
            else self._traces(correction.session_id)
        )

    def _of_session(self, correction: Correction) -> list[int]:
        session = self._session(correction.session_id)
        after: tuple[int, int] = (0, 0)
        if correction.kind is CorrectionKind.SPLIT:
            first = self._call(correction.calls[0])
            if first["session"] != session["key"]:
                raise Refused(f"call {first['call_id']} is not in session {correction.session_id}.")
            after = (first["started_ns"], first["key"])
        found = self._db.execute(
            "SELECT key FROM calls WHERE session = ? AND (started_ns, key) >= (?, ?) ORDER BY started_ns, key",
            (session["key"], *after),
        )
        return [key for (key,) in found]

    def _with_turns(self, keys: Iterable[int]) -> list[int]:
        """With the turns of connections, which are theirs."""
        found = dict.fromkeys(keys)
        for key in list(found):
            turns = self._db.execute(
                "SELECT key FROM calls WHERE connection = (SELECT call_id FROM calls WHERE key = ?)", (key,)
            )
            found |= {turn: None for (turn,) in turns}
        return list(found)

    def _row(self, key: int) -> list[Row]:
        return select(self._db, "SELECT * FROM calls WHERE key = ?", (key,))

    def _calls_of(self, trace_id: str) -> set[int]:
        return {key for (key,) in self._db.execute("SELECT key FROM calls WHERE trace_id = ?", (trace_id,))}

    def _traces(self, session_id: str) -> list[str]:
        key = self._session(session_id)["key"]
        return [trace for (trace,) in self._db.execute("SELECT trace_id FROM traces WHERE session = ?", (key,))]

    def _call(self, call_id: str) -> Row:
        rows = select(self._db, "SELECT * FROM calls WHERE call_id = ?", (call_id,))
        if not rows:
            raise Refused(f"there is no call {call_id}; `calls ls` lists them.")
        return rows[0]

    def _session(self, session_id: str) -> Row:
        rows = select(self._db, "SELECT * FROM sessions WHERE session_id = ?", (session_id,))
        if not rows:
            raise Refused(f"there is no session {session_id}; `sessions ls` lists them.")
        if rows[0]["merged_into"]:
            raise Refused(f"session {session_id} was merged into {rows[0]['merged_into']} already.")
        return rows[0]

    def _target(self, correction: Correction, at_ns: int) -> int:
        if correction.to == correction.session_id:
            raise Refused("a session cannot go into itself; name another.")
        rows = select(self._db, "SELECT * FROM sessions WHERE session_id = ?", (correction.to,))
        if correction.kind is CorrectionKind.MERGE or (rows and rows[0]["merged_into"]):
            return int(self._session(correction.to)["key"])
        if correction.kind is CorrectionKind.RENAME and rows:
            raise Refused(f"there is a session {correction.to} already; merge them if they are one.")
        if rows:
            return int(rows[0]["key"])
        made = totals.make_session(self._db, correction.to, SOURCE, 1.0, at_ns)
        self._db.execute("UPDATE sessions SET last_ns = 0, touched_ns = 0 WHERE key = ?", (made,))
        return made

    def _move(self, key: int, target: int) -> list[Any]:
        """[call id, the session that it was in, its messages that the other one has already]."""
        call_id, before = self._db.execute(
            "SELECT c.call_id, s.session_id FROM calls AS c JOIN sessions AS s ON s.key = c.session WHERE c.key = ?",
            (key,),
        ).fetchone()
        shared = self._db.execute(
            "SELECT message FROM session_messages AS m WHERE session = (SELECT session FROM calls WHERE key = ?1)"
            " AND call = ?1 AND EXISTS (SELECT 1 FROM session_messages WHERE session = ?2 AND message = m.message)",
            (key, target),
        ).fetchall()
        old = totals.move(self._db, key, target)
        totals.hand_over(self._db, old, target)
        self._db.execute("UPDATE calls SET recorded = coalesce(recorded, ?) WHERE key = ?", (before, key))
        return [call_id, before, [message for (message,) in shared]]

    def _carry(self, trace_id: str, target: int) -> list[str]:
        """[trace id, the session that it was in]."""
        (before, old) = self._db.execute(
            "SELECT s.session_id, s.key FROM traces AS t JOIN sessions AS s ON s.key = t.session WHERE t.trace_id = ?",
            (trace_id,),
        ).fetchone()
        self._db.execute("UPDATE traces SET session = ? WHERE trace_id = ?", (target, trace_id))
        for session, change in ((old, -1), (target, 1)):
            self._db.execute("UPDATE sessions SET traces = traces + ? WHERE key = ?", (change, session))
        return [trace_id, before]

    def undo(self, at_ns: int) -> Corrected | None:
        """Takes back the newest correction that stands; None if there is none."""
        rows = select(self._db, "SELECT * FROM corrections WHERE undone_ns IS NULL ORDER BY key DESC LIMIT 1")
        if not rows:
            return None
        made = to_corrected(rows[0])
        whole = made.correction.kind in _WHOLE
        if whole:
            self._lives.part(made.correction.session_id, made.correction.to)
        for call_id, before, shared in from_text(rows[0]["calls"]):
            self._take_back(call_id, before, shared)
        for trace_id, before in from_text(rows[0]["traces"]):
            found = self._db.execute("SELECT key FROM sessions WHERE session_id = ?", (before,)).fetchone()
            if found and self._db.execute("SELECT 1 FROM traces WHERE trace_id = ?", (trace_id,)).fetchone():
                self._carry(trace_id, found[0])
        self._db.execute("UPDATE corrections SET undone_ns = ? WHERE key = ?", (at_ns, made.key))
        changed = {before for _, before, *_ in (*from_text(rows[0]["calls"]), *from_text(rows[0]["traces"]))}
        self._drop(made.correction.to, made.correction.session_id or min(changed, default=""))
        self._lives.correct({made.correction.to, *changed} - ({made.correction.session_id} if whole else set()))
        return Corrected(made.key, made.at_ns, made.correction, made.moved, at_ns)

    def _take_back(self, call_id: str, before: str, shared: Iterable[int]) -> None:
        """A call that has gone meanwhile stays gone."""
        rows = select(self._db, "SELECT * FROM calls WHERE call_id = ?", (call_id,))
        found = self._db.execute("SELECT key FROM sessions WHERE session_id = ?", (before,)).fetchone()
        if not rows or found is None:
            return
        old = totals.move(self._db, rows[0]["key"], found[0])
        totals.hand_over(self._db, old, found[0])
        self._db.executemany(
            "INSERT OR IGNORE INTO session_messages SELECT ?, key, ? FROM messages WHERE key = ?",
            [(found[0], rows[0]["key"], message) for message in shared],
        )
        if rows[0]["recorded"] == before:
            self._db.execute("UPDATE calls SET recorded = NULL WHERE key = ?", (rows[0]["key"],))

    def _drop(self, session_id: str, before: str) -> None:
        """A session that only the correction had made; what was in it is in `before` again, if that is known."""
        row = self._db.execute(
            "SELECT key FROM sessions WHERE session_id = ? AND source = ?", (session_id, SOURCE)
        ).fetchone()
        if row:
            totals.drop_if_empty(self._db, row[0], totals.find_session(self._db, before), Cause.CORRECTION)


def to_corrected(row: Row) -> Corrected:
    """A correction as its row tells it."""
    told = from_text(row["told"])
    correction = Correction(CorrectionKind(row["kind"]), row["to"], told["session_id"], tuple(told["calls"]))
    return Corrected(row["key"], row["at_ns"], correction, len(from_text(row["calls"])), row["undone_ns"])
