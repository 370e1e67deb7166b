"""The turns of a connection as rows of their own, beside that of the connection. Inside a transaction.

A turn has no bodies: it is read from those of its connection. What it shares with it (session, trace, clues,
credential, upstream) is copied; a connection whose turns have rows counts for nothing in the totals, since they do.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from pandaprobe_proxy.model.call import Message, Turn
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.store.searched import MOST_MESSAGES, first_and_last, list_said, tell
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.columns import call_values, keep_cost, write_columns, write_marks
from pandaprobe_proxy.store.sqlite.links import Links
from pandaprobe_proxy.store.sqlite.messages import Messages
from pandaprobe_proxy.store.sqlite.rows import Row, select

_SHARED = (
    "run, session, trace_id, parent_span_id, source, confidence, clues, upstream, method, path, url, client,"
    " credential, user_id, tags, metadata, status, reason"
)
_ADD = (
    f"INSERT INTO calls (call_id, connection, started_ns, outcome, {_SHARED})"
    f" SELECT ?, call_id, started_ns + ?, outcome, {_SHARED} FROM calls WHERE key = ?"
)


class Turns:
    """Writes turns through one connection to the store."""

    def __init__(self, database: sqlite3.Connection, codec: Codec, messages: Messages, links: Links) -> None:
        self._db = database
        self._codec = codec
        self._messages = messages
        self._links = links

    def put(self, connection: int, turns: Sequence[Turn]) -> None:
        """These are the turns of the connection in that row, and no others. Those that have a row keep it."""
        row, known = self._read(connection)
        found = {turn.call_id for turn in turns}
        for call_id, turn in known.items():
            if call_id not in found:
                self._drop(turn)
        before: tuple[Message, ...] = ()
        for said in turns:
            before = self._put(row, said, known.get(said.call_id), before)

    def add(self, connection: int, turns: Sequence[Turn]) -> None:
        """The connection in that row has come to these turns. Those that have a row are as they were."""
        row, known = self._read(connection)
        before: tuple[Message, ...] = ()
        for turn in turns:
            if turn.call_id in known:
                before = (*turn.call.input, *turn.call.output)
            else:
                before = self._put(row, turn, None, before)

    def _read(self, connection: int) -> tuple[Row, dict[str, Row]]:
        """The row of a connection, and by their ids those of its turns."""
        (row,) = select(self._db, "SELECT * FROM calls WHERE key = ?", (connection,))
        held = select(self._db, "SELECT * FROM calls WHERE connection = ?", (row["call_id"],))
        return row, {turn["call_id"]: turn for turn in held}

    def follow(self, connection: int) -> None:
        """The turns that have rows go where the connection in that row has gone, and say the same of why."""
        row, known = self._read(connection)
        for turn in known.values():
            if turn["session"] != row["session"]:
                totals.move(self._db, turn["key"], row["session"])
                write_columns(self._db, turn["key"], {name: row[name] for name in ("source", "confidence", "clues")})

    def _put(self, connection: Row, turn: Turn, held: Row | None, before: tuple[Message, ...]) -> tuple[Message, ...]:
        """The row of one turn, and all that was said in it; `before` is that of the turn before it."""
        key, session = held["key"] if held else self._add(connection, turn), connection["session"]
        counted = totals.count(self._db, key) if held else None
        write_columns(self._db, key, self._values(connection, turn, held))
        totals.count_again(self._db, key, counted)
        call, messages = turn.call, (*turn.call.input, *turn.call.output)
        totals.describe(self._db, session, call.model or call.requested_model, *first_and_last(call))
        if held:
            self._messages.renew(session, key, list_said(call))
        else:
            new = messages[_same(before, messages) :][-MOST_MESSAGES:]
            self._messages.keep(session, key, [tell(message) for message in new])
        self._links.tie_answer(key, call, connection["credential"], connection["upstream"])
        return messages

    def _add(self, connection: Row, turn: Turn) -> int:
        return int(self._db.execute(_ADD, (turn.call_id, turn.started_ns, connection["key"])).lastrowid or 0)

    def _values(self, connection: Row, turn: Turn, held: Row | None) -> dict[str, Any]:
        """Its columns. A turn that was answered went well, however its connection ended."""
        broken = turn.call.partial
        ended_ns = connection["ended_ns"] if turn.ended_ns is None else connection["started_ns"] + turn.ended_ns
        values = call_values(turn.call) | {
            "turn": turn.number,
            "ended_ns": ended_ns,
            "outcome": connection["outcome"] if broken else Outcome.OK,
            "error": connection["error"] if broken else None,
            "marks": write_marks(self._codec, turn.call.marks),
        }
        return keep_cost(values, turn.call, held) if held else values

    def _drop(self, row: Row) -> None:
        """A row whose turn is no longer found."""
        totals.take_out(self._db, row["key"])
        self._messages.renew(row["session"], row["key"], ())
        self._db.execute("DELETE FROM scores WHERE trace_id = ?", (row["call_id"],))
        self._db.execute("DELETE FROM calls WHERE key = ?", (row["key"],))


def _same(before: Sequence[Message], messages: Sequence[Message]) -> int:
    """How many messages they begin with alike: a turn that states its whole conversation repeats what is kept."""
    pairs = enumerate(zip(before, messages, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(before), len(messages)))
