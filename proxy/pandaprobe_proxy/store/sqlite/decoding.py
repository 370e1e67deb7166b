"""Decodes stored calls again: an exchange from its own bodies, a turn from those of its connection. Reads only."""

import sqlite3
from collections.abc import Callable

from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.exchange import Exchange
from pandaprobe_proxy.store.base import StoredCall
from pandaprobe_proxy.store.sqlite.bodies import Bodies
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.rows import CALL, Row, select
from pandaprobe_proxy.store.sqlite.stored import read_stored


class Decoding:
    """Decodes each connection once, however many of its turns are asked for."""

    def __init__(self, db: sqlite3.Connection, codec: Codec, decode: Callable[[Exchange], Call | None]) -> None:
        self._db = db
        self._bodies = Bodies(db, codec)
        self.decode = decode
        self._turns: dict[str, dict[str, Call]] = {}

    def stored(self, row: Row) -> tuple[StoredCall, Exchange]:
        """The call of that row, not decoded, and its exchange. Raises StoreError if a piece of a body is missing."""
        return read_stored(self._bodies, row)

    def exchange(self, row: Row) -> Exchange:
        """The exchange of that row."""
        return self.stored(row)[1]

    def call(self, row: Row, exchange: Exchange | None = None) -> Call | None:
        """What was said in the exchange, or the turn, of that row; `exchange` if it was read already."""
        return self._turn(row) if row["connection"] else self.decode(exchange or self.exchange(row))

    def _turn(self, row: Row) -> Call:
        """The turn; without messages if its connection's bodies were not kept."""
        name = row["connection"]
        if name not in self._turns:
            found = select(self._db, f"{CALL} WHERE c.call_id = ?", (name,))
            call = self.decode(self.exchange(found[0])) if found else None
            self._turns[name] = {turn.call_id: turn.call for turn in (call.turns if call else ())}
        bare = Call(row["dialect"], row["decoder"], row["operation"], requested_model=row["model"], streamed=True)
        return self._turns[name].get(row["call_id"], bare)
