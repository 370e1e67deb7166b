"""Connections that a rule of the kernel sends here: where each was going, and that none of them is our own."""

import asyncio
import os
from typing import TYPE_CHECKING

import structlog
from mitmproxy.addons.block import Block
from mitmproxy.platform.linux import original_addr
from mitmproxy.proxy.mode_specs import RegularMode

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData

log = structlog.get_logger("intercept")

Address = tuple[str, int]


def destination(writer: asyncio.StreamWriter) -> Address | None:
    """Where a redirected connection was going; None if it was not redirected (SO_ORIGINAL_DST, netfilter)."""
    try:
        address: Address = original_addr(writer.get_extra_info("socket"))
    except OSError:
        return None
    return address


class Strangers(Block):
    """Refuses clients with public addresses, which have no business here; redirected ones are this machine's own."""

    def client_connected(self, client: "Client") -> None:
        """A client is there."""
        if isinstance(client.proxy_mode, RegularMode):
            super().client_connected(client)


class Loops:
    """An addon. Cuts a loop: rules that send this process's own connections back to it.

    Such a connection has one address at both of its ends here; whichever end is seen last ends it.
    """

    def __init__(self) -> None:
        self._ours: set[Address] = set()
        self._clients: dict[Address, asyncio.StreamWriter] = {}
        self.cut = 0

    def enter(self, writer: asyncio.StreamWriter) -> bool:
        """A redirected connection is there; whether it may go on."""
        address = writer.get_extra_info("peername")[:2]
        self._clients[address] = writer
        return not self._cut(address)

    def client_disconnected(self, client: "Client") -> None:
        """A client is gone."""
        self._clients.pop(client.peername[:2], None)

    def server_connected(self, data: "ServerConnectionHookData") -> None:
        """A connection of ours stands."""
        if data.server.sockname is not None:
            address = data.server.sockname[:2]
            self._ours.add(address)
            self._cut(address)

    def server_disconnected(self, data: "ServerConnectionHookData") -> None:
        """A connection of ours is gone."""
        if data.server.sockname is not None:
            self._ours.discard(data.server.sockname[:2])

    def _cut(self, address: Address) -> bool:
        if address not in self._ours or address not in self._clients:
            return False
        self._clients.pop(address).transport.abort()
        if not self.cut:
            log.error("rules redirect the proxy's own connections to it; apply them for its user", uid=os.getuid())
        self.cut += 1
        return True
