"""The Reader: read-only, one consistent state per question, and the only place where stored calls are decoded again."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pandaprobe_proxy.model.correction import Corrected
from pandaprobe_proxy.model.lifecycle import Change, State
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.base import Counts, Hit, StoredCall
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Wanted
from pandaprobe_proxy.store.labels import Calibrated, Sought
from pandaprobe_proxy.store.lives import HookMark
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.sqlite.answers import find_answers
from pandaprobe_proxy.store.sqlite.changes import to_change
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text
from pandaprobe_proxy.store.sqlite.connect import connect_reader, told
from pandaprobe_proxy.store.sqlite.correct import to_corrected
from pandaprobe_proxy.store.sqlite.history import Telling
from pandaprobe_proxy.store.sqlite.hooks import read_marks
from pandaprobe_proxy.store.sqlite.judge import find_due, read_as_scores, read_contents, read_judged
from pandaprobe_proxy.store.sqlite.labels import (
    find_calibrated,
    find_labels,
    find_place,
    find_session_labels,
    find_tasks,
)
from pandaprobe_proxy.store.sqlite.rows import (
    CALL,
    SESSION,
    read_trace,
    read_traces,
    select,
    to_call,
    to_own_trace,
    to_score,
    to_session,
)
from pandaprobe_proxy.store.sqlite.search import find_messages
from pandaprobe_proxy.store.sqlite.unplaced import UNPLACED, explain
from pandaprobe_proxy.store.sqlite.views import SqliteViews
from pandaprobe_proxy.store.trace_rows import TraceRow
from pandaprobe_proxy.store.unplaced import Unplaced

RAW_BYTES = "SELECT coalesce(sum(coalesce(request_bytes, 0) + coalesce(response_bytes, 0)), 0) FROM calls"
"""Of an index alone, since every look at the status adds it up."""


class SqliteReader(SqliteViews):
    """See store.base.Reader. May be used from any thread, one question at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = connect_reader(path)
        self._lock = threading.Lock()
        with told(path):
            (dictionary,) = self._db.execute("SELECT data FROM dictionaries ORDER BY key LIMIT 1").fetchone()
        self._codec = Codec(dictionary)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, told(self._path):
            if self._db is None:
                raise StoreError("the store is closed.")
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.execute("ROLLBACK")

    def sessions(
        self, limit: int, before_ns: int | None = None, user_id: str | None = None, state: State | None = None
    ) -> list[SessionRow]:
        with self._reading() as db:
            rows = select(
                db,
                f"{SESSION} WHERE (calls OR traces) AND (?1 IS NULL OR last_ns < ?1) AND (?2 IS NULL OR user_id = ?2)"
                " AND (?4 IS NULL OR coalesce(state, 'open') = ?4) ORDER BY last_ns DESC, key DESC LIMIT ?3",
                (before_ns, user_id, limit, state),
            )
        return [to_session(row) for row in rows]

    def session(self, session_id: str) -> SessionRow | None:
        with self._reading() as db:
            rows = select(db, f"{SESSION} WHERE session_id = ?", (session_id,))
        return to_session(rows[0]) if rows else None

    def children(self, session_id: str) -> list[SessionRow]:
        with self._reading() as db:
            rows = select(
                db,
                f"{SESSION} WHERE parent IN (SELECT session_id FROM sessions WHERE ?1 IN (session_id, merged_into))"
                " ORDER BY started_ns, key",
                (session_id,),
            )
        return [to_session(row) for row in rows]

    def find_sessions(self, prefix: str, limit: int = 10) -> list[str]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT session_id FROM sessions WHERE session_id >= ?1 AND substr(session_id, 1, length(?1)) = ?1"
                " ORDER BY session_id LIMIT ?2",
                (prefix, limit),
            ).fetchall()
        return [row[0] for row in rows]

    def traces(self, session_id: str) -> list[TraceRow]:
        with self._reading() as db:
            posted = read_traces(db, "s.session_id = ?", (session_id,))
            alone = select(
                db, f"{CALL} WHERE s.session_id = ? AND c.trace_id IS NULL AND c.turns IS NULL", (session_id,)
            )
        traces = [*posted, *(to_own_trace(row) for row in alone)]
        return sorted(traces, key=lambda trace: (trace.started_ns, trace.trace_id))

    def trace(self, trace_id: str) -> TraceRow | None:
        with self._reading() as db:
            return read_trace(db, trace_id)

    def calls(
        self, limit: int, session_id: str | None = None, after: str | None = None, before: str | None = None
    ) -> list[CallRow]:
        conditions = [("s.session_id = ?", session_id), ("c.call_id > ?", after), ("c.call_id < ?", before)]
        given = [(text, value) for text, value in conditions if value is not None]
        where = f" WHERE {' AND '.join(text for text, _ in given)}" if given else ""
        oldest_first = session_id is not None or after is not None
        order = "c.started_ns, c.call_id" if session_id is not None else "c.call_id"
        order = order if oldest_first else f"{order} DESC"
        with self._reading() as db:
            rows = select(db, f"{CALL}{where} ORDER BY {order} LIMIT ?", (*(value for _, value in given), limit))
        return [to_call(row, self._codec) for row in rows]

    def unplaced(self, limit: int) -> list[Unplaced]:
        with self._reading() as db:
            rows = select(db, UNPLACED, (limit,))
        return [Unplaced(row["call_id"], explain(row)) for row in rows]

    def call(self, call_id: str) -> StoredCall | None:
        with self._reading() as db:
            rows = select(db, f"{CALL} WHERE c.call_id = ?", (call_id,))
            return Telling(db, self._codec).tell(rows[0]) if rows else None

    def conversation(self, session_id: str, limit: int) -> list[StoredCall]:
        with self._reading() as db:
            rows = select(
                db,
                f"{CALL} WHERE s.session_id = ? AND c.turns IS NULL ORDER BY c.started_ns, c.call_id LIMIT ?",
                (session_id, limit),
            )
            telling = Telling(db, self._codec)
            return [telling.tell(row) for row in rows]

    def find_calls(self, prefix: str, limit: int = 10) -> list[str]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT call_id FROM calls WHERE call_id >= ?1 AND call_id < ?1 || 'x' ORDER BY call_id LIMIT ?2",
                (prefix, limit),
            ).fetchall()
        return [row[0] for row in rows]

    def scores(self, session_id: str | None = None, trace_id: str | None = None) -> list[Score]:
        with self._reading() as db:
            rows = select(
                db,
                "SELECT * FROM scores WHERE (?1 IS NULL OR session_id IN (SELECT session_id FROM sessions WHERE ?1 IN"
                " (session_id, merged_into)) OR session_id = ?1 OR trace_id IN (SELECT trace_id FROM traces"
                " JOIN sessions ON sessions.key = traces.session WHERE sessions.session_id = ?1) OR trace_id IN (SELECT"
                " call_id FROM calls JOIN sessions ON sessions.key = calls.session WHERE sessions.session_id = ?1))"
                " AND (?2 IS NULL OR trace_id = ?2) ORDER BY at_ns, score_id",
                (session_id, trace_id),
            )
            judged = list(read_as_scores(db, session_id)) if session_id and not trace_id else []
        return sorted([*map(to_score, rows), *judged], key=lambda score: score.at_ns)

    def labels(self, sought: Sought, limit: int) -> list[Score]:
        with self._reading() as db:
            return find_labels(db, sought, limit)

    def session_labels(self, choice: Choice) -> list[Score]:
        with self._reading() as db:
            return find_session_labels(db, choice)

    def place_of_span(self, span_id: str) -> str | None:
        with self._reading() as db:
            return find_place(db, span_id)

    def tasks(self, choice: Choice, key: str) -> dict[str, str]:
        with self._reading() as db:
            return find_tasks(db, choice, key)

    def answers(self, asked: Sequence[str]) -> dict[str, Answer]:
        with self._reading() as db:
            return find_answers(db, asked)

    def calibrated(self) -> list[Calibrated]:
        with self._reading() as db:
            return find_calibrated(db)

    def contents(self, choice: Choice) -> list[tuple[str, str]]:
        with self._reading() as db:
            return read_contents(db, choice)

    def due(self, choice: Choice, wanted: Sequence[Wanted]) -> list[Due]:
        with self._reading() as db:
            return find_due(db, choice, wanted)

    def judged(self, choice: Choice) -> list[Judged]:
        with self._reading() as db:
            return read_judged(db, choice)

    def corrections(self, limit: int) -> list[Corrected]:
        with self._reading() as db:
            rows = select(db, "SELECT * FROM corrections ORDER BY key DESC LIMIT ?", (limit,))
        return [to_corrected(row) for row in rows]

    def changes(self, limit: int, after: int | None = None, session_id: str | None = None) -> list[Change]:
        order = "DESC" if after is None else ""
        with self._reading() as db:
            rows = select(
                db,
                f"SELECT * FROM changes WHERE number > ? AND (?2 IS NULL OR session_id = ?2) ORDER BY number {order}"
                " LIMIT ?3",
                (after or 0, session_id, limit),
            )
        return [to_change(row) for row in (rows if after is not None else reversed(rows))]

    def hooks(self) -> list[HookMark]:
        with self._reading() as db:
            return read_marks(db)

    def search(self, query: str, limit: int, marks: tuple[str, str] = ("[", "]")) -> list[Hit]:
        with self._reading() as db:
            return find_messages(db, query, limit, marks, Telling(db, self._codec))

    def counts(self) -> Counts:
        with self._reading() as db:
            run = db.execute("SELECT * FROM runs ORDER BY started_ns DESC LIMIT 1").fetchone()
            calls, open_calls = db.execute(
                "SELECT coalesce(sum(calls), 0), coalesce(sum(open_calls), 0) FROM sessions"
            ).fetchone()
            (raw,) = db.execute(RAW_BYTES).fetchone()
            (sessions,) = db.execute("SELECT count(*) FROM sessions WHERE calls OR traces").fetchone()
        name, _, offset, recorded, dropped, counters, committed_ns = run or (None, 0, 0, 0, "{}", "{}", 0)
        files = [self._path, Path(f"{self._path}-wal")]
        return Counts(
            run=name,
            offset=offset,
            recorded=recorded,
            dropped=from_text(dropped),
            counters=from_text(counters),
            committed_ns=committed_ns,
            calls=calls,
            open_calls=open_calls,
            sessions=sessions,
            store_bytes=sum(file.stat().st_size for file in files if file.exists()),
            raw_bytes=raw,
        )

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None
