"""The store that some settings name, for reading or for writing."""

from pathlib import Path

from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Reader, Writer
from pandaprobe_proxy.store.errors import StoreBusy, StoreError


def store_path(settings: Settings) -> Path:
    """The database file."""
    return settings.data_dir / "calls.db"


def store_bytes(settings: Settings) -> int:
    """What database and write-ahead log take on disk."""
    path = store_path(settings)
    return sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())


def open_reader(settings: Settings) -> Reader:
    """Read-only; works while a sidecar runs and while none does. Raises StoreError."""
    from pandaprobe_proxy.store.sqlite import open_reader as open_sqlite

    return open_sqlite(store_path(settings))


def open_writer(settings: Settings) -> Writer:
    """The one writer. Raises StoreBusy while a sidecar runs, StoreError otherwise."""
    from pandaprobe_proxy.store.sqlite import open_writer as open_sqlite

    return open_sqlite(store_path(settings))


def open_only_writer(settings: Settings) -> Writer:
    """The same for who found no sidecar running: one that holds the store all the same hangs. Raises StoreError."""
    try:
        return open_writer(settings)
    except StoreBusy as error:
        raise StoreError(f"{error} Its sidecar does not answer; try again when it does.") from error
