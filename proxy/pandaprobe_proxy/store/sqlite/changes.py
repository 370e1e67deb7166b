"""The changes that are told of sessions: rows that are only ever added. Each function runs inside a transaction."""

import sqlite3

from pandaprobe_proxy.model.lifecycle import Cause, Change, ChangeKind, State
from pandaprobe_proxy.sessions.lifecycle import is_reopened, state_after
from pandaprobe_proxy.store.sqlite.rows import Row

WATCH = "iif(state IS NULL OR (closed_ns IS NOT NULL AND state != 'closed'), 0, active_ns)"
"""In an UPDATE of a session in which something has ended: the next sweep looks at it if there is something to tell."""
TELL = "INSERT INTO changes (session_id, change, state, at_ns, cause, merged_into) VALUES (?, ?, ?, wall_ns(), ?, ?)"
TRIMMED = 1000
"""Of the oldest, so many are looked at when they are trimmed by age."""


def tell(
    db: sqlite3.Connection, session_id: str, change: ChangeKind, cause: Cause, merged_into: str | None = None
) -> None:
    """Adds a change of a session; `merged_into` for one that was merged. The session's own row is the caller's."""
    row = None
    if change is ChangeKind.CORRECTED:
        row = db.execute("SELECT state FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    state = state_after(change, State(row[0]) if row else State.OPEN)
    db.execute(TELL, (session_id, change, state, cause, merged_into))


def stir(db: sqlite3.Connection, session: int, began_ns: int, cause: Cause) -> None:
    """Something that began then came into a session: it may open it again."""
    found = db.execute("SELECT state, closed_ns FROM sessions WHERE key = ?", (session,)).fetchone()
    if found is None or (found[1] is None and found[0] in (None, State.OPEN)):
        return
    if is_reopened(State(found[0] or State.OPEN), found[1], began_ns):
        open_again(db, session, cause)


def open_again(db: sqlite3.Connection, session: int, cause: Cause) -> None:
    """The session is open, and told so if it was not."""
    session_id, state = db.execute("SELECT session_id, state FROM sessions WHERE key = ?", (session,)).fetchone()
    db.execute(
        "UPDATE sessions SET state = iif(state IS NULL, NULL, 'open'), closed_ns = NULL,"
        " active_ns = iif(state IS NULL, 0, steady_ns()) WHERE key = ?",
        (session,),
    )
    if state in (State.IDLE, State.CLOSED):
        tell(db, session_id, ChangeKind.REOPENED, cause)


def forget(db: sqlite3.Connection, session_id: str) -> None:
    """Removes the changes of a session, and of those that were merged into it."""
    db.execute(
        "DELETE FROM changes WHERE session_id = ?1"
        " OR session_id IN (SELECT session_id FROM changes WHERE merged_into = ?1)",
        (session_id,),
    )


def trim(db: sqlite3.Connection, oldest_ns: int) -> None:
    """Removes changes from before then, some at once."""
    db.execute(
        "DELETE FROM changes WHERE number IN (SELECT number FROM changes ORDER BY number LIMIT ?) AND at_ns < ?",
        (TRIMMED, oldest_ns),
    )


def to_change(row: Row) -> Change:
    return Change(
        number=row["number"],
        session_id=row["session_id"],
        change=ChangeKind(row["change"]),
        state=State(row["state"]),
        at_ns=row["at_ns"],
        cause=Cause(row["cause"]),
        merged_into=row["merged_into"],
    )
