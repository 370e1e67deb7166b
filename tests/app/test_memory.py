"""How large the ring is, and how much is held, where nobody says: by the memory that there is."""

from pathlib import Path

import pytest
from pandaprobe_proxy.app.memory import choose_held, choose_ring, read_memory
from pandaprobe_proxy.settings import MIB, Settings

GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("memory", "ring", "held"),
    [
        (64 * GIB, 128 * MIB, 256 * MIB),
        (512 * MIB, 128 * MIB, 128 * MIB),
        (256 * MIB, 64 * MIB, 64 * MIB),
        (250 * MIB + 1, 62 * MIB, 62 * MIB),
        (10 * MIB, 16 * MIB, 16 * MIB),
    ],
)
def test_neither_takes_more_than_a_quarter_of_the_memory(memory: int, ring: int, held: int) -> None:
    assert choose_ring(Settings(), memory) == ring
    assert choose_held(Settings(), memory) == held


def test_what_the_user_says_counts() -> None:
    said = Settings(ring_bytes=300 * MIB, max_held_bytes=MIB)
    assert (choose_ring(said, 256 * MIB), choose_held(said, 256 * MIB)) == (300 * MIB, MIB)


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_where_nothing_limits_it_the_machine_does(tmp_path: Path) -> None:
    assert read_memory(tmp_path) > 64 * MIB


def test_the_least_of_the_groups_above_counts(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/kube/pod/own\n")
    write(tmp_path, "sys/fs/cgroup/kube/pod/own/memory.max", "max\n")
    write(tmp_path, "sys/fs/cgroup/kube/pod/memory.max", f"{40 * MIB}\n")
    write(tmp_path, "sys/fs/cgroup/kube/memory.max", f"{50 * MIB}\n")
    assert read_memory(tmp_path) == 40 * MIB


def test_in_a_container_its_own_group_is_the_root(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "sys/fs/cgroup/memory.max", f"{30 * MIB}\n")
    assert read_memory(tmp_path) == 30 * MIB


def test_the_older_version_of_groups_is_read_too(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/ab12\n1:cpu:/\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", f"{20 * MIB}\n")
    write(tmp_path, "sys/fs/cgroup/memory.max", f"{10 * MIB}\n")
    assert read_memory(tmp_path) == 20 * MIB
