"""Which hosts were decrypted, which passed unread, and where clients refused our certificate: kept as a readable file.

One JSON object by `host:port`, written whole a moment after something changed; the counts go on after a restart.
"""

import asyncio
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from mitmproxy.proxy.layers import ServerTLSLayer, TCPLayer, UDPLayer
from mitmproxy.proxy.layers.tls import parse_client_hello

from pandaprobe_proxy.intercept.refusals import KEY

if TYPE_CHECKING:
    from mitmproxy import http, tls
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layer import NextLayer

log = structlog.get_logger("intercept")

MANY = 1000
OTHERS = "others"
"""Stands for all hosts beyond the first so many."""
WRITE_S = 1.0
DECRYPTED, PASSED, REFUSED = "decrypted", "passed", "refused"


class Destinations:
    """An addon. Behind the one that decides, so that it sees what was decided."""

    def __init__(self, path: Path, wall_ns: Callable[[], int]) -> None:
        self._path = path
        self._wall_ns = wall_ns
        self._found: dict[str, dict[str, Any]] = read(path)
        self._due: asyncio.TimerHandle | None = None

    def next_layer(self, nextlayer: "NextLayer") -> None:
        """What a connection speaks was decided."""
        layer, address = nextlayer.layer, _address(nextlayer.context, nextlayer.data_client())
        if address is None:
            return
        if isinstance(layer, TCPLayer | UDPLayer) and layer.flow is None:
            self._note(address, PASSED)
        elif isinstance(layer, ServerTLSLayer):
            self._note(address, DECRYPTED)

    def requestheaders(self, flow: "http.HTTPFlow") -> None:
        """A request in clear text has no connection of its own; each is counted."""
        if not flow.client_conn.tls:
            self._note((flow.request.host, flow.request.port), DECRYPTED if KEY in flow.metadata else PASSED)

    def tls_failed_client(self, data: "tls.TlsData") -> None:
        """A client ended the handshake, most likely since it does not trust our authority."""
        address = _address(data.context)
        if address is not None:
            self._note(address, REFUSED)

    def _note(self, address: tuple[str, int], what: str) -> None:
        key = f"{address[0]}:{address[1]}"
        if key not in self._found and len(self._found) >= MANY:
            key = OTHERS
        now = datetime.datetime.fromtimestamp(self._wall_ns() // 10**9, datetime.UTC).isoformat()
        entry = self._found.setdefault(key, {DECRYPTED: 0, PASSED: 0, REFUSED: 0, "first": now})
        entry[what] += 1
        entry["last"] = now
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(WRITE_S, self.write)

    def write(self) -> None:
        """Writes what has changed."""
        if self._due is None:
            return
        self._due.cancel()
        self._due = None
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.touch(0o600)
            new.write_text(json.dumps(self._found, indent=1, sort_keys=True))
            new.rename(self._path)
        except OSError as error:
            log.warning("the list of hosts cannot be written; connections go on", why=error.strerror)


def _address(context: "Context", begun: bytes = b"") -> tuple[str, int] | None:
    """Where a connection goes. A redirected one goes to a number, so it is told by the name that its TLS asks for."""
    address = context.server.address
    if address is None or context.client.proxy_mode.type_name == "regular":
        return address
    return context.client.sni or _asked(begun) or address[0], address[1]


def _asked(begun: bytes) -> str:
    try:
        hello = parse_client_hello(begun)
    except ValueError:
        return ""
    return (hello.sni or "") if hello else ""


def read(path: Path) -> dict[str, dict[str, Any]]:
    """What the file holds; nothing if there is none that can be read."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {key: entry for key, entry in found.items() if _is_entry(entry)} if isinstance(found, dict) else {}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(name), int) for name in (DECRYPTED, PASSED, REFUSED))
