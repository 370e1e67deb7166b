"""Which hosts are decrypted, and the name under which their calls are kept. Pure.

A pattern is a host, in which `*` stands for any part, and a port: 443 if it names none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PATTERN = re.compile(r"(?P<host>[A-Za-z0-9*][A-Za-z0-9*._-]*|\[[0-9A-Fa-f:]+\])(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Host:
    """One entry: a pattern with its port, and a name; without one, calls are kept under the host itself."""

    pattern: str
    port: int
    name: str = ""

    @property
    def regex(self) -> str:
        """Matches `host:port` as a whole."""
        host = r"[^:/]*".join(re.escape(part) for part in self.pattern.split("*"))
        return rf"^{host}:{self.port}$"


def parse_host(text: str, name: str = "") -> Host:
    """The entry for `HOST[:PORT]`; ValueError with one sentence if it is none."""
    found = PATTERN.fullmatch(text)
    port = int(found["port"] or 443) if found else 0
    if found is None or not 0 < port < 65536:
        raise ValueError(f"{text!r} is not a host; write HOST or HOST:PORT, with * for any part of the name.")
    return Host(found["host"].strip("[]").lower(), port, name)


class Hosts:
    """All entries; the first that matches names a call."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        self._hosts = [(re.compile(host.regex, re.IGNORECASE), host.name) for host in hosts]

    @property
    def regexes(self) -> list[str]:
        """Those of `host:port` that are decrypted."""
        return [regex.pattern for regex, _ in self._hosts]

    def name(self, candidates: Iterable[str], port: int) -> str | None:
        """The name for a request that says it is for one of these hosts; None if none of them is listed."""
        for host in candidates:
            for regex, name in self._hosts:
                if regex.search(f"{host}:{port}"):
                    return name or host.lower()
        return None
