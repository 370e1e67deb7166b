"""The embedded store: one SQLite file in WAL mode. The only owner of sqlite3 and sqlite-utils.

schema   tables, views, migrations          connect  opening: one writer, many readers, ballast, quarantine
codec    small bytes: pieces, recipes       write    the Writer: batches in one transaction
calls    a Record as rows                   traces   posted traces and spans as rows
lives    the states of sessions             changes  what is told of them          hooks    how far hooks were told
write_back  the log onto the disk
forget   deleting and trimming              read     the Reader            rows  rows as values
"""

from pathlib import Path

from pandaprobe_proxy.store.base import Reader, Writer
from pandaprobe_proxy.store.clocks import Clocks


def open_writer(
    path: Path,
    *,
    ballast_bytes: int = 4 * 1024 * 1024,
    max_page_count: int | None = None,
    clocks: Clocks | None = None,
) -> Writer:
    """The one writer of the store at `path`, made if it is not there. Raises StoreBusy, StoreFull or StoreError.

    `max_page_count` bounds the file in pages of 4096 bytes, so that a full disk can be had without one.
    """
    from pandaprobe_proxy.store.sqlite.connect import Opening
    from pandaprobe_proxy.store.sqlite.write import SqliteWriter

    return SqliteWriter(Opening(path, ballast_bytes, max_page_count), clocks)


def open_reader(path: Path) -> Reader:
    """A read-only view of the store at `path`. Raises StoreError with one sentence if it cannot be read."""
    from pandaprobe_proxy.store.sqlite.read import SqliteReader

    return SqliteReader(path)
