"""How far each hook has been told, as rows. Each function runs inside a transaction."""

import sqlite3
from collections.abc import Mapping, Sequence

from pandaprobe_proxy.store.lives import HookMark
from pandaprobe_proxy.store.sqlite.rows import select

_MARKS = "SELECT *, (SELECT count(*) FROM changes WHERE number > h.after) AS behind FROM hooks AS h ORDER BY name"


class Hooks:
    """Keeps marks through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def begin(self, names: Sequence[str]) -> Mapping[str, HookMark]:
        """The marks of these. Others go, so that one that comes back is not told what it was not asked for."""
        self._db.execute(f"DELETE FROM hooks WHERE name NOT IN ({', '.join('?' * len(names))})", names)
        self._db.executemany(
            "INSERT OR IGNORE INTO hooks (name, after) SELECT ?, coalesce(max(seq), 0) FROM sqlite_sequence"
            " WHERE name = 'changes'",
            [(name,) for name in names],
        )
        return {mark.name: mark for mark in read_marks(self._db)}

    def mark(self, mark: HookMark) -> None:
        """What is so now."""
        self._db.execute(
            "UPDATE hooks SET after = ?, told = ?, given_up = ?, failures = ?, error = ? WHERE name = ?",
            (mark.after, mark.told, mark.given_up, mark.failures, mark.error, mark.name),
        )


def read_marks(db: sqlite3.Connection) -> list[HookMark]:
    """All that there are, by name."""
    return [HookMark(**dict(row)) for row in select(db, _MARKS)]
