"""Forgetting: a session deleted, what is over the budget. Inside a transaction.

A piece or a message goes when the last that used it goes; messages go before the bodies that they are read from.
"""

import sqlite3
import time
from typing import Any

from pandaprobe_proxy.store.base import Budget
from pandaprobe_proxy.store.sqlite import changes
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.pieces import Pieces
from pandaprobe_proxy.store.sqlite.placing import Placing
from pandaprobe_proxy.store.sqlite.unsaying import Unsaying

AT_ONCE_S = 0.05
TRIM_TO = 0.9  # of the budget, so that there is some room before the next time
LEAST_BYTES = 64 * 1024  # to shed before measuring again
MERGED_PAGES = 64
ROW_BYTES = 1000  # what a call's row takes, about


class Forgetting:
    """Deletes through one connection."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec
        self._unsaying = Unsaying(connection, codec)
        self._pieces = Pieces(connection, codec)
        self._placing = Placing(connection)
        self._owed_bytes = 0
        self._settled = False

    def forget_session(self, session_id: str) -> int | None:
        """Removes a session and all that only it holds; how many calls, None if it is not there."""
        row = self._db.execute("SELECT key FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
        if row is None:
            return None
        session = int(row[0])
        calls = self._db.execute("SELECT key, call_id, turns FROM calls WHERE session = ?", (session,)).fetchall()
        self._unsaying.forget_session(session)
        for key, call_id, _ in calls:
            self._pieces.let_go(key)
            self._placing.forget(key)
            self._db.execute("DELETE FROM staged WHERE call_id = ?", (call_id,))
            self._db.execute("DELETE FROM scores WHERE trace_id = ?", (call_id,))
        self._db.execute("DELETE FROM calls WHERE session = ?", (session,))
        mine = "(SELECT trace_id FROM traces WHERE session = ?)"
        for table in ("spans", "scores"):
            self._db.execute(f"DELETE FROM {table} WHERE trace_id IN {mine}", (session,))
        self._db.execute("DELETE FROM scores WHERE session_id = ?", (session_id,))
        self._db.execute("DELETE FROM traces WHERE session = ?", (session,))
        self._db.execute("DELETE FROM sessions WHERE key = ?", (session,))
        changes.forget(self._db, session_id)
        return sum(turns is None for _, _, turns in calls)

    def trim(self, budget: Budget, now_ns: int) -> bool:
        """Sheds some of what is over the budget: for age whole sessions, for size first bodies, then sessions."""
        ends = time.monotonic() + AT_ONCE_S
        more = bool(budget.max_age_s) and self._trim_age(now_ns - budget.max_age_s * 1_000_000_000, ends)
        return more or (bool(budget.max_bytes) and self._trim_bytes(budget.max_bytes, ends))

    def _trim_age(self, oldest_ns: int, ends: float) -> bool:
        while session := self._oldest("last_ns < ?", oldest_ns):
            if time.monotonic() > ends:
                return True
            self.forget_session(session)
        changes.trim(self._db, oldest_ns)
        return False

    def _trim_bytes(self, max_bytes: int, ends: float) -> bool:
        """Sheds half of what must go, lets the index of words settle, measures again, and so on.

        The index grows when words are taken out of it, and shrinks when it is merged: measured in between, a store
        would shed everything.
        """
        while time.monotonic() < ends:
            used = self._used()
            if self._owed_bytes > 0:
                freed = self._shed_bodies() or self._shed_session()
                self._owed_bytes = max(0, self._owed_bytes - freed) if freed else 0
                self._settled = False
                if not freed:
                    return False
            elif used <= max_bytes:
                return False
            elif not self._settled:
                self._settled = not self._merge_index()
            else:
                self._owed_bytes = max(LEAST_BYTES, (used - int(max_bytes * TRIM_TO)) // 2)
        return True

    def _merge_index(self) -> bool:
        """One step of merging the index of words; False if there was nothing to merge."""
        before = self._db.total_changes
        self._db.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('merge', ?)", (-MERGED_PAGES,))
        return self._db.total_changes - before >= 2  # as FTS5 tells it

    def _oldest(self, condition: str, *values: Any) -> str | None:
        row = self._db.execute(
            f"SELECT session_id FROM sessions WHERE open_calls = 0 AND {condition} ORDER BY last_ns LIMIT 1",
            values,
        ).fetchone()
        return row[0] if row else None

    def _used(self) -> int:
        """Bytes of pages in use, free ones left out."""
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _shed_bodies(self) -> int:
        """The bodies of the calls of the session that has been quiet longest and still has some; the bytes freed."""
        row = self._db.execute(
            "SELECT key FROM sessions AS s WHERE open_calls = 0 AND EXISTS (SELECT 1 FROM calls WHERE session = s.key"
            " AND (request IS NOT NULL OR response IS NOT NULL)) ORDER BY last_ns LIMIT 1"
        ).fetchone()
        if row is None:
            return 0
        session = int(row[0])
        calls = self._db.execute("SELECT key FROM calls WHERE session = ?", (session,)).fetchall()
        self._unsaying.forget_session(session)
        kept = '{"complete":false,"withheld":"trimmed"}'
        freed = 0
        for (key,) in calls:
            freed += self._pieces.let_go(key)
            self._db.execute(
                "UPDATE calls SET request = NULL, response = NULL, chunks = NULL, request_kept = ?, response_kept = ?"
                " WHERE key = ?",
                (kept, kept, key),
            )
        return max(1, freed)

    def _shed_session(self) -> int:
        """The session that has been quiet longest; the bytes freed, about."""
        session = self._oldest("1 = ?", 1)
        return ROW_BYTES * max(1, self.forget_session(session) or 0) if session else 0
