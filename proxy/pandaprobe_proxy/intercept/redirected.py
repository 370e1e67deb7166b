"""Connections that a rule of the kernel sends here: where each was going, and that none of them is our own."""

import asyncio
import os
from dataclasses import dataclass
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
SETTLE_S = 0.1
"""How long at most a redirected connection waits for those that we are opening to where it goes: it may be one."""


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


@dataclass(frozen=True, slots=True)
class Opening:
    """A connection of ours that is not there yet."""

    client: str
    host: str
    ended: asyncio.Future[None]


class Loops:
    """An addon. Cuts a loop: rules that send this process's own connections back to it.

    Such a connection has one address at both of its ends here; whichever end is seen last ends it. It comes in before
    its other end is known as ours, and whatever comes in at once opens the next one: so it waits for that.
    """

    def __init__(self) -> None:
        self._opening: dict[int, Opening] = {}
        self._ours: set[Address] = set()
        self._clients: dict[Address, asyncio.StreamWriter] = {}
        self.cut = 0

    async def enter(self, writer: asyncio.StreamWriter, going: Address) -> bool:
        """A redirected connection to somewhere is there; whether it may go on."""
        opening = [each.ended for each in self._opening.values() if each.host == going[0]]
        if opening:
            await asyncio.wait(opening, timeout=SETTLE_S)
        address = writer.get_extra_info("peername")[:2]
        self._clients[address] = writer
        return not self._cut(address)

    def client_disconnected(self, client: "Client") -> None:
        """A client is gone, and with it what was being opened for it."""
        for key in [key for key, each in self._opening.items() if each.client == client.id]:
            self._end(key)
        self._clients.pop(client.peername[:2], None)

    def server_connect(self, data: "ServerConnectionHookData") -> None:
        """A connection of ours will be opened."""
        if data.server.address is not None and data.server.error is None:
            ended = asyncio.get_running_loop().create_future()
            self._opening[id(data.server)] = Opening(data.client.id, data.server.address[0], ended)

    def server_connect_error(self, data: "ServerConnectionHookData") -> None:
        """It will not."""
        self._end(id(data.server))

    def server_connected(self, data: "ServerConnectionHookData") -> None:
        """A connection of ours stands."""
        if data.server.sockname is not None:
            address = data.server.sockname[:2]
            self._ours.add(address)
            self._cut(address)
        self._end(id(data.server))

    def server_disconnected(self, data: "ServerConnectionHookData") -> None:
        """A connection of ours is gone."""
        if data.server.sockname is not None:
            self._ours.discard(data.server.sockname[:2])

    def _end(self, key: int) -> None:
        opening = self._opening.pop(key, None)
        if opening is not None:
            opening.ended.set_result(None)

    def _cut(self, address: Address) -> bool:
        if address not in self._ours or address not in self._clients:
            return False
        self._clients.pop(address).transport.abort()
        if not self.cut:
            log.error("rules redirect the proxy's own connections to it; apply them for its user", uid=os.getuid())
        self.cut += 1
        return True
