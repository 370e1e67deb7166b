"""What judges have answered, as rows. Each function runs inside a transaction."""

import sqlite3
from collections.abc import Iterable, Sequence

from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.sqlite.codec import to_text
from pandaprobe_proxy.store.sqlite.rows import select

TABLES = """
CREATE TABLE answers (
    asked TEXT PRIMARY KEY, session_id TEXT NOT NULL, criterion TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL,
    at_ns INTEGER NOT NULL, took_ms INTEGER NOT NULL, input_tokens INTEGER, output_tokens INTEGER, cost REAL
);
CREATE INDEX answers_by_session ON answers (session_id);
CREATE TRIGGER answers_go AFTER DELETE ON sessions
    BEGIN DELETE FROM answers WHERE session_id = OLD.session_id; END;
CREATE TRIGGER answers_move AFTER UPDATE OF session ON calls WHEN OLD.session != NEW.session
    BEGIN DELETE FROM answers WHERE session_id = (SELECT session_id FROM sessions WHERE key = OLD.session); END;
"""
"""Of the step `m009_judges`, which has landed: never to be changed."""


def put_answers(db: sqlite3.Connection, answers: Iterable[Answer]) -> int:
    """How many were kept. Those of sessions that are not there any more are left out."""
    count = 0
    for one in answers:
        values = (one.criterion, one.model, one.text, one.at_ns, one.took_ms)
        count += db.execute(
            "INSERT OR REPLACE INTO answers SELECT ?, session_id, ?, ?, ?, ?, ?, ?, ?, ? FROM sessions"
            " WHERE session_id = ?",
            (one.asked, *values, one.input_tokens, one.output_tokens, one.cost, one.session_id),
        ).rowcount
    return count


def find_answers(db: sqlite3.Connection, asked: Sequence[str]) -> dict[str, Answer]:
    """By the hash of their question."""
    rows = select(db, "SELECT * FROM answers WHERE asked IN (SELECT value FROM json_each(?))", (to_text(list(asked)),))
    return {row["asked"]: Answer(**row) for row in rows}
