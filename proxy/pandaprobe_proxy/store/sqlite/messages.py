"""Messages as rows: each once, searchable, with the call that brought it into a session. Inside a transaction.

The index of words keeps no text, and a message can be taken out of it only by saying again exactly what was put in.
`indexed` is a hash of that. Where it can be said no more, because another version of a decoder read it, the words stay
behind under a key that is never used again: they lead to no message, and a search passes over them.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from pandaprobe_proxy.model.record import Said


class Messages:
    """Writes messages through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def keep(self, session: int, call: int, messages: Sequence[Said]) -> None:
        """A call brought these into the session; those that are there already were brought by another."""
        for said in messages:
            self._db.execute("INSERT OR IGNORE INTO session_messages VALUES (?, ?, ?)", (session, self.add(said), call))

    def add(self, said: Said) -> int:
        """The key of a message, which is stored if it is new."""
        row = self._db.execute("SELECT key FROM messages WHERE digest = ?", (said.digest,)).fetchone()
        return int(row[0]) if row else self._add(said)

    def _add(self, said: Said) -> int:
        made = self._db.execute(
            "INSERT INTO messages (digest, role, indexed) VALUES (?, ?, ?)", (said.digest, said.role, _hash(said.text))
        )
        key = int(made.lastrowid or 0)
        if said.text:
            self._db.execute("INSERT INTO messages_fts (rowid, text) VALUES (?, ?)", (key, said.text))
        return key

    def drop_unused(self, said: Said) -> None:
        """The message goes if no session has it."""
        row = self._db.execute(
            "SELECT key FROM messages AS m WHERE digest = ?"
            " AND NOT EXISTS (SELECT 1 FROM session_messages WHERE message = m.key)",
            (said.digest,),
        ).fetchone()
        if row:
            self.forget(row[0], said.text)

    def renew(self, session: int, call: int, messages: Sequence[Said]) -> None:
        """A call was read anew: these are what it brought, and what it was thought to have brought goes."""
        kept = {said.digest: said for said in messages}
        for key, name, indexed in self._brought_by(session, call):
            said = kept.get(name)
            if said is None:
                self._take_out_of(session, key)
            elif indexed != _hash(said.text):
                self._index_again(key, said)
        self.keep(session, call, tuple(kept.values()))

    def brought_by(self, calls: Mapping[int, int]) -> dict[int, set[tuple[bytes, bytes | None]]]:
        """What tells the messages that each of these calls, in its session, brought into that."""
        brought: dict[int, set[tuple[bytes, bytes | None]]] = {}
        for session in set(calls.values()):
            rows = self._db.execute(
                "SELECT i.call, m.digest, m.indexed FROM session_messages AS i JOIN messages AS m ON m.key = i.message"
                " WHERE i.session = ?",
                (session,),
            )
            for call, name, indexed in rows:
                if calls.get(call) == session:
                    brought.setdefault(call, set()).add((name, indexed))
        return brought

    def _brought_by(self, session: int, call: int) -> list[tuple[int, bytes, bytes | None]]:
        return self._db.execute(
            "SELECT m.key, m.digest, m.indexed FROM session_messages AS i JOIN messages AS m ON m.key = i.message"
            " WHERE i.session = ? AND i.call = ?",
            (session, call),
        ).fetchall()

    def _take_out_of(self, session: int, key: int) -> None:
        self._db.execute("DELETE FROM session_messages WHERE session = ? AND message = ?", (session, key))
        self._db.execute(
            "DELETE FROM messages WHERE key = :key"
            " AND NOT EXISTS (SELECT 1 FROM session_messages WHERE message = :key)",
            {"key": key},
        )

    def _index_again(self, old: int, said: Said) -> None:
        """What it said is the same, what can be searched of it is not: it gets a new key."""
        self._db.execute("DELETE FROM messages WHERE key = ?", (old,))
        new = self._add(said)
        self._db.execute("UPDATE session_messages SET message = ? WHERE message = ?", (new, old))

    def forget(self, key: int, text: str) -> None:
        """Nobody has the message any more. `text` is what the call that brought it holds under its digest."""
        (indexed,) = self._db.execute("SELECT indexed FROM messages WHERE key = ?", (key,)).fetchone()
        if text and indexed in (None, _hash(text)):  # older rows do not say
            self._db.execute(
                "INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', ?, ?)", (key, text)
            )
        self._db.execute("DELETE FROM messages WHERE key = ?", (key,))


def identify(said: Said) -> tuple[bytes, bytes]:
    """What tells a message, and the words under which it is found, from others."""
    return said.digest, _hash(said.text)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
