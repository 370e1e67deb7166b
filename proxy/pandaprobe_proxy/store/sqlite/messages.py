"""Messages as rows: each once, searchable, with the call that brought it into a session. Inside a transaction.

The index of words keeps no text, and a message can be taken out of it only by saying again exactly what was put in.
`indexed` is a hash of that. Where it can be said no more, because another version of a decoder read it, the words stay
behind under a key that is never used again: they lead to no message, and a search passes over them.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b

from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.media import leave_out

FIRST_INPUT_CHARS = 200
MOST_MESSAGES = 2000
"""Of a call with more messages, the last ones can be found; those before them came with an earlier call."""


class Messages:
    """Writes messages through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def keep(self, session: int, call: int, messages: Sequence[Message]) -> None:
        """A call brought these into the session; those that are there already were brought by another."""
        for message in messages[-MOST_MESSAGES:]:
            found = self._keep_one(message)
            self._db.execute("INSERT OR IGNORE INTO session_messages VALUES (?, ?, ?)", (session, found, call))

    def _keep_one(self, message: Message) -> int:
        name = digest(message)
        row = self._db.execute("SELECT key FROM messages WHERE digest = ?", (name,)).fetchone()
        return int(row[0]) if row else self._add(name, message)

    def _add(self, name: bytes, message: Message) -> int:
        text = searchable(message)
        made = self._db.execute(
            "INSERT INTO messages (digest, role, indexed) VALUES (?, ?, ?)", (name, message.role, _hash(text))
        )
        key = int(made.lastrowid or 0)
        if text:
            self._db.execute("INSERT INTO messages_fts (rowid, text) VALUES (?, ?)", (key, text))
        return key

    def renew(self, session: int, call: int, messages: Sequence[Message]) -> None:
        """A call was read anew: these are what it brought, and what it was thought to have brought goes."""
        kept = {digest(message): message for message in messages[-MOST_MESSAGES:]}
        for key, name, indexed in self._brought_by(session, call):
            message = kept.get(name)
            if message is None:
                self._take_out_of(session, key)
            elif indexed != _hash(searchable(message)):
                self._index_again(key, name, message)
        self.keep(session, call, tuple(kept.values()))

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

    def _index_again(self, old: int, name: bytes, message: Message) -> None:
        """What it said is the same, what can be searched of it is not: it gets a new key."""
        self._db.execute("DELETE FROM messages WHERE key = ?", (old,))
        new = self._add(name, message)
        self._db.execute("UPDATE session_messages SET message = ? WHERE message = ?", (new, old))

    def forget(self, key: int, message: Message | None) -> None:
        """Nobody has the message any more. `message` is what the call that brought it holds under its digest."""
        text = searchable(message) if message else ""
        (indexed,) = self._db.execute("SELECT indexed FROM messages WHERE key = ?", (key,)).fetchone()
        if text and indexed in (None, _hash(text)):  # older rows do not say
            self._db.execute(
                "INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', ?, ?)", (key, text)
            )
        self._db.execute("DELETE FROM messages WHERE key = ?", (key,))


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def searchable(message: Message) -> str:
    """What of a message can be searched: its text, refusal, reasoning, tools and arguments. No base64."""
    calls = [f"{call.name} {call.arguments}" for call in message.tool_calls]
    texts = (message.text, message.refusal, message.reasoning, *calls)
    return "\n".join(leave_out(text) for text in texts if text).replace("\0", " ")


def first_input(call: Call) -> str:
    """The first thing that a user said in it, cut."""
    return next((message.text for message in call.input if message.role == "user" and message.text), "")[
        :FIRST_INPUT_CHARS
    ]
