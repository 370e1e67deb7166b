"""Brings the write-ahead log into the database and onto the disk, once a second while something is written.

SQLite would do it by itself at the end of a commit, and say nothing if the disk refuses. So here it is done before a
commit: one that could not last is not taken, the store is degraded, and whoever asks can see it.
"""

import sqlite3
import time
from collections.abc import Callable

from pandaprobe_proxy.store.errors import StoreError

EVERY_S = 1.0


class WriteBack:
    """`clock` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tried_s = clock()
        self._done = 0
        """How many changes of this connection are on the disk."""
        self._error = ""

    def run(self, connection: sqlite3.Connection) -> None:
        """Does it if it is time to. Raises sqlite3.Error if it cannot be done.

        After an I/O error it is tried once a second, on a connection that the caller makes anew; StoreError meanwhile.
        """
        if self._clock() - self._tried_s < EVERY_S:
            if self._error:
                raise StoreError(self._error)
            return
        if connection.total_changes == self._done and not self._error:
            return
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_IOERR:
                raise  # a full disk, for one: there may be space again at any moment
            self._tried_s = self._clock()
            self._error = f"what was committed could not be brought onto the disk ({error}); check the disk."
            raise
        self._tried_s = self._clock()
        self._error = ""
        self._done = connection.total_changes
