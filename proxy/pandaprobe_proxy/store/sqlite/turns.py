"""The turns of a connection as rows of their own, beside that of the connection. Inside a transaction.

A turn has no bodies: it is read from those of its connection. What it shares with it (session, trace, clues,
credential, upstream) is copied; a connection whose turns have rows counts for nothing in the totals, since they do.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pandaprobe_proxy.model.call import Message, Turn
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.record import Said
from pandaprobe_proxy.store.searched import MOST_MESSAGES, first_and_last, tell
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.columns import call_values, keep_cost, write_columns, write_marks
from pandaprobe_proxy.store.sqlite.links import Links
from pandaprobe_proxy.store.sqlite.messages import Messages, identify
from pandaprobe_proxy.store.sqlite.rows import Row, select

_SHARED = (
    "run, session, trace_id, parent_span_id, source, confidence, clues, upstream, method, path, url, client,"
    " credential, user_id, tags, metadata, status, reason"
)
_ADD = (
    f"INSERT INTO calls (call_id, connection, started_ns, outcome, {_SHARED})"
    f" SELECT ?, call_id, started_ns + ?, outcome, {_SHARED} FROM calls WHERE key = ?"
)


_WHY = ("source", "confidence", "clues")


class Compared(NamedTuple):
    """Turns compared with the rows that turns have."""

    said: list[tuple[Said, ...]]
    """What was said in each turn and not before."""
    differing: set[str]
    """The ids of the rows that are known for something that their turn does not say, or whose turn is not there."""


class Turns:
    """Writes turns through one connection to the store."""

    def __init__(self, database: sqlite3.Connection, codec: Codec, messages: Messages, links: Links) -> None:
        self._db = database
        self._codec = codec
        self._messages = messages
        self._links = links

    def put(self, connection: int, turns: Sequence[Turn], compared: Compared | None = None) -> None:
        """These are the turns of the connection in that row, and no others. Those that have a row keep it.

        `compared` is what `compare` says of them, where somebody has asked that already.
        """
        row, known = self._read(connection)
        compared = compared or self._compare(known, turns)
        found = {turn.call_id for turn in turns}
        for call_id, held in known.items():
            if call_id not in found:
                self._drop(held)
        for turn, said in zip(turns, compared.said, strict=True):
            self._put(row, turn, known.get(turn.call_id), said, turn.call_id in compared.differing)

    def add(self, connection: int, turns: Sequence[Turn]) -> None:
        """The connection in that row, which is open, has come to these turns. Words of those that have a row stay."""
        row, known = self._read(connection)
        for turn, own in zip(turns, _find_own(turns), strict=True):
            held = known.get(turn.call_id)
            if held is None:
                self._put(row, turn, None, tuple(map(tell, own)))
                continue
            values = self._values(row, turn, held)
            if any(held[name] != value for name, value in values.items()):
                self._write(held["key"], values, held)

    def compare(self, connection: int, turns: Sequence[Turn]) -> Compared:
        """What these turns say, compared with the rows of the connection's turns."""
        return self._compare(self._read(connection)[1], turns)

    def _compare(self, known: Mapping[str, Row], turns: Sequence[Turn]) -> Compared:
        brought = self._messages.brought_by({held["key"]: held["session"] for held in known.values()})
        said = [tuple(map(tell, own)) for own in _find_own(turns)]
        same = set()
        for turn, messages in zip(turns, said, strict=True):
            held = known.get(turn.call_id)
            if held and brought.get(held["key"], set()) <= set(map(identify, messages)):
                same.add(turn.call_id)
        return Compared(said, known.keys() - same)

    def follow(self, connection: int, before: int) -> None:
        """The turns that have rows go where the connection in that row has gone, from the session that it was `before`
        in, and say the same of why; but for those that somebody has put elsewhere."""
        row, known = self._read(connection)
        for turn in known.values():
            if turn["recorded"] is not None:
                continue
            if turn["session"] == before != row["session"]:
                totals.move(self._db, turn["key"], row["session"])
            if any(turn[name] != row[name] for name in _WHY):
                write_columns(self._db, turn["key"], {name: row[name] for name in _WHY})

    def _read(self, connection: int) -> tuple[Row, dict[str, Row]]:
        """The row of a connection, and by their ids those of its turns."""
        (row,) = select(self._db, "SELECT * FROM calls WHERE key = ?", (connection,))
        held = select(self._db, "SELECT * FROM calls WHERE connection = ?", (row["call_id"],))
        return row, {turn["call_id"]: turn for turn in held}

    def _put(self, row: Row, turn: Turn, held: Row | None, said: tuple[Said, ...], differs: bool = False) -> None:
        """The row of one turn of a connection, and what was said in it and not before."""
        key, session = (held["key"], held["session"]) if held else (self._add(row, turn), row["session"])
        self._write(key, self._values(row, turn, held), held)
        call = turn.call
        totals.describe(self._db, session, call.model or call.requested_model, *first_and_last(call))
        if differs:
            self._messages.renew(session, key, said)
        else:
            self._messages.keep(session, key, said)
        self._links.tie_answer(key, call, row["credential"], row["upstream"])

    def _write(self, key: int, values: dict[str, Any], held: Row | None) -> None:
        counted = totals.count(self._db, key) if held else None
        write_columns(self._db, key, values)
        totals.count_again(self._db, key, counted)

    def _add(self, connection: Row, turn: Turn) -> int:
        return int(self._db.execute(_ADD, (turn.call_id, turn.started_ns, connection["key"])).lastrowid or 0)

    def _values(self, connection: Row, turn: Turn, held: Row | None) -> dict[str, Any]:
        """Its columns. A turn that was answered went well, however its connection ended."""
        broken = turn.call.partial
        ended_ns = connection["ended_ns"] if turn.ended_ns is None else connection["started_ns"] + turn.ended_ns
        values = call_values(turn.call) | {
            "turn": turn.number,
            "follows": turn.follows or (connection["follows"] if turn.number == 1 else None),
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


def _find_own(turns: Sequence[Turn]) -> Iterator[tuple[Message, ...]]:
    """What was said in each and not in the one before: a turn may state its whole conversation."""
    before: tuple[Message, ...] = ()
    for turn in turns:
        messages = (*turn.call.input, *turn.call.output)
        yield messages[_same(before, messages) :][-MOST_MESSAGES:]
        before = messages


def _same(before: Sequence[Message], messages: Sequence[Message]) -> int:
    """How many messages they begin with alike."""
    pairs = enumerate(zip(before, messages, strict=False))
    differing = (at for at, (one, other) in pairs if one is not other and one != other)
    return next(differing, min(len(before), len(messages)))
