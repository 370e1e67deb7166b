"""The kernel's rules of the transparent mode: what is redirected to this sidecar. Put in place, and undone.

A chain of our own in the nat table and one jump to it, per family, written at once by `iptables-restore --noflush`:
whatever else is in the tables stays as it is. They hold for the network namespace in which this is run.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHAIN = "PANDAPROBE"
JUMP = f"-A OUTPUT -p tcp -j {CHAIN}"
UNUSED = '-m comment --comment "nat was not in use before"'
"""Remembers that the table itself came with our rules, so that it can go with them."""
HAS_IPV6 = Path("/proc/net/if_inet6")
SAFE = ("--wait", "5")
"""Seconds for another who writes rules at this moment."""


class RulesError(Exception):
    """Rules cannot be read or written. One sentence: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Family:
    """One of the two families of addresses, and the programs of its rules."""

    name: str
    program: str
    loopback: str
    table: str
    """As nft calls it."""


FAMILIES = (
    Family("IPv4", "iptables", "127.0.0.0/8", "ip nat"),
    Family("IPv6", "ip6tables", "::1/128", "ip6 nat"),
)


@dataclass(frozen=True, slots=True)
class Redirection:
    """What is redirected: TCP connections to these ports, of every user but the sidecar's own, to a port here."""

    uid: int
    ports: tuple[int, ...]
    to_port: int

    def rules(self, family: Family, is_first: bool = False) -> list[str]:
        """Those of our chain, as `iptables-save` writes them; they may be the first in their table."""
        mark = f"{UNUSED} " if is_first else ""
        own = f"-A {CHAIN} -m owner --uid-owner {self.uid} {mark}-j RETURN"
        within = f"-A {CHAIN} -d {family.loopback} -j RETURN"
        taken = f"-A {CHAIN} -p tcp -m tcp --dport {{}} -j REDIRECT --to-ports {self.to_port}"
        return [own, within, *(taken.format(port) for port in self.ports)]


def written(rules: Sequence[str], jump: bool = True) -> str:
    """The input of `iptables-restore --noflush`; what was in our chain before is replaced."""
    return "\n".join(["*nat", f":{CHAIN} - [0:0]", *rules, *([JUMP] if jump else ()), "COMMIT"]) + "\n"


def unwritten(jumps: int = 1) -> str:
    """The input that undoes them; `jumps` is how many there are."""
    undone = [JUMP.replace("-A", "-D", 1)] * jumps
    return "\n".join(["*nat", *undone, f"-F {CHAIN}", f"-X {CHAIN}", "COMMIT"]) + "\n"


def told(redirection: Redirection) -> Iterator[str]:
    """All that `apply` would write, for a reader, line by line. It can be given to the programs as it is."""
    ports = ", ".join(map(str, redirection.ports))
    for family in FAMILIES:
        yield f"# {family.name}: input of `{family.program}-restore --noflush`"
        yield f"# TCP connections that begin here and go to port {ports} are redirected to port {redirection.to_port}"
        yield f"# of loopback, but not those of user {redirection.uid}, the sidecar's own, nor those to loopback."
        yield from written(redirection.rules(family)).splitlines()
        yield from (f"# undo: {line}" for line in unwritten().splitlines())


def speaks(family: Family) -> bool:
    """Whether this machine does."""
    return family.name == "IPv4" or HAS_IPV6.exists()


def apply(
    redirection: Redirection, families: Sequence[Family] = FAMILIES, speaks: Callable[[Family], bool] = speaks
) -> bool:
    """Puts the rules in place, once however often it is done; whether anything changed. Raises RulesError.

    If those of one family cannot be, those of the other are undone.
    """
    changed = False
    for family in filter(speaks, families):
        try:
            changed = _apply(redirection, family) or changed
        except RulesError:
            undo(families[: families.index(family)], speaks)
            raise
    return changed


def _apply(redirection: Redirection, family: Family) -> bool:
    found = _saved(family)
    is_first = not found or any(UNUSED in line for line in found)
    rules = redirection.rules(family, is_first)
    if [line for line in found if line.startswith(f"-A {CHAIN} ")] == rules and JUMP in found:
        return False
    _restore(family, written(rules, JUMP not in found))
    return True


def undo(families: Sequence[Family] = FAMILIES, speaks: Callable[[Family], bool] = speaks) -> bool:
    """Takes out what `apply` has put in, and nothing else; whether there was anything. Raises RulesError."""
    changed = False
    for family in filter(speaks, families):
        found = _saved(family)
        if any(line.startswith(f":{CHAIN} ") for line in found):
            _restore(family, unwritten(found.count(JUMP)))
            changed = True
        if any(UNUSED in line for line in found):
            _drop_table(family)
    return changed


def _drop_table(family: Family) -> None:
    """The table that came with our rules, if nobody else uses it by now. An empty one does nothing, so it may stay."""
    nft = shutil.which("nft")
    is_nft = "nf_tables" in _run(family, family.program, "--version")
    is_empty = not any(line.startswith("-") for line in _saved(family))
    if nft and is_nft and is_empty:
        subprocess.run([nft, "delete", "table", *family.table.split()], check=False, capture_output=True)  # noqa: S603


def _saved(family: Family) -> list[str]:
    """What the nat table holds; nothing if it is not in use. (Asked for that table, the program shows an empty one.)"""
    lines = _run(family, f"{family.program}-save").splitlines()
    if "*nat" not in lines:
        return []
    begin = lines.index("*nat")
    return lines[begin : lines.index("COMMIT", begin)]


def _restore(family: Family, text: str) -> None:
    _run(family, f"{family.program}-restore", "--noflush", *SAFE, given=text)


def _run(family: Family, program: str, *words: str, given: str = "") -> str:
    path = shutil.which(program)
    if path is None:
        raise RulesError(
            f"{program} is not installed; install iptables, or apply what `transparent rules` prints by other means."
        )
    done = subprocess.run([path, *words], input=given, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise RulesError(
            f"the {family.name} rules cannot be read or written ({why}); run this as root, with CAP_NET_ADMIN, in the"
            " network namespace of the apps."
        )
    return done.stdout
