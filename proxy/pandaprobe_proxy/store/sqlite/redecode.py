"""Reads stored exchanges anew after a decoder has improved, and mends what follows from them. Inside a transaction.

A message that the new decoder does not find goes from its session, even if a call of another dialect had it, too.
"""

import sqlite3
import time
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.registry import DIALECTS, SOCKETS, find, find_socket
from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.evidence import NO_EVIDENCE
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.pricing.price import add_cost
from pandaprobe_proxy.sessions.evidence import read_evidence
from pandaprobe_proxy.sessions.transcript import name_messages
from pandaprobe_proxy.store.base import Redecoded
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.rereading import Rereading
from pandaprobe_proxy.store.searched import first_input, last_output, list_said
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.calls import Calls
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text, to_text
from pandaprobe_proxy.store.sqlite.columns import call_values, keep_cost, write_columns, write_marks
from pandaprobe_proxy.store.sqlite.history import Telling
from pandaprobe_proxy.store.sqlite.links import TOKENS
from pandaprobe_proxy.store.sqlite.rows import CALL, Row, select

AT_ONCE_S = 0.05
KEYS_AT_ONCE = 2000
_WITHHELD = '%"withheld":"_%'


class Redecoding:
    """One step, through one connection."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec, calls: Calls, rereading: Rereading) -> None:
        self._db = connection
        self._codec = codec
        self._calls = calls
        self._asked = rereading
        self._stale = self._changed = self._unreadable = self._repriced = 0

    def step(self, after: int) -> Redecoded:
        """The calls that follow, for about 50 ms."""
        ends = time.monotonic() + AT_ONCE_S
        last = after + KEYS_AT_ONCE
        for row in self._candidates(after, last):
            self._take(row)
            if time.monotonic() > ends:
                last = row["key"]
                break
        more = self._db.execute("SELECT 1 FROM calls WHERE key > ? LIMIT 1", (last,)).fetchone()
        return Redecoded(last if more else None, self._stale, self._changed, self._unreadable, self._repriced)

    def _candidates(self, after: int, last: int) -> list[Row]:
        """Ended exchanges that the newest version of their dialect has not read, or all of them."""
        known = [(dialect.name, dialect.version) for dialect in DIALECTS]
        known += [(socket.name, socket.version) for socket in SOCKETS]
        current = " OR ".join(["(dialect = ? AND decoder >= ?)"] * len(known))
        values = [value for pair in known for value in pair]
        every, session_id = self._asked.wish.every, self._asked.wish.session_id
        return select(
            self._db,
            "SELECT key, status, method, path, request_headers, coalesce(request_kept, '') LIKE ? OR"
            " coalesce(response_kept, '') LIKE ? AS withheld FROM calls WHERE key > ? AND key <= ? AND"
            f" outcome != 'open' AND connection IS NULL AND (? OR dialect IS NULL OR NOT ({current})) AND"
            " (? IS NULL OR session = (SELECT key FROM sessions WHERE session_id = ?)) ORDER BY key",
            (_WITHHELD, _WITHHELD, after, last, every, *values, session_id, session_id),
        )

    def _take(self, row: Row) -> None:
        lines = self._codec.read_json(row["request_headers"]) or ()
        headers = tuple((name.encode("latin-1", "replace"), value.encode()) for name, value in lines)
        look = find_socket if row["status"] == 101 else find
        if look(row["method"], row["path"], headers) is None:
            return
        self._stale += 1
        if row["withheld"]:
            self._unreadable += 1
        elif not self._asked.wish.dry_run:
            self._renew(row["key"])

    def _renew(self, key: int) -> None:
        try:
            changed = self._rewrite(key)
        except StoreError:  # a piece of a body is missing
            self._unreadable += 1
        else:
            self._changed += changed

    def _rewrite(self, key: int) -> bool:
        (row,) = select(self._db, f"{CALL} WHERE c.key = ?", (key,))
        call = self._read(row)
        if call is None:
            return False
        before = self._costs(row)
        counted = totals.count(self._db, key)
        write_columns(self._db, key, self._values(row, call))
        totals.count_again(self._db, key, counted)
        names = name_messages(call)
        self._calls.messages.renew(row["session"], key, list_said(call, names))
        self._calls.placing.renew(key, read_evidence(call, row["owner"], names) if row["owner"] else NO_EVIDENCE)
        self._calls.turns.put(key, call.turns)
        self._describe(row, call)
        if row["retrieves"] is None:
            self._calls.links.tie_answer(key, call, row["credential"], row["upstream"])
        elif not (call.pending or call.partial):
            self._rewrite_asked(row["retrieves"])
        after = self._costs(row)
        self._repriced += sum(cost != after[name] for name, cost in before.items() if name in after)
        return True

    def _read(self, row: Row) -> Call | None:
        """What was said in that row, with the answers that were fetched for it, and what that cost."""
        telling = Telling(self._db, self._codec, self._asked.read)
        call = telling.read(row)
        if call is None:
            return None
        whole = replace(call, turns=tuple(telling.complete_turn(turn) for turn in call.turns))
        return add_cost(whole, self._asked.price, row["upstream"], row["url"], row["started_ns"])

    def _costs(self, row: Row) -> dict[str, float | None]:
        """What the call in that row costs, and each of its turns, by id."""
        found = self._db.execute(
            "SELECT call_id, cost ->> '$.total' FROM calls WHERE key = ? OR connection = ?",
            (row["key"], row["call_id"]),
        )
        return dict(found.fetchall())

    def _rewrite_asked(self, call_id: str) -> None:
        """What was fetched reads otherwise now, so the call that asked for it does, too."""
        row = self._db.execute(
            "SELECT coalesce(n.key, c.key) FROM calls AS c LEFT JOIN calls AS n ON n.call_id = c.connection"
            " WHERE c.call_id = ? AND c.retrieves IS NULL",
            (call_id,),
        ).fetchone()
        if row:
            self._rewrite(row[0])

    def _values(self, row: Row, call: Call) -> dict[str, Any]:
        values = call_values(call) | {"marks": write_marks(self._codec, call.marks)}
        if row["retrieves"]:
            values |= dict.fromkeys(TOKENS)
        else:
            values = keep_cost(values, call, row)
        if row["outcome"] == Outcome.CLIENT_DISCONNECTED and call.whole:
            values |= {"outcome": Outcome.OK, "error": None}
        return values

    def _describe(self, row: Row, call: Call) -> None:
        """The session's models, all of them, and what was said first, if this call said it."""
        session = row["session"]
        models = self._db.execute(
            "SELECT model FROM calls WHERE session = ? AND model IS NOT NULL GROUP BY model ORDER BY min(key)",
            (session,),
        ).fetchall()
        (known,) = self._db.execute("SELECT models FROM sessions WHERE key = ?", (session,)).fetchone()
        if {model for (model,) in models} != set(from_text(known)):
            names = to_text([model for (model,) in models])
            self._db.execute("UPDATE sessions SET models = ? WHERE key = ?", (names, session))
        first = self._db.execute(
            "SELECT min(key) FROM calls WHERE session = ? AND dialect IS NOT NULL", (session,)
        ).fetchone()
        text = next(filter(None, map(first_input, (call, *(turn.call for turn in call.turns)))), "")
        if text and first[0] == row["key"]:
            self._db.execute("UPDATE sessions SET first_input = '' WHERE key = ?", (session,))
        last = self._db.execute(
            "SELECT key FROM calls WHERE session = ? AND dialect IS NOT NULL ORDER BY ended_ns DESC, key DESC LIMIT 1",
            (session,),
        ).fetchone()
        said = last_output(call) if last and last[0] == row["key"] else ""
        totals.describe(self._db, session, None, text, said)
