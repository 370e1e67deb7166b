"""A call as rows: begun when its Opened comes, ended when its Record comes, or dropped. Inside a transaction.

A connection that is open may have rows of its turns, and what was said in them, before its Record comes.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.lifecycle import Cause
from pandaprobe_proxy.model.record import Body, Opened, Record, Said
from pandaprobe_proxy.model.session import DEFAULTS, Source
from pandaprobe_proxy.store.searched import first_and_last
from pandaprobe_proxy.store.sqlite import changes, totals
from pandaprobe_proxy.store.sqlite.ahead import Ahead
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text, to_text, write_chunks
from pandaprobe_proxy.store.sqlite.columns import NO_CALL, call_values, write_columns, write_marks
from pandaprobe_proxy.store.sqlite.links import Links
from pandaprobe_proxy.store.sqlite.messages import Messages
from pandaprobe_proxy.store.sqlite.pieces import Named, Pieces
from pandaprobe_proxy.store.sqlite.placing import Placing
from pandaprobe_proxy.store.sqlite.taking_back import TakingBack
from pandaprobe_proxy.store.sqlite.turns import Turns

_OPEN = """
INSERT OR IGNORE INTO calls (call_id, run, session, trace_id, parent_span_id, source, confidence, clues, client_key,
    started_ns, outcome, upstream, method, path, url, client, user_id, tags, metadata,
    session_path, agent_id, parent_agent_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


_AT_THE_END = frozenset({"ended_ns", "outcome", "error"})


class Calls:
    """Writes calls through one connection."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec
        self.messages = Messages(connection)
        self._pieces = Pieces(connection, codec)
        self.ahead = Ahead(self._pieces, self.messages)
        self.links = Links(connection)
        self.placing = Placing(connection)
        self.turns = Turns(connection, codec, self.messages, self.links)
        self.taking_back = TakingBack(connection, codec, self._pieces)

    def begin(self, run: str, opened: Opened) -> None:
        """The row of a call that has begun. Nothing if it is there."""
        trace_id = opened.trace_id if opened.trace_id != opened.id else None
        resolution = opened.resolution
        session = self.session(resolution.session_id, resolution.source, resolution.confidence, opened.started_ns)
        if trace_id:
            session = self._follow(trace_id, session, opened)
        clues = [asdict(clue) for clue in resolution.clues]
        added = self._db.execute(
            _OPEN,
            (
                opened.id,
                run,
                session,
                trace_id,
                opened.parent_span_id,
                resolution.source,
                resolution.confidence,
                to_text(clues or None),
                opened.client_key if resolution.source is Source.DEFAULT_CLIENT else None,
                opened.started_ns,
                opened.upstream,
                opened.method,
                opened.path,
                opened.url,
                opened.client,
                opened.user_id,
                to_text(opened.tags or None),
                to_text(opened.metadata),
                opened.session_path,
                opened.agent,
                opened.parent_agent,
            ),
        ).rowcount
        if added:
            self._count_begin(session, opened, trace_id)

    def session(self, session_id: str, source: str, confidence: float, at_ns: int) -> int:
        """The key of a session, made if it is new."""
        found = totals.find_session(self._db, session_id)
        return totals.make_session(self._db, session_id, source, confidence, at_ns) if found is None else found

    def _follow(self, trace_id: str, session: int, opened: Opened) -> int:
        """The session of a call of a named trace. One whose session is only a default goes where its trace is."""
        row = self._db.execute("SELECT session FROM traces WHERE trace_id = ?", (trace_id,)).fetchone()
        if row is None:
            values = (trace_id, session, "trace", "RUNNING", opened.started_ns, opened.user_id)
            self._db.execute(
                "INSERT INTO traces (trace_id, session, name, status, started_ns, origin, user_id)"
                " VALUES (?, ?, ?, ?, ?, 'proxy', ?)",
                values,
            )
            self._db.execute("UPDATE sessions SET traces = traces + 1 WHERE key = ?", (session,))
            return session
        if opened.resolution.source in DEFAULTS and row[0] != session:
            totals.drop_if_empty(self._db, session)
            return int(row[0])
        return session

    def _count_begin(self, session: int, opened: Opened, trace_id: str | None) -> None:
        self._db.execute(
            "UPDATE sessions SET calls = calls + 1, open_calls = open_calls + 1, traces = traces + ?,"
            " started_ns = min(started_ns, ?), last_ns = max(last_ns, ?), user_id = coalesce(user_id, ?),"
            " touched_ns = steady_ns() WHERE key = ?",
            (0 if trace_id else 1, opened.started_ns, opened.started_ns, opened.user_id, session),
        )
        changes.stir(self._db, session, opened.started_ns, Cause.CALL)
        if opened.parent_session:
            self._db.execute(
                "UPDATE sessions SET parent = ?1, parent_source = ?2 WHERE key = ?3 AND parent IS NULL"
                " AND session_id != ?1",
                (opened.parent_session, Source.HEADER, session),
            )
        if opened.tags:
            totals.add_tags(self._db, session, opened.tags)

    def add_settled(self, record: Record) -> None:
        """What is settled of a connection that is open: its turns have rows, its own stays open. Nothing if it is not.

        Which session it is in by what it says, is found out when it ends.
        """
        found = self._open_row(record.opened.id)
        if found is None or record.call is None:
            self.ahead.drop(record.opened.id)
            return
        key, said = found[0], self._ended(record)
        counted = totals.count(self._db, key)
        self._pieces.let_go(key)
        columns = {name: value for name, value in said.items() if name not in _AT_THE_END}
        write_columns(self._db, key, columns | call_values(record.call))
        totals.count_again(self._db, key, counted)
        self.turns.add(key, record.call.turns)
        started_ns = record.opened.started_ns
        last_ns = max(turn.ended_ns or 0 for turn in record.call.turns)
        (session,) = self._db.execute("SELECT session FROM calls WHERE key = ?", (key,)).fetchone()
        totals.widen(self._db, session, started_ns, started_ns + last_ns)

    def drop(self, call_id: str) -> None:
        """A call that has begun will never be whole."""
        self.ahead.drop(call_id)
        found = self._open_row(call_id)
        if found is None:
            return
        key, settled = found
        if settled:
            self.taking_back.take_back(key)
        totals.drop(self._db, key)

    def end(self, run: str, record: Record) -> None:
        """Makes a call's row terminal, with its bodies and messages. Nothing if it is terminal already."""
        found = self._open_row(record.opened.id)
        if found is None:
            self.begin(run, record.opened)
            found = self._open_row(record.opened.id)
        if found is None:
            return
        key, settled = found
        turns = record.call.turns if record.call else ()
        compared = self.turns.compare(key, turns) if settled else None
        if compared and compared.differing and self._hides_more(key, record):
            self.taking_back.take_back(key)
            compared = None
        counted = totals.count(self._db, key)
        placed = self.placing.place(key, record)
        said = self._ended(record)
        if compared:
            self._pieces.let_go(key)
            said = dict.fromkeys(call_values(NO_CALL)) | said
        write_columns(self._db, key, said | call_values(record.call) | placed.columns)
        totals.count_again(self._db, key, counted)
        if compared:
            self.turns.follow(key, placed.before)
        session = self.placing.settle(key, placed, record.evidence)
        totals.widen(self._db, session, record.opened.started_ns, record.ended_ns)
        if turns or compared:
            self.turns.put(key, turns, compared)
        if record.call is not None and not turns:
            self._read(session, key, record.call, record.said)
            self.links.tie_answer(key, record.call, record.credential or None, record.opened.upstream)
        self.links.tie_attempt(key, record)

    def _hides_more(self, key: int, record: Record) -> bool:
        """Whether less of what was said may be kept than while the connection was open."""
        kept = self._db.execute("SELECT request_kept, response_kept FROM calls WHERE key = ?", (key,)).fetchone()
        before = [from_text(text) or {} for text in kept]
        bodies = (record.request, record.response)
        withheld = any(body.withheld and "withheld" not in held for body, held in zip(bodies, before, strict=True))
        if withheld or not record.call or not record.call.turns:
            return True
        return sum(body.redactions for body in bodies) > sum(int(held.get("redactions", 0)) for held in before)

    def _read(self, session: int, key: int, call: Call, said: Sequence[Said]) -> None:
        totals.describe(self._db, session, call.model or call.requested_model, *first_and_last(call))
        self.messages.keep(session, key, said)

    def _open_row(self, call_id: str) -> tuple[int, bool] | None:
        """(its key, whether something of it is settled); None if it is not open."""
        row = self._db.execute(
            "SELECT key, turns IS NOT NULL FROM calls WHERE call_id = ? AND outcome = 'open'", (call_id,)
        ).fetchone()
        return (int(row[0]), bool(row[1])) if row else None

    def _ended(self, record: Record) -> dict[str, Any]:
        """The columns that say what crossed the wire."""
        codec = self._codec
        request, response = self.ahead.take(record)
        return {
            "ended_ns": record.ended_ns,
            "outcome": record.outcome,
            "error": record.error or None,
            "status": record.status,
            "reason": record.reason or None,
            "credential": record.credential or None,
            "owner": record.owner or None,
            "warnings": to_text(record.warnings or None),
            "marks": write_marks(codec, record.marks),
            "chunks": write_chunks(codec, record.chunks, record.request_chunks),
            "request_bytes": record.request.size,
            "response_bytes": record.response.size,
            "request_headers": codec.write_json(record.request_headers),
            "response_headers": codec.write_json(record.response_headers),
            "request": self._keep_body(request),
            "response": self._keep_body(response),
            "request_kept": _kept(record.request),
            "response_kept": _kept(record.response),
        }

    def _keep_body(self, named: Sequence[Named]) -> bytes | None:
        """The recipe of a body, its pieces stored."""
        if not named:
            return None
        return self._codec.write_recipe([self._pieces.use(name, piece) for piece, name in named])


def _kept(body: Body) -> str | None:
    """What there is to say of how a body was kept; nothing for the common case."""
    said: Mapping[str, Any] = {
        name: value
        for name, value, usual in (
            ("coding", body.coding, ""),
            ("redactions", body.redactions, 0),
            ("complete", body.complete, True),
            ("withheld", body.withheld, ""),
        )
        if value != usual
    }
    return to_text(said) if said else None
