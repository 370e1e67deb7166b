"""Opens the file: exactly one writing connection, guarded by a lock; read-only ones besides; a ballast for full disks.

Only the writer writes or checkpoints, so a store is safe from SQLite's WAL-reset fault (3.7.0 to 3.51.2), which needs
two connections that do. A full SQLite cannot even delete: the ballast is a file that is given up first, so that it can.
"""

import errno
import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pandaprobe_proxy.store.errors import StoreBusy, StoreError, StoreFull

BUSY_MS = 1000
WAL_LIMIT_BYTES = 16 * 1024 * 1024
CHECKED_BYTES = 128 * 1024 * 1024  # larger files are not read whole at every start
STEPS = frozenset(
    {"m001_ground", "m002_every_dialect", "m003_turns", "m004_placed", "m005_corrected", "m006_lifecycle"}
    | {"m007_evaluated", "m008_labels", "m009_judges", "m010_viewed"}
)
"""The names of all migrations; here, because naming them in `schema` costs a reader the import of sqlite-utils."""


class Opening:
    """How a writer gets its connection, and gets it again after an I/O error. Holds the lock for its life."""

    def __init__(
        self, path: Path, ballast_bytes: int, max_page_count: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self._ballast = path.with_name(path.name + ".ballast")
        self._ballast_bytes = ballast_bytes
        self._max_page_count = max_page_count
        self._clock = clock
        self.quarantined: Path | None = None
        self._lock = _lock(path)

    def connect(self) -> sqlite3.Connection:
        """The writing connection, on a store of this version's schema. A corrupt file is put aside first."""
        with told(self.path):
            if self.path.exists() and not _is_sound(self.path):
                self._quarantine()
            connection = self._open()
        self.load_ballast()
        return connection

    def _open(self) -> sqlite3.Connection:
        from pandaprobe_proxy.store.sqlite.schema import migrate

        fd = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        os.close(fd)
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # see write_back
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
            if self._max_page_count:
                connection.execute(f"PRAGMA max_page_count = {self._max_page_count}")
            check_version(connection, self.path, writes=True)
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _quarantine(self) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self._clock()))
        aside = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        self.path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
        self.quarantined = aside

    def load_ballast(self) -> None:
        """Makes the ballast, where there is room for twice as much."""
        if not self._ballast_bytes or self._ballast.exists():
            return
        with suppress(OSError):
            if shutil.disk_usage(self.path.parent).free > 2 * self._ballast_bytes:
                fd = os.open(self._ballast, os.O_CREAT | os.O_WRONLY, 0o600)
                try:
                    os.posix_fallocate(fd, 0, self._ballast_bytes)
                finally:
                    os.close(fd)

    def wal_bytes(self) -> int:
        """The size of the write-ahead log."""
        return _size(self.path.with_name(self.path.name + "-wal"))

    def file_bytes(self) -> int:
        """The size of the database, free pages included."""
        return _size(self.path)

    def drop_ballast(self) -> bool:
        """Gives the ballast up; False if there is none."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Lets others write."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def give_back(connection: sqlite3.Connection, pages: int = 0) -> None:
    """Gives free pages back to the file system, at most so many; 0 for all. Outside of a transaction."""
    # As a script: of a statement whose rows have no columns, `execute` runs the first step only, and that is one page.
    connection.executescript(f"PRAGMA incremental_vacuum({pages})")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _lock(path: Path) -> int | None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot hold a store ({error.strerror}); choose another with --data-dir."
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(fd)
        raise StoreBusy(f"process {holder} already writes to {path}; stop it or choose another --data-dir.") from error
    with suppress(OSError):  # only a note of who holds it, which a full disk may not take
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


def _is_sound(path: Path) -> bool:
    """Whether this is a database that opens and whose pages hang together."""
    if path.stat().st_size == 0:
        return True
    try:
        connection = sqlite3.connect(path, timeout=BUSY_MS / 1000)
        try:
            check = (
                "PRAGMA quick_check(1)" if path.stat().st_size <= CHECKED_BYTES else "SELECT 'ok' FROM sqlite_master"
            )
            row = connection.execute(check).fetchone() or ("ok",)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if is_corrupt(error):
            return False
        raise
    return bool(row[0] == "ok")


def is_corrupt(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def check_version(connection: sqlite3.Connection, path: Path, writes: bool) -> None:
    """Raises StoreError if a later version made the store, or, for who cannot change it, an earlier one."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone() is None:
        return
    rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'pandaprobe'").fetchall()
    unknown = {name for (name,) in rows} - STEPS
    if unknown:
        raise StoreError(
            f"{path} was made by a newer version of pandaprobe-proxy; update it, or choose another --data-dir."
        )
    if not writes and len(rows) < len(STEPS):
        raise StoreError(
            f"{path} was made by an older version of pandaprobe-proxy; run `pandaprobe-proxy serve` with it once."
        )


def connect_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection. Raises StoreError."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}; start a sidecar with this --data-dir first.")
    with told(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        check_version(connection, path, writes=False)
        found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'dictionaries'").fetchone()
    if not found[0]:
        connection.close()
        raise StoreError(f"{path} holds no calls yet; try again in a moment, or check --data-dir.")
    return connection


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system raise into StoreError and its kinds, one sentence each."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StoreFull(f"there is no space left for {path}; free some, or lower --keep-bytes.") from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreBusy(f"another program holds {path}; close it.") from error
        raise StoreError(f"{path} cannot be used ({error}); check the disk, or choose another --data-dir.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreFull(f"there is no space left for {path}; free some, or lower --keep-bytes.") from error
        raise StoreError(
            f"{path} cannot be used ({error.strerror}); check it, or choose another --data-dir."
        ) from error
