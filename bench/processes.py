"""What processes cost, as Linux counts it: processor time and memory of a process with all its descendants."""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def descendants(pid):
    """The process and all that came of it."""
    found, at = [pid], 0
    while at < len(found):
        for path in Path(f"/proc/{found[at]}/task").glob("*/children"):
            try:
                found += map(int, path.read_text().split())
            except OSError:
                continue
        at += 1
    return found


def cpu_s(pid):
    """Processor time of one process so far, of its children that were waited for, too."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, words[11:15])) * _TICK_S


def pss_mb(pid):
    """Memory of one process, what it shares counted by its share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@dataclass
class Running:
    """A contender that runs. `relay` is the process whose costs are its relay's; the others' are told apart."""

    name: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    model: str = "scripted"
    started_s: float = 0.0

    def cost(self):
        """(processor seconds of the first process, of all others)."""
        if self.process is None:
            return 0.0, 0.0
        first, *others = descendants(self.process.pid)
        if self.name == "nginx":
            first, others = others[0] if others else first, []
        return cpu_s(first), sum(map(cpu_s, others))

    def memory_mb(self):
        return sum(map(pss_mb, descendants(self.process.pid))) if self.process else 0.0

    def pin(self, core):
        """The first process on one core, where two are; the others on the other one, with the load."""
        if self.process is None or (os.cpu_count() or 1) < 2:
            return
        first, *others = descendants(self.process.pid)
        for pid in (first, *others):
            alone = pid == first or self.name != "pandaprobe"
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core if alone else 1 - core})

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in reversed(descendants(self.process.pid)):
                os.kill(pid, 9)
            self.process.wait()


def wait_until(ready, timeout_s, what, every_s=0.005):
    """Asks again and again; the seconds that it took."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > timeout_s:
            raise TimeoutError(f"{what} is not there after {timeout_s} s")
        time.sleep(every_s)
    return time.monotonic() - began
