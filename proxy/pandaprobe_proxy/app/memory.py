"""How much memory this process may take, and what of it the ring and the bodies held get where nobody says."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pandaprobe_proxy.settings import MIB, Settings

RING_BYTES = 128 * MIB
HELD_BYTES = 256 * MIB
LEAST_BYTES = 16 * MIB
PART = 4
"""Neither takes more than this part of the memory that there is."""


def choose_ring(settings: Settings, memory_bytes: int) -> int:
    """The size of the ring; whole megabytes, unless the user says otherwise."""
    return settings.ring_bytes or _share(RING_BYTES, memory_bytes)


def choose_held(settings: Settings, memory_bytes: int) -> int:
    """How much of bodies that are not stored yet may be held."""
    return settings.max_held_bytes or _share(HELD_BYTES, memory_bytes)


def _share(usual: int, memory_bytes: int) -> int:
    return max(LEAST_BYTES, min(usual, memory_bytes // PART // MIB * MIB))


def read_memory(root: Path = Path("/")) -> int:
    """Bytes that the machine has, or that a cgroup above this process allows it if that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min((physical, *_limits(root)))


def _limits(root: Path) -> Iterator[int]:
    """Of both versions (kernel.org, cgroup-v2 "Memory Interface Files" and cgroup-v1 "memory"), of all groups above.

    In a container the path may be that of the host, which is not there; its own group is then the root.
    """
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base, name = ("memory", "memory.limit_in_bytes") if controllers else (".", "memory.max")
        top = root / "sys/fs/cgroup" / base
        group = top / path.lstrip("/")
        for place in (group, *group.parents):
            told = _read(place / name).strip()
            if told.isdigit():
                yield int(told)
            if place == top:
                break


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ""
