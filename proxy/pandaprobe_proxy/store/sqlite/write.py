"""The Writer: batches, each in one transaction, on the one writing connection."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from pandaprobe_proxy.model.correction import Corrected, Correction
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.trace import Span, Trace
from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.base import Budget, Redecoded
from pandaprobe_proxy.store.batch import Batch, RunState, Staged
from pandaprobe_proxy.store.clocks import Clocks, make_clocks
from pandaprobe_proxy.store.errors import StoreError, StoreFull
from pandaprobe_proxy.store.judged import Judged
from pandaprobe_proxy.store.labels import Calibrated
from pandaprobe_proxy.store.lives import HookMark
from pandaprobe_proxy.store.rereading import Rereading
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.sqlite.ahead import drop_unused, is_small
from pandaprobe_proxy.store.sqlite.answers import put_answers
from pandaprobe_proxy.store.sqlite.calls import Calls
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text, to_text
from pandaprobe_proxy.store.sqlite.connect import Opening, give_back, told
from pandaprobe_proxy.store.sqlite.correct import Correcting
from pandaprobe_proxy.store.sqlite.forget import Forgetting
from pandaprobe_proxy.store.sqlite.hooks import Hooks
from pandaprobe_proxy.store.sqlite.judge import put_judged
from pandaprobe_proxy.store.sqlite.labels import put_calibrated
from pandaprobe_proxy.store.sqlite.lives import Lives
from pandaprobe_proxy.store.sqlite.redecode import Redecoding
from pandaprobe_proxy.store.sqlite.traces import Traces
from pandaprobe_proxy.store.sqlite.write_back import WriteBack
from pandaprobe_proxy.store.trace_rows import SpanRow, TraceRow

WAL_REST_BYTES = 1024 * 1024  # what the log may keep of the disk between two trims
INTERRUPTED = "the sidecar ended before this call did"


class SqliteWriter:
    """See store.base.Writer."""

    def __init__(self, opening: Opening, clocks: Clocks | None = None) -> None:
        self._opening = opening
        self._clocks = clocks or make_clocks()
        self._clock = self._clocks.wall_ns
        self._closed = False
        self._db: sqlite3.Connection | None = None
        self._write_back = WriteBack()
        try:
            self._connect()
        except BaseException:
            opening.close()
            raise

    @property
    def quarantined(self) -> str:
        """Where a corrupt store was put when this one was begun; empty if none was."""
        return str(self._opening.quarantined or "")

    def _connect(self) -> sqlite3.Connection:
        db = self._opening.connect()
        (dictionary,) = db.execute("SELECT data FROM dictionaries ORDER BY key LIMIT 1").fetchone()
        db.create_function("wall_ns", 0, self._clocks.wall_ns)
        db.create_function("steady_ns", 0, self._clocks.steady_ns)
        self._codec = Codec(dictionary)
        self._calls = Calls(db, self._codec)
        self._traces = Traces(db, self._calls)
        self._correcting = Correcting(db)
        self._forgetting = Forgetting(db, self._codec)
        self._lives = Lives(db)
        self._hooks = Hooks(db)
        self._db = db
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction; on any failure nothing of it is there, and the connection can be used again."""
        if self._closed:
            raise StoreError("the store is closed.")
        try:
            with told(self._opening.path):
                db = self._db or self._connect()
                self._write_back.run(db)
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
        except StoreFull:
            self._roll_back()
            if self._opening.drop_ballast():
                self._checkpoint()
            raise
        except StoreError as error:
            self._roll_back()
            if isinstance(error.__cause__, sqlite3.OperationalError) and "I/O" in str(error.__cause__):
                self._reopen()
            raise
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._db is not None and self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _reopen(self) -> None:
        """After an I/O error what the handle has written is unknown; a failed fsync must not be tried on it again."""
        if self._db is not None:
            self._db.close()
        self._db = None

    def _checkpoint(self) -> None:
        if self._db is not None:
            with told(self._opening.path):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def begin(self, run: str, at_ns: int) -> RunState:
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO runs (run, started_ns, committed_ns) VALUES (?, ?, ?)", (run, at_ns, at_ns)
            )
            self._interrupt_others(db, run)
            self._lives.begin()
            offset, recorded, dropped = db.execute(
                "SELECT offset, recorded, dropped FROM runs WHERE run = ?", (run,)
            ).fetchone()
            staged = db.execute("SELECT call_id, frames FROM staged WHERE run = ? ORDER BY key", (run,)).fetchall()
        found = tuple(Staged(run, call_id, frames) for call_id, frames in staged)
        return RunState(offset, recorded, from_text(dropped), found)

    def _interrupt_others(self, db: sqlite3.Connection, run: str) -> None:
        left = db.execute("SELECT 1 FROM staged LIMIT 1").fetchone()
        db.execute("DELETE FROM staged WHERE run != ?", (run,))
        if left:  # what is stored ahead is of something that is staged
            drop_unused(db)
        db.execute(
            "UPDATE sessions SET errors = errors + alone, open_calls = open_calls - gone, active_ns = 0, touched_ns ="
            " max(touched_ns, (SELECT max(committed_ns) FROM runs WHERE run != ?1)) FROM"
            " (SELECT session, count(*) AS gone, count(*) - count(turns) AS alone FROM calls"
            " WHERE outcome = 'open' AND run != ?1 GROUP BY session) WHERE key = session",
            (run,),
        )
        db.execute(
            "UPDATE runs SET recorded = recorded + (SELECT count(*) FROM calls WHERE outcome = 'open'"
            " AND calls.run = runs.run) WHERE run != ?",
            (run,),
        )
        db.execute(
            "UPDATE calls SET outcome = 'interrupted', error = ?, ended_ns = coalesce("
            "(SELECT max(ended_ns) FROM calls AS t WHERE t.connection = calls.call_id), started_ns)"
            " WHERE outcome = 'open' AND run != ?",
            (INTERRUPTED, run),
        )

    def prepare(self, record: Record) -> bool:
        if is_small(record):
            return False
        with self._transaction():
            return self._calls.ahead.step(record)

    def commit(self, batch: Batch) -> None:
        with self._transaction() as db:
            self._advance(db, batch)
            for opened in batch.opened:
                self._calls.begin(batch.run, opened)
            for staged in batch.staged:
                db.execute(
                    "INSERT INTO staged (run, call_id, frames) VALUES (?, ?, ?)",
                    (staged.run, staged.exchange, staged.frames),
                )
            for record in batch.settled:
                self._calls.add_settled(record)
            for record in batch.records:
                self._calls.end(batch.run, record)
            self._drop_staged(db, [*(record.opened.id for record in batch.records), *batch.discarded])
            for call_id in batch.discarded:
                self._calls.drop(call_id)
        self._opening.load_ballast()

    def _drop_staged(self, db: sqlite3.Connection, calls: Sequence[str]) -> None:
        """What lies there is sealed, so that wiping it gains nothing, and of megabytes takes a tenth of a second."""
        db.execute("PRAGMA secure_delete = OFF")
        db.executemany("DELETE FROM staged WHERE call_id = ?", [(call_id,) for call_id in calls])
        db.execute("PRAGMA secure_delete = ON")

    def _advance(self, db: sqlite3.Connection, batch: Batch) -> None:
        row = db.execute("SELECT offset, dropped FROM runs WHERE run = ?", (batch.run,)).fetchone()
        if row is None:
            raise StoreError(f"run {batch.run} was not begun; this is a fault of pandaprobe-proxy.")
        offset, dropped = row[0], from_text(row[1])
        if batch.offset is not None and batch.offset <= offset:
            raise StoreError(f"offset {batch.offset} is not beyond {offset}; this is a fault of pandaprobe-proxy.")
        for reason, count in batch.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
        db.execute(
            "UPDATE runs SET offset = coalesce(?, offset), recorded = recorded + ?, dropped = ?, counters = ?,"
            " committed_ns = ? WHERE run = ?",
            (
                batch.offset,
                len(batch.records),
                to_text(dropped),
                to_text(dict(batch.counters)),
                self._clock(),
                batch.run,
            ),
        )

    def last_seen(self, client: str) -> tuple[str, int] | None:
        with self._transaction() as db:
            row = db.execute(
                "SELECT s.session_id, coalesce(c.ended_ns, c.started_ns) FROM calls AS c JOIN sessions AS s"
                " ON s.key = c.session WHERE c.client_key = ? ORDER BY c.started_ns DESC LIMIT 1",
                (client,),
            ).fetchone()
        return (row[0], row[1]) if row else None

    def put_trace(self, trace: Trace, at_ns: int) -> None:
        with self._transaction():
            self._traces.put(trace, at_ns)

    def add_spans(self, trace_id: str, spans: Sequence[Span]) -> bool:
        with self._transaction():
            return self._traces.add_spans(trace_id, spans, self._clock())

    def patch_trace(self, trace: Trace) -> TraceRow | None:
        with self._transaction():
            return self._traces.patch(trace)

    def patch_span(self, trace_id: str, span: Span) -> SpanRow | None:
        with self._transaction():
            return self._traces.patch_span(trace_id, span)

    def add_score(self, score: Score) -> Score:
        with self._transaction():
            return self._traces.add_score(score)

    def put_calibrated(self, calibrated: Calibrated) -> None:
        with self._transaction() as db:
            put_calibrated(db, calibrated)

    def put_judged(self, judged: Sequence[Judged]) -> int:
        with self._transaction() as db:
            return put_judged(db, judged)

    def put_answers(self, answers: Sequence[Answer]) -> int:
        with self._transaction() as db:
            return put_answers(db, answers)

    def correct(self, correction: Correction) -> Corrected:
        with self._transaction():
            return self._correcting.correct(correction, self._clock())

    def undo(self) -> Corrected | None:
        with self._transaction():
            return self._correcting.undo(self._clock())

    def sweep(self, gap_ns: int) -> bool:
        with self._transaction():
            return self._lives.sweep(gap_ns)

    def close_session(self, session_id: str) -> SessionRow:
        with self._transaction():
            return self._lives.close(session_id)

    def reopen_session(self, session_id: str) -> SessionRow | None:
        with self._transaction():
            return self._lives.reopen(session_id)

    def begin_hooks(self, names: Sequence[str]) -> Mapping[str, HookMark]:
        with self._transaction():
            return self._hooks.begin(names)

    def mark_hook(self, mark: HookMark) -> None:
        with self._transaction():
            self._hooks.mark(mark)

    def delete_session(self, session_id: str) -> int | None:
        with self._transaction():
            count = self._forgetting.forget_session(session_id)
        if count is not None:
            with told(self._opening.path):
                give_back(self._db or self._connect())
            self._checkpoint()
        return count

    def redecode(self, after: int, rereading: Rereading) -> Redecoded:
        with self._transaction() as db:
            return Redecoding(db, self._codec, self._calls, rereading).step(after)

    def trim(self, budget: Budget, now_ns: int) -> bool:
        with self._transaction() as db:
            before = db.total_changes
            more = self._forgetting.trim(budget, now_ns)
            touched = db.total_changes > before
        # Free pages are not in use, so the budget sees none of them; what was staged for a while leaves many.
        if touched or 0 < budget.max_bytes < self._opening.file_bytes():
            with told(self._opening.path):
                give_back(self._db or self._connect(), 2000)
        if self._opening.wal_bytes() > WAL_REST_BYTES:
            self._checkpoint()
        return more

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._db is not None:
            with suppress(sqlite3.Error):  # then the log stays beside the file, and the next writer reads it
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
        self._opening.close()
