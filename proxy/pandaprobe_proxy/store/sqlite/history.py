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
from pandaprobe_proxy.dialects.resume import complete, join_streams
from pandaprobe_proxy.model.call import KINDS, Call, Message
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.base import StoredCall, StoreError
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.rows import CALL, Row, select
from pandaprobe_proxy.store.sqlite.stored import read_stored

MOST_LINKS = 1000
MOST_RETRIEVALS = 100
_MINE = "c.credential IS ? AND (c.credential IS NOT NULL OR c.upstream = ?) AND c.outcome != 'open'"
_OTHERS = ", ".join(f"'{operation}'" for operation in KINDS)
_PRODUCER = (
    f"{CALL} WHERE c.response_id = ? AND {_MINE} AND c.retrieves IS NULL AND c.key != ?"
    " ORDER BY c.operation = 'retrieve', c.key LIMIT 1"
)
_EARLIER = (
    f"{CALL} WHERE c.conversation_id = ? AND {_MINE} AND c.started_ns < ? AND c.retrieves IS NULL AND c.status < 400"
    f" AND c.operation NOT IN ({_OTHERS}) AND NOT EXISTS (SELECT 1 FROM calls AS n WHERE"
    " n.attempt_of = coalesce(c.attempt_of, c.call_id) AND n.attempt > coalesce(c.attempt, 0))"
    f" ORDER BY c.started_ns DESC, c.key DESC LIMIT {MOST_LINKS}"
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
        self._codec = codec
        self._decode = read or decode
        self._calls: dict[int, Call | None] = {}

    def tell(self, row: Row) -> StoredCall:
        """The call in that row with its answer and its history."""
        stored, exchange = read_stored(self._db, self._codec, row)
        call = self._call(row, exchange)
        history, broken = self._history(row, call)
        fetched = self._db.execute("SELECT call_id FROM calls WHERE retrieves = ? ORDER BY key", (row["call_id"],))
        retrievals = tuple(call_id for (call_id,) in fetched) if row["response_id"] else ()
        priced = replace(call, cost=stored.row.cost) if call else None
        return replace(stored, call=priced, history=history, history_broken=broken, retrievals=retrievals)

    def read(self, row: Row) -> Call | None:
        """What was said in the exchange of that row, whether or not it was thought to be a call."""
        exchange = self._exchange(row)
        call = self._decode(exchange)
        return self._complete(row, exchange, call) if call else None

    def call(self, row: Row) -> Call | None:
        """What was said in the call of that row, with its answer."""
        if row["key"] not in self._calls:
            self._call(row, self._exchange(row))
        return self._calls[row["key"]]

    def _exchange(self, row: Row) -> Exchange:
        return read_stored(self._db, self._codec, row)[1]

    def _call(self, row: Row, exchange: Exchange) -> Call | None:
        key = row["key"]
        if key not in self._calls:
            call = self._decode(exchange) if row["dialect"] else None
            self._calls[key] = self._complete(row, exchange, call) if call and row["response_id"] else call
        return self._calls[key]

    def _complete(self, row: Row, exchange: Exchange, call: Call) -> Call:
        if not (call.pending or call.partial):
            return call
        rows = select(self._db, _RETRIEVALS, (row["call_id"],))
        fetched = [self._exchange(other) for other in rows]
        calls = [self._decode(other) for other, of in zip(fetched, rows, strict=True) if not of["streamed"]]
        streams = [other for other, of in zip(fetched, rows, strict=True) if of["streamed"]]
        joined = self._decode(join_streams(exchange, streams)) if streams else None
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
        kept = (message for message in messages if message.role != "system" or digest(message) not in stated)
        return tuple(kept), broken

    def _read(self, row: Row) -> tuple[Message, ...] | None:
        """The messages of an earlier call; None if they are no longer to be had."""
        try:
            call = self.call(row)
        except StoreError:
            return None
        return (*call.input, *call.output) if call and (call.input or call.output) else None

    def _before(self, row: Row) -> tuple[Iterable[Row], bool]:
        """The calls that came before, oldest first, and whether that is not all of them."""
        links: list[Row] = []
        seen = {row["key"]}
        at = row
        while at["previous_id"]:
            earlier = select(self._db, _PRODUCER, (at["previous_id"], *_owner(row), at["key"]))
            if not earlier or earlier[0]["key"] in seen or len(links) == MOST_LINKS:
                return reversed(links), True
            at = earlier[0]
            links.append(at)
            seen.add(at["key"])
        return [*self._conversation(at), *reversed(links)], False

    def _conversation(self, row: Row) -> list[Row]:
        if not row["conversation_id"]:
            return []
        values = (row["conversation_id"], *_owner(row), row["started_ns"])
        return select(self._db, _EARLIER, values)[::-1]


def _owner(row: Row) -> tuple[str | None, str]:
    return row["credential"], row["upstream"]
