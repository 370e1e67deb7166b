"""Bodies as rows: each piece once, whatever repeats it. Inside a transaction.

A piece that is stored ahead of its call has no uses until the call's row has it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from pandaprobe_proxy.store.sqlite.codec import INLINE_BYTES, Codec, Part

MOST_BYTES = 512 * 1024
"""Of a piece; a longer one is several, so that no transaction needs to write more than that at once."""

Named = tuple[bytes, bytes]
"""A piece and its digest, which is empty where the piece lies in the recipe itself."""


class Pieces:
    """Writes pieces through one connection."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._db = connection
        self._codec = codec

    def add(self, name: bytes, piece: bytes) -> None:
        """Stores a piece that nobody uses yet, if it is new."""
        if self._db.execute("SELECT 1 FROM pieces WHERE digest = ?", (name,)).fetchone() is None:
            self._insert(name, piece, 0)

    def use(self, name: bytes, piece: bytes) -> Part:
        """One more use of a piece: what a recipe says of it."""
        if not name:
            return piece
        row = self._db.execute("UPDATE pieces SET uses = uses + 1 WHERE digest = ? RETURNING key", (name,)).fetchone()
        return int(row[0]) if row else self._insert(name, piece, 1)

    def _insert(self, name: bytes, piece: bytes, uses: int) -> int:
        values = (name, uses, self._codec.shrink(piece))
        made = self._db.execute("INSERT INTO pieces (digest, uses, data) VALUES (?, ?, ?)", values)
        return int(made.lastrowid or 0)

    def let_go(self, call: int) -> int:
        """One use less of each piece in the recipes of the call in that row; the bytes that this freed."""
        recipes = self._db.execute("SELECT request, response FROM calls WHERE key = ?", (call,)).fetchone()
        freed = 0
        for recipe in filter(None, recipes):
            freed += len(recipe)
            for part in self._codec.read_recipe(recipe):
                if not isinstance(part, bytes):
                    freed += self._let_go(part)
        return freed

    def _let_go(self, key: int) -> int:
        self._db.execute("UPDATE pieces SET uses = uses - 1 WHERE key = ?", (key,))
        gone = self._db.execute("DELETE FROM pieces WHERE key = ? AND uses <= 0 RETURNING length(data)", (key,))
        return sum(size for (size,) in gone.fetchall())

    def drop_unused(self, name: bytes) -> None:
        """The piece goes if nobody uses it."""
        self._db.execute("DELETE FROM pieces WHERE digest = ? AND uses <= 0", (name,))


def name_pieces(pieces: Sequence[bytes]) -> Iterator[Named]:
    """The pieces of a body as they are stored, in order."""
    for piece in pieces:
        for at in range(0, len(piece), MOST_BYTES):
            part = piece[at : at + MOST_BYTES]
            yield part, blake2b(part, digest_size=16).digest() if len(part) >= INLINE_BYTES else b""
