"""Puts a call that has ended where its evidence says, and keeps what it leaves for others. Inside a transaction.

A call whose session is only a default follows the call that it goes on from. A call that names its session takes along
the calls that it goes on from, if nobody has named theirs. What a call shows that nobody has left yet is awaited: calls
are stored in the order of their ends, a large one later than that.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pandaprobe_proxy.model.evidence import Evidence, Key, Kind
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.model.session import DEFAULTS, Clue, Source
from pandaprobe_proxy.sessions.evidence import KEY_BYTES
from pandaprobe_proxy.sessions.infer import MOST_FOUND, Found, Inference, infer
from pandaprobe_proxy.sessions.resolve import CONFIDENCE, SUMMARY_CONFIDENCE
from pandaprobe_proxy.store.sqlite import totals
from pandaprobe_proxy.store.sqlite.codec import from_text, to_text
from pandaprobe_proxy.store.sqlite.columns import write_columns

UNNAMED = (Source.DEFAULT_NEW, Source.TRANSCRIPT, Source.EVIDENCE, Source.ATTEMPT, Source.RETRIEVED)
"""Sources of a session that nobody has named."""
_SURE = frozenset({Kind.CHAIN, Kind.TOOL, Kind.RESPONSE})
_FOUND = (
    "c.key, c.call_id, c.session, c.started_ns, iif(c.turns IS NULL, coalesce(c.ended_ns, c.started_ns), c.started_ns),"
    " coalesce(c.agent, x'')"
)
"""A connection has said something long before its end."""
_LEFT = (
    f"SELECT {_FOUND} FROM evidence AS e JOIN calls AS c ON c.key = e.call WHERE e.key = ? AND c.key != ?"
    f" ORDER BY e.call DESC LIMIT {MOST_FOUND + 1}"
)
_ANSWERED = (
    f"SELECT {_FOUND} FROM calls AS c WHERE c.response_id = ? AND c.key != ? AND c.retrieves IS NULL"
    f" AND EXISTS (SELECT 1 FROM calls AS m WHERE m.key = ? AND m.credential IS c.credential)"
    f" ORDER BY c.key DESC LIMIT {MOST_FOUND + 1}"
)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a call belongs."""

    before: int
    """The key of the session that it is in."""
    columns: dict[str, Any]
    """What its row shall say."""
    inferred: Inference
    lost: bool
    """Only a default says where it is."""


