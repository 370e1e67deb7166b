"""Calls whole, as a reader shows them: their answers put together, and before them what the provider held.

A provider that holds a history is sent new messages only. Then what came before is read from the calls that made it:
those of the response that a call goes on from, and so on back, or the earlier ones of its conversation. A response id
counts only with the credential that it was made with, so that nobody else's can be named. One Telling decodes each
call once, however many others go on from it.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace

from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.openai_deleted import find_deleted, name_added, without_items
from pandaprobe_proxy.dialects.resume import complete, is_stream, join_streams
from pandaprobe_proxy.model.call import KINDS, STATE, Call, Message, Turn
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.base import StoredCall
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.decoding import Decoding
from pandaprobe_proxy.store.sqlite.rows import CALL, Row, select

MOST_LINKS = 1000
MOST_RETRIEVALS = 100
_MINE = "c.credential IS ? AND (c.credential IS NOT NULL OR c.upstream = ?) AND c.outcome != 'open'"
_OTHERS = ", ".join(f"'{operation}'" for operation in KINDS)
_PRODUCER = (
    f"{CALL} WHERE c.response_id = ? AND {_MINE} AND c.retrieves IS NULL AND c.key != ?"
    " ORDER BY c.operation = 'retrieve', c.connection IS NOT ?, c.key LIMIT 1"
)
_EARLIER = (
    f"{CALL} WHERE c.conversation_id = ? AND {_MINE} AND (c.started_ns, c.key) < (?, ?) AND c.retrieves IS NULL"
    f" AND c.status < 400 AND (c.operation NOT IN ({_OTHERS}) OR (c.operation = '{STATE}' AND c.method = 'POST'))"
    " AND NOT EXISTS (SELECT 1 FROM calls AS n WHERE"
    " n.attempt_of = coalesce(c.attempt_of, c.call_id) AND n.attempt > coalesce(c.attempt, 0))"
    f" ORDER BY c.started_ns DESC, c.key DESC LIMIT {MOST_LINKS}"
)
_DELETED = (
    f"{CALL} WHERE c.conversation_id = ? AND {_MINE} AND (c.started_ns, c.key) < (?, ?)"
    f" AND c.operation = '{STATE}' AND c.method = 'DELETE' AND c.status < 400 LIMIT {MOST_LINKS}"
)
_RETRIEVALS = (
    f"{CALL} WHERE c.retrieves = ?1 AND (c.streamed OR c.key = (SELECT key FROM calls WHERE retrieves = ?1 AND"
    " NOT streamed AND pending IS NULL ORDER BY key DESC LIMIT 1) OR c.key = (SELECT key FROM calls WHERE"
    f" retrieves = ?1 AND NOT streamed ORDER BY key DESC LIMIT 1)) ORDER BY c.key LIMIT {MOST_RETRIEVALS}"
)


class Telling:
    """Reads calls for one question, through one connection."""

    def __init__(
        self, db: sqlite3.Connection, codec: Codec, read: Callable[[Exchange], Call | None] | None = None
    ) -> None:
        self._db = db
        self._decoding = Decoding(db, codec, read or decode)
        self._calls: dict[int, Call | None] = {}

    def tell(self, row: Row) -> StoredCall:
        """The call in that row with its answer and its history."""
        stored, exchange = self._decoding.stored(row)
        call = self.call(row, exchange)
        history, broken = self._history(row, call)
        priced = replace(call, cost=stored.row.cost) if call else None
        return replace(
            stored,
            call=priced,
            history=history,
            history_broken=broken,
            retrievals=self._ids("retrieves", row) if row["response_id"] else (),
            turn_calls=self._ids("connection", row) if row["turns"] is not None else (),
        )

    def _ids(self, column: str, row: Row) -> tuple[str, ...]:
        """The calls that name that one in a column."""
        found = self._db.execute(
            f"SELECT call_id FROM calls WHERE {column} = ? ORDER BY started_ns, key", (row["call_id"],)
        )
        return tuple(call_id for (call_id,) in found)

    def read(self, row: Row) -> Call | None:
        """What was said in the exchange of that row, whether or not it was thought to be a call."""
        call = self._decoding.call(row)
        return self._complete(row, call) if call else None

    def complete_turn(self, turn: Turn) -> Turn:
        """A turn with the answer that was fetched for it later."""
        rows = select(self._db, f"{CALL} WHERE c.call_id = ?", (turn.call_id,))
        return replace(turn, call=self._complete(rows[0], turn.call)) if rows else turn

    def call(self, row: Row, exchange: Exchange | None = None) -> Call | None:
        """What was said in the call of that row, with its answer; of a connection without its turns.

        `exchange` is that of the row, if it was read already.
        """
        key = row["key"]
        if key not in self._calls:
            call = self._decoding.call(row, exchange) if row["dialect"] else None
            call = replace(call, turns=()) if call and call.turns else call
            self._calls[key] = self._complete(row, call) if call and row["response_id"] else call
        return self._calls[key]

    def _complete(self, row: Row, call: Call) -> Call:
        if not (call.pending or call.partial) or call.turns:
            return call
        decode, exchange = self._decoding.decode, self._decoding.exchange
        rows = select(self._db, _RETRIEVALS, (row["call_id"],))
        fetched = [exchange(other) for other in rows]
        apart = [bool(row["connection"]) or not is_stream(of) for of in fetched]  # a turn has no stream to go on with
        calls = [decode(other) for other, alone in zip(fetched, apart, strict=True) if alone]
        streams = [other for other, alone in zip(fetched, apart, strict=True) if not alone]
        joined = decode(join_streams(exchange(row), streams)) if streams else None
        return complete(call, [other for other in calls if other], joined)

    def _history(self, row: Row, call: Call | None) -> tuple[tuple[Message, ...], bool]:
        """What came before, oldest first, without system prompts that this call states again; is any of it missing?"""
        if not (row["previous_id"] or row["conversation_id"]):
            return (), False
        rows, broken = self._before(row)
        stated = {digest(message) for message in call.input if message.role == "system"} if call else set()
        messages: list[Message] = []
        for earlier in rows:
            said = self._read(earlier)
            broken = broken or said is None
            messages += said or ()
        messages = [*without_items(messages, self._find_deleted(row))]
        kept = (message for message in messages if message.role != "system" or digest(message) not in stated)
        return tuple(kept), broken

    def _read(self, row: Row) -> tuple[Message, ...] | None:
        """The messages of an earlier call; None if they are no longer to be had."""
        try:
            call = self.call(row)
        except StoreError:
            return None
        if call and call.operation == STATE:  # what was put into a conversation, if anything
            return name_added(call)
        return (*call.input, *call.output) if call and (call.input or call.output) else None

    def _before(self, row: Row) -> tuple[Iterable[Row], bool]:
        """The calls that came before, oldest first, and whether that is not all of them."""
        links: list[Row] = []
        seen = {row["key"]}
        at = row
        while at["previous_id"]:
            values = (at["previous_id"], *_owner(row), at["key"], at["connection"])
            earlier = select(self._db, _PRODUCER, values)
            if not earlier or earlier[0]["key"] in seen or len(links) == MOST_LINKS:
                return reversed(links), True
            at = earlier[0]
            links.append(at)
            seen.add(at["key"])
        return [*self._conversation(at), *reversed(links)], False

    def _find_deleted(self, row: Row) -> frozenset[str]:
        """The items that were taken out of the conversation before that call."""
        if not row["conversation_id"]:
            return frozenset()
        values = (row["conversation_id"], *_owner(row), row["started_ns"], row["key"])
        return find_deleted(earlier["path"] for earlier in select(self._db, _DELETED, values))

    def _conversation(self, row: Row) -> list[Row]:
        if not row["conversation_id"]:
            return []
        values = (row["conversation_id"], *_owner(row), row["started_ns"], row["key"])
        return select(self._db, _EARLIER, values)[::-1]


def _owner(row: Row) -> tuple[str | None, str]:
    return row["credential"], row["upstream"]
