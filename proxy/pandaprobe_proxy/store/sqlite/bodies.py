"""Rebuilds a kept body from its recipe."""

import sqlite3

from pandaprobe_proxy.store.base import StoredBody, StoreError
from pandaprobe_proxy.store.sqlite.codec import Codec, from_text


def read_body(
    db: sqlite3.Connection, codec: Codec, recipe: bytes | None, kept: str | None, size: int | None
) -> StoredBody:
    """The body of one direction. Raises StoreError if a piece of it is not there."""
    said = from_text(kept, {})
    return StoredBody(
        data=join(db, codec, recipe),
        size=size or 0,
        coding=said.get("coding", ""),
        redactions=said.get("redactions", 0),
        complete=said.get("complete", True),
        withheld=said.get("withheld", ""),
    )


def join(db: sqlite3.Connection, codec: Codec, recipe: bytes | None) -> bytes:
    """The bytes that a recipe stands for."""
    if recipe is None:
        return b""
    parts = [part if isinstance(part, bytes) else _piece(db, codec, part) for part in codec.read_recipe(recipe)]
    return b"".join(parts)


def _piece(db: sqlite3.Connection, codec: Codec, key: int) -> bytes:
    row = db.execute("SELECT data FROM pieces WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise StoreError(f"piece {key} of a body is missing; the store is damaged.")
    return codec.grow(row[0])
