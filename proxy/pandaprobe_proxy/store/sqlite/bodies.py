"""Rebuilds kept bodies from their recipes."""

import sqlite3

from pandaprobe_proxy.store.base import StoredBody
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text

HELD_BYTES = 16 * 1024 * 1024


class Bodies:
    """Reads bodies through one connection, for one question.

    The calls of a conversation are made of the same pieces: each is read once, as far as there is room to hold it.
    """

    def __init__(self, db: sqlite3.Connection, codec: Codec) -> None:
        self._db = db
        self.codec = codec
        self._pieces: dict[int, bytes] = {}
        self._held_bytes = 0

    def read(self, recipe: bytes | None, kept: str | None, size: int | None) -> StoredBody:
        """The body of one direction. Raises StoreError if a piece of it is not there."""
        said = from_text(kept, {})
        return StoredBody(
            data=self._join(recipe),
            size=size or 0,
            coding=said.get("coding", ""),
            redactions=said.get("redactions", 0),
            complete=said.get("complete", True),
            withheld=said.get("withheld", ""),
        )

    def _join(self, recipe: bytes | None) -> bytes:
        """The bytes that a recipe stands for."""
        if recipe is None:
            return b""
        return b"".join(
            part if isinstance(part, bytes) else self._pieces.get(part) or self._piece(part)
            for part in self.codec.read_recipe(recipe)
        )

    def _piece(self, key: int) -> bytes:
        row = self._db.execute("SELECT data FROM pieces WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise StoreError(f"piece {key} of a body is missing; the store is damaged.")
        data = self.codec.grow(row[0])
        if self._held_bytes + len(data) <= HELD_BYTES:
            self._pieces[key] = data
            self._held_bytes += len(data)
        return data
