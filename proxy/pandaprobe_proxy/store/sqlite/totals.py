"""What a session adds up over its calls. Each function runs inside a transaction.

A call counts by what its row says, and a connection whose turns have rows does not: they do. While it is open, though,
its session has something open. So whoever changes a row, or its session, counts it before, and counts it again after.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from operator import neg, sub

from pandaprobe_proxy.model.call import KINDS
from pandaprobe_proxy.model.lifecycle import Cause, ChangeKind, State
from pandaprobe_proxy.model.session import DEFAULTS
from pandaprobe_proxy.store.sqlite import changes
from pandaprobe_proxy.store.sqlite.changes import WATCH
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text

OTHERS = ", ".join(f"'{operation}'" for operation, kind in KINDS.items() if kind == "OTHER")
"""Operations that are no model's, as a list for SQL."""
_COUNTED = {
    "calls": "turns IS NULL",
    "open_calls": "outcome = 'open'",
    "errors": "outcome NOT IN ('open', 'ok') OR call_error IS NOT NULL",
    "traces": "trace_id IS NULL AND turns IS NULL",
    "input_tokens": "coalesce(input_tokens, 0)",
    "output_tokens": "coalesce(output_tokens, 0)",
    "cost": "coalesce(cost ->> '$.total', 0.0)",
    "unpriced": "cost IS NULL AND coalesce(nullif(input_tokens, 0), output_tokens, 0) > 0"
    f" AND operation NOT IN ({OTHERS})",
    "retries": "coalesce(attempt, 0) > 0",
    "recovered": "iif(outcome = 'ok' AND call_error IS NULL, coalesce(attempt, 0), 0)",
}
_COUNT = (
    f"SELECT session, {', '.join(f'coalesce({what}, 0)' for what in _COUNTED.values())} FROM calls"
    " WHERE key = ? AND (turns IS NULL OR outcome = 'open')"
)
_ADD = f"UPDATE sessions SET {', '.join(f'{name} = {name} + ?' for name in _COUNTED)} WHERE key = ?"

Tally = tuple[int, Sequence[float]]
"""A session's key, and what a call adds to its totals."""


def take_out(db: sqlite3.Connection, key: int) -> None:
    """The call in that row counts no more."""
    _change(db, count(db, key), None)


def count(db: sqlite3.Connection, key: int) -> Tally | None:
    """What the call in that row adds; None for a connection that has ended, whose turns do."""
    row = db.execute(_COUNT, (key,)).fetchone()
    return (row[0], row[1:]) if row else None


def count_again(db: sqlite3.Connection, key: int, before: Tally | None) -> None:
    """The call in that row counts as its row says now, and no more as it did `before`; None if it did not."""
    _change(db, before, count(db, key))


def _change(db: sqlite3.Connection, old: Tally | None, new: Tally | None) -> None:
    if old and new and old[0] == new[0]:
        db.execute(_ADD, (*map(sub, new[1], old[1]), new[0]))
        return
    if old:
        db.execute(_ADD, (*map(neg, old[1]), old[0]))
    if new:
        db.execute(_ADD, (*new[1], new[0]))


def widen(db: sqlite3.Connection, session: int, started_ns: int, ended_ns: int) -> None:
    """The session lasted at least from then to then: a call of it has ended just now."""
    db.execute(
        f"UPDATE sessions SET started_ns = min(started_ns, ?), last_ns = max(last_ns, ?), touched_ns = steady_ns(),"
        f" active_ns = {WATCH} WHERE key = ?",
        (started_ns, ended_ns, session),
    )
    changes.stir(db, session, started_ns, Cause.CALL)


def move(db: sqlite3.Connection, key: int, new: int) -> int:
    """Puts a call into another session, with its messages; the key of the one that it was in."""
    (old,) = db.execute("SELECT session FROM calls WHERE key = ?", (key,)).fetchone()
    counted = count(db, key)
    db.execute("UPDATE calls SET session = ? WHERE key = ?", (new, key))
    count_again(db, key, counted)
    values = {"call": key, "old": old, "new": new}
    db.execute(
        "INSERT OR IGNORE INTO session_messages SELECT :new, message, call FROM session_messages"
        " WHERE session = :old AND call = :call",
        values,
    )
    db.execute("DELETE FROM session_messages WHERE session = :old AND call = :call", values)
    _inherit(db, key, int(old), new)
    return int(old)