class Placing:
    """Places calls through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def place(self, key: int, record: Record) -> Placed:
        """Where a call belongs that is about to become whole. `settle` it once its row says so."""
        source, trace, session, clues = self._db.execute(
            "SELECT source, trace_id, session, clues FROM calls WHERE key = ?", (key,)
        ).fetchone()
        evidence = record.evidence
        free = source in DEFAULTS and trace is None
        inferred = self._infer(key, evidence, record.opened.started_ns)
        columns: dict[str, Any] = {"agent": evidence.agent or None, "evidence": b"".join(evidence.left) or None}
        if inferred.follows is not None:
            columns["follows"] = inferred.follows.call_id
        clues = _add(clues, record.clues)
        if record.clues:
            columns["clues"] = clues
        named = next((clue for clue in record.clues if clue.valid), None) if free else None
        if named is not None:
            columns |= self._changes(
                clues, self._find_session(named, record.opened.started_ns), named, named.confidence
            )
        elif free and inferred.follows is not None and inferred.kind is not None:
            columns |= self._changes(
                clues, inferred.follows.session, *_explain(inferred.kind, inferred.follows.call_id)
            )
        elif source in DEFAULTS and inferred.candidates:
            columns["clues"] = self._unsure(clues, inferred)
        return Placed(session, columns, inferred, lost=source in DEFAULTS and named is None)

    def settle(self, key: int, placed: Placed, evidence: Evidence) -> int:
        """What follows from it for other calls. The key of the session that the call is in."""
        session = int(placed.columns.get("session", placed.before))
        self._keep(key, evidence)
        inferred = placed.inferred
        if session != placed.before:
            totals.hand_over(self._db, placed.before, session)
            totals.drop_if_empty(self._db, placed.before, session)
        if inferred.follows is not None and inferred.kind is not None:
            self._take_along(key, session, inferred.follows, inferred.kind)
        else:
            self._set_parent(session, inferred.parent)
            if placed.lost and not inferred.candidates:
                self._wait(key, evidence)
        self._answer_waiting(key, evidence)
        return session

    def _keep(self, key: int, evidence: Evidence) -> None:
        """What the call leaves. Its row says it too, so that it can be taken back."""
        rows = [(left, key) for left in evidence.left]
        self._db.executemany("INSERT OR IGNORE INTO evidence (key, call) VALUES (?, ?)", rows)

    def _infer(self, key: int, evidence: Evidence, started_ns: int) -> Inference:
        return infer(evidence, started_ns, lambda shown: self._find(key, shown), self._knows)

    def _find(self, key: int, shown: Key) -> Sequence[Found]:
        if shown.kind is Kind.RESPONSE:
            rows = self._db.execute(_ANSWERED, (shown.value.decode("utf-8", "replace"), key, key))
        else:
            rows = self._db.execute(_LEFT, (shown.value, key))
        return [Found._make(row) for row in rows]

    def _knows(self, session: int, agent: bytes) -> bool:
        found = self._db.execute("SELECT 1 FROM calls WHERE session = ? AND agent = ? LIMIT 1", (session, agent))
        return found.fetchone() is not None

    def _find_session(self, clue: Clue, at_ns: int) -> int:
        """The session that a call's own body names."""
        found = totals.find_session(self._db, clue.value)
        if found is not None:
            return found
        return totals.make_session(self._db, clue.value, clue.source, clue.confidence, at_ns)

    def _changes(self, clues: str | None, session: int, clue: Clue, confidence: float) -> dict[str, Any]:
        """The columns of a call that goes into another session, and why."""
        told = _add(clues, [clue])
        return {"session": session, "source": clue.source, "confidence": confidence, "clues": told}

    def _unsure(self, clues: str | None, inferred: Inference) -> str | None:
        """What spoke for a session and did not suffice."""
        kind = inferred.kind or Kind.LINE
        told = [_explain(kind, found.call_id)[0] for found in inferred.candidates]
        return _add(clues, [replace(clue, valid=False) for clue in told])

    def _take_along(self, key: int, session: int, found: Found, kind: Kind) -> None:
        """A call that stays in its own session takes along what it goes on from, if nobody has named that."""
        if session != found.session and kind in _SURE and self._is_unnamed(found.session):
            self._join(found.session, session, *_explain(kind, self._id(key)))

    def _id(self, key: int) -> str:
        (call_id,) = self._db.execute("SELECT call_id FROM calls WHERE key = ?", (key,)).fetchone()
        return str(call_id)

    def _move(self, key: int, session: int, clue: Clue, confidence: float) -> None:
        (clues,) = self._db.execute("SELECT clues FROM calls WHERE key = ?", (key,)).fetchone()
        old = totals.move(self._db, key, session)
        write_columns(self._db, key, self._changes(clues, session, clue, confidence))
        if old != session:
            totals.hand_over(self._db, old, session)
            totals.drop_if_empty(self._db, old, session)

    def _is_unnamed(self, session: int) -> bool:
        """Nobody has said which session that is, of any of its calls or traces."""
        marks = ", ".join(f"'{source}'" for source in UNNAMED)
        named = self._db.execute(
            f"SELECT 1 FROM calls WHERE session = :key AND (trace_id IS NOT NULL OR source NOT IN ({marks}))"
            " UNION ALL SELECT 1 FROM traces WHERE session = :key LIMIT 1",
            {"key": session},
        ).fetchone()
        return named is None

    def _join(self, old: int, new: int, clue: Clue, confidence: float) -> None:
        """All calls of a session that nobody has named go into another."""
        calls = self._db.execute("SELECT key FROM calls WHERE session = ? ORDER BY key", (old,)).fetchall()
        self._db.execute(
            "UPDATE sessions SET parent = (SELECT session_id FROM sessions WHERE key = ?) WHERE parent ="
            " (SELECT session_id FROM sessions WHERE key = ?)",
            (new, old),
        )
        self._db.execute(
            "UPDATE sessions SET (parent, parent_call, parent_source) = (SELECT parent, parent_call, parent_source"
            " FROM sessions AS o WHERE o.key = ?1) WHERE key = ?2 AND parent IS NULL AND session_id IS NOT"
            " (SELECT parent FROM sessions WHERE key = ?1)",
            (old, new),
        )
        for (key,) in calls:
            self._move(key, new, clue, confidence)

    def _set_parent(self, session: int, parent: Found | None) -> None:
        """The call of another agent began the session."""
        if parent is not None and parent.session != session:
            self._db.execute(
                "UPDATE sessions SET parent = (SELECT session_id FROM sessions WHERE key = ?), parent_call = ?,"
                " parent_source = ? WHERE key = ? AND parent IS NULL",
                (parent.session, parent.call_id, Kind.PROMPT.value, session),
            )

    def _wait(self, key: int, evidence: Evidence) -> None:
        """Nothing says where the call belongs: what it shows may come later."""
        chain = next((shown.value for shown in evidence.shown if shown.kind is Kind.CHAIN), None)
        if chain is not None:
            self._db.execute("INSERT OR IGNORE INTO awaited (key, call) VALUES (?, ?)", (chain, key))
            write_columns(self._db, key, {"awaits": chain})

    def _answer_waiting(self, key: int, evidence: Evidence) -> None:
        """Calls that showed what this one leaves, and were stored before it."""
        if not evidence.left:
            return
        marks = ", ".join("?" * len(evidence.left))
        waiting = self._db.execute(
            f"SELECT a.key, c.key, c.started_ns FROM awaited AS a JOIN calls AS c ON c.key = a.call"
            f" WHERE a.key IN ({marks})",
            evidence.left,
        ).fetchall()
        for chain, call, started_ns in waiting:
            shown = Evidence((Key(Kind.CHAIN, chain),))
            inferred = self._infer(call, shown, started_ns)
            if inferred.follows is not None and inferred.follows.call == key:
                self._stop_waiting(call, chain)
                self._catch_up(call, inferred.follows)

    def _stop_waiting(self, call: int, chain: bytes) -> None:
        self._db.execute("DELETE FROM awaited WHERE key = ? AND call = ?", (chain, call))
        self._db.execute("UPDATE calls SET awaits = NULL WHERE key = ?", (call,))

    def _catch_up(self, call: int, found: Found) -> None:
        """A call that waited goes where the call is that it goes on from, with those that went on from it."""
        write_columns(self._db, call, {"follows": found.call_id})
        (session,) = self._db.execute("SELECT session FROM calls WHERE key = ?", (call,)).fetchone()
        if session == found.session:
            return
        if self._is_unnamed(session):
            self._join(session, found.session, *_explain(Kind.CHAIN, found.call_id))
        elif self._is_unnamed(found.session):
            self._join(found.session, session, *_explain(Kind.CHAIN, self._id(call)))

    def renew(self, key: int, evidence: Evidence) -> None:
        """The call was read anew: it leaves that. Where it is placed stays as it is."""
        self.forget(key)
        left = {"agent": evidence.agent or None, "evidence": b"".join(evidence.left) or None, "awaits": None}
        write_columns(self._db, key, left)
        self._keep(key, evidence)

    def forget(self, key: int) -> None:
        """Takes back what a call left, and stops waiting for what it showed."""
        row = self._db.execute("SELECT evidence, awaits FROM calls WHERE key = ?", (key,)).fetchone()
        if row is None:
            return
        left, awaits = row[0] or b"", row[1]
        rows = [(left[at : at + KEY_BYTES], key) for at in range(0, len(left), KEY_BYTES)]
        self._db.executemany("DELETE FROM evidence WHERE key = ? AND call = ?", rows)
        if awaits:
            self._db.execute("DELETE FROM awaited WHERE key = ? AND call = ?", (awaits, key))


def _explain(kind: Kind, call_id: str) -> tuple[Clue, float]:
    """What is kept as the reason, and how sure it is."""
    source = Source.TRANSCRIPT if kind is Kind.CHAIN else Source.EVIDENCE
    confidence = SUMMARY_CONFIDENCE if kind is Kind.LINE else CONFIDENCE[source]
    return Clue(source, kind.value, call_id, confidence=confidence), confidence


def _add(clues: str | None, more: Sequence[Clue]) -> str | None:
    """The column of clues with these, too."""
    rows = [{name: getattr(clue, name) for name in Clue.__slots__} for clue in more]
    return to_text([*from_text(clues, []), *rows]) if rows else clues
