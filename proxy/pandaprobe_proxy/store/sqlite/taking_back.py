"""Takes back what was told of a connection while it was open, as if nobody had looked. Inside a transaction.

Its turns go, with their words and the bytes that they were read from; only the row of the connection stays.
"""

import sqlite3
from collections.abc import Callable, Sequence

from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.store.searched import first_and_last, first_input, last_output
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text, to_text
from pandaprobe_proxy.store.sqlite.columns import NO_CALL, call_values, write_columns
from pandaprobe_proxy.store.sqlite.decoding import Decoding
from pandaprobe_proxy.store.sqlite.pieces import Pieces
from pandaprobe_proxy.store.sqlite.rows import CALL, Row, select
from pandaprobe_proxy.store.sqlite.unsaying import Unsaying

_BLANK = dict.fromkeys(call_values(NO_CALL))
_BODIES = dict.fromkeys(("request", "response", "request_kept", "response_kept", "chunks"))
_LOOKED_AT = 20
"""Calls of a session that are read for its first or its last words."""
_OTHERS = f"{CALL} WHERE c.session = ? AND c.turns IS NULL AND c.outcome != 'open' ORDER BY c.started_ns {{}} LIMIT ?"


class TakingBack:
    """Works through one connection."""

    def __init__(self, database: sqlite3.Connection, codec: Codec, pieces: Pieces) -> None:
        self._db = database
        self._codec = codec
        self._pieces = pieces
        self._unsaying = Unsaying(database, codec)

    def take_back(self, connection: int) -> None:
        """What was told of the connection in that row."""
        (row,) = select(self._db, f"{CALL} WHERE c.key = ?", (connection,))
        turns = select(self._db, f"{CALL} WHERE c.connection = ?", (row["call_id"],))
        decoding = Decoding(self._db, self._codec, decode)
        said = [decoding.call(turn) for turn in turns]
        sessions = {row["session"], *(turn["session"] for turn in turns)}
        self._unsaying.forget_calls(sessions, [turn["key"] for turn in turns], decoding)
        for turn in turns:
            totals.take_out(self._db, turn["key"])
            self._db.execute("DELETE FROM calls WHERE key = ?", (turn["key"],))
        self._blank(row)
        for session in sessions:
            self._describe(session, [call for call in said if call])
            if session != row["session"]:
                totals.drop_if_empty(self._db, session)

    def _blank(self, row: Row) -> None:
        """The row says nothing of what was said."""
        counted = totals.count(self._db, row["key"])
        self._pieces.let_go(row["key"])
        write_columns(self._db, row["key"], _BLANK | _BODIES)
        totals.count_again(self._db, row["key"], counted)

    def _describe(self, session: int, said: Sequence[Call]) -> None:
        """What the session says of itself by words of these calls, it says by those of the others."""
        (known,) = select(self._db, "SELECT models, first_input, last_output FROM sessions WHERE key = ?", (session,))
        words = {word for call in said for word in first_and_last(call)}
        values = {
            "models": to_text([model for model in from_text(known["models"]) if self._has(session, model)]),
            "first_input": known["first_input"],
            "last_output": known["last_output"],
        }
        if known["first_input"] in words:
            values["first_input"] = self._find(session, "ASC", first_input)
        if known["last_output"] in words:
            values["last_output"] = self._find(session, "DESC", last_output) or None
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self._db.execute(f"UPDATE sessions SET {assignments} WHERE key = :key", {**values, "key": session})

    def _has(self, session: int, model: str) -> bool:
        found = self._db.execute("SELECT 1 FROM calls WHERE session = ? AND model = ? LIMIT 1", (session, model))
        return found.fetchone() is not None

    def _find(self, session: int, order: str, read: Callable[[Call], str]) -> str:
        """The first such words of the calls that are left, in that order."""
        decoding = Decoding(self._db, self._codec, decode)
        for row in select(self._db, _OTHERS.format(order), (session, _LOOKED_AT)):
            call = decoding.call(row)
            if call is not None and (words := read(call)):
                return words
        return ""