def _inherit(db: sqlite3.Connection, key: int, old: int, new: int) -> None:
    """The call in that row has gone from one session to another, which lives as it did there."""
    started_ns, ended_ns = db.execute("SELECT started_ns, ended_ns FROM calls WHERE key = ?", (key,)).fetchone()
    touched_ns, was = db.execute("SELECT touched_ns, state FROM sessions WHERE key = ?", (old,)).fetchone()
    db.execute(
        "UPDATE sessions SET started_ns = min(started_ns, ?), last_ns = max(last_ns, ?),"
        f" touched_ns = max(touched_ns, ?), active_ns = {WATCH} WHERE key = ?",
        (started_ns, ended_ns or started_ns, touched_ns, new),
    )
    if was in (None, State.OPEN):
        changes.stir(db, new, started_ns, Cause.CALL)


def describe(db: sqlite3.Connection, session: int, model: str | None, text: str, said: str = "") -> None:
    """The session had a call of that model, which asked that, and last of all was answered that."""
    models, first = db.execute("SELECT models, first_input FROM sessions WHERE key = ?", (session,)).fetchone()
    known: list[str] = from_text(models)
    if model and model not in known:
        db.execute("UPDATE sessions SET models = ? WHERE key = ?", (to_text([*known, model]), session))
    if text and not first:
        db.execute("UPDATE sessions SET first_input = ? WHERE key = ?", (text, session))
    if said:
        db.execute("UPDATE sessions SET last_output = ? WHERE key = ?", (said, session))


def drop(db: sqlite3.Connection, key: int) -> None:
    """Removes the row of a call, and its session if that was all."""
    (session,) = db.execute("SELECT session FROM calls WHERE key = ?", (key,)).fetchone()
    take_out(db, key)
    db.execute("DELETE FROM calls WHERE key = ?", (key,))
    db.execute(f"UPDATE sessions SET active_ns = {WATCH} WHERE key = ?", (session,))
    drop_if_empty(db, session)


def drop_if_empty(db: sqlite3.Connection, session: int, into: int | None = None, cause: Cause = Cause.CALL) -> None:
    """Removes a session that has neither calls nor traces; `into` is where they went."""
    row = db.execute(
        "DELETE FROM sessions WHERE key = :key AND merged_into IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM calls WHERE session = :key) AND NOT EXISTS (SELECT 1 FROM traces WHERE session = :key)"
        " RETURNING session_id, state",
        {"key": session},
    ).fetchone()
    if row is None or row[1] is None:
        return
    if into is None:
        changes.forget(db, row[0])
    else:
        (other,) = db.execute("SELECT session_id FROM sessions WHERE key = ?", (into,)).fetchone()
        changes.tell(db, row[0], ChangeKind.MERGED, cause, other)


def make_session(db: sqlite3.Connection, session_id: str, source: str, confidence: float, at_ns: int) -> int:
    """The key of a new session."""
    made = db.execute(
        "INSERT INTO sessions (session_id, source, confidence, started_ns, last_ns, touched_ns, active_ns)"
        " VALUES (?, ?, ?, ?, ?, steady_ns(), ?)",
        (session_id, source, confidence, at_ns, at_ns, None if source in DEFAULTS else 0),
    )
    return int(made.lastrowid or 0)


def hand_over(db: sqlite3.Connection, old: int, new: int) -> None:
    """What the old session knew of its models, first words, user and tags goes with its calls."""
    models, first, said, user_id, tags = db.execute(
        "SELECT models, first_input, last_output, user_id, tags FROM sessions WHERE key = ?", (old,)
    ).fetchone()
    for model in from_text(models) or ([None] if first else []):
        describe(db, new, model, first, said or "")
    if user_id:
        db.execute("UPDATE sessions SET user_id = coalesce(user_id, ?) WHERE key = ?", (user_id, new))
    if from_text(tags):
        add_tags(db, new, from_text(tags))


def add_tags(db: sqlite3.Connection, session: int, tags: Iterable[str]) -> None:
    """The session has these tags, too."""
    (text,) = db.execute("SELECT tags FROM sessions WHERE key = ?", (session,)).fetchone()
    db.execute("UPDATE sessions SET tags = ? WHERE key = ?", (to_text(sorted({*from_text(text), *tags})), session))


def find_session(db: sqlite3.Connection, session_id: str) -> int | None:
    """The key of a session, or of the one that it was merged into; None if there is none."""
    seen: set[str] = set()
    while session_id not in seen:
        seen.add(session_id)
        row = db.execute("SELECT key, merged_into FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
        if row is None or row[1] is None:
            return row and int(row[0])
        session_id = row[1]
    return int(row[0])
