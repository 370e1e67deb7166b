"""Takes what was said back out of sessions, and out of the index of words. Inside a transaction.

The index keeps no text, so a message is taken out of it by saying again what was put in: it is read from the bodies of
the call that brought it, which have to be there still.
"""

import sqlite3
from collections.abc import Iterable

from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.searched import searchable
from pandaprobe_proxy.store.sqlite.codec import Codec, to_text
from pandaprobe_proxy.store.sqlite.decoding import Decoding
from pandaprobe_proxy.store.sqlite.messages import Messages
from pandaprobe_proxy.store.sqlite.rows import CALL, select

_ALONE = (
    "SELECT m.key, m.digest, i.call FROM session_messages AS i JOIN messages AS m ON m.key = i.message WHERE {} AND NOT"
    " EXISTS (SELECT 1 FROM session_messages AS o WHERE o.message = i.message AND o.session != i.session)"
)
_OF_SESSION = "i.session = ?"
_OF_CALLS = "i.session IN (SELECT value FROM json_each(?)) AND i.call IN (SELECT value FROM json_each(?))"


class Unsaying:
    """Works through one connection."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec
        self._rows = Messages(connection)

    def forget_session(self, session: int) -> None:
        """All that was said in a session."""
        self._forget(Decoding(self._db, self._codec, decode), _OF_SESSION, session)

    def forget_calls(self, sessions: Iterable[int], calls: Iterable[int], decoding: Decoding) -> None:
        """What these calls brought into these sessions."""
        self._forget(decoding, _OF_CALLS, to_text([*sessions]), to_text([*calls]))

    def _forget(self, decoding: Decoding, condition: str, *values: int | str | None) -> None:
        """A message that no other session has goes out of the index, too."""
        by_call: dict[int, list[tuple[int, bytes]]] = {}
        for key, name, owner in self._db.execute(_ALONE.format(condition), values).fetchall():
            by_call.setdefault(owner, []).append((key, name))
        for owner, messages in by_call.items():
            said = {digest(message): message for message in self._messages_of(owner, decoding)}
            for key, name in messages:
                self._rows.forget(key, searchable(said[name]) if name in said else "")
        self._db.execute(f"DELETE FROM session_messages AS i WHERE {condition}", values)

    def _messages_of(self, key: int, decoding: Decoding) -> tuple[Message, ...]:
        rows = select(self._db, f"{CALL} WHERE c.key = ?", (key,))
        call = decoding.call(rows[0]) if rows else None
        return (*call.input, *call.output) if call else ()
