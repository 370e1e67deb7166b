"""Files that only their owner may read, beside the store."""

import os
from pathlib import Path


def write_own(path: Path, data: bytes) -> None:
    """Writes a file of mode 0600, whole or not at all: the disk may be full. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    fd = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    new.rename(path)
