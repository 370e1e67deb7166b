"""The intercepting proxy in the relay's place: the same upstreams, over TLS, and the same clients, through a tunnel.

A test knows nothing of it. What a client sends as its relay's name, `Host: me`, becomes the name of the upstream, as an
app says it that is given no base URL.
"""

import asyncio
import os
import socket
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import modes
from intercepting import Intercepting, intercepting
from pandaprobe_proxy.relay.server import Timeouts
from relaying import Client, check_order, until


@contextmanager
def forwarding(directory, origins):
    """Forward mode, for the block."""

    @asynccontextmanager
    async def relaying(url, tap=None, timeouts=None, **_):
        at = urlsplit(url)
        listed = (f"{at.hostname}:{at.port}", "openai")
        limits = timeouts or Timeouts()
        async with intercepting(directory, origins, listed, tap=tap, idle_s=limits.idle_s) as proxy:
            running = Forwarding(proxy, at)
            yield running
            await proxy.forward.drain(0)
            await until(lambda: running.stats().connections == 0)
        check_order(proxy.events)

    modes.current = modes.Mode(relaying, origins.server())
    try:
        yield
    finally:
        modes.current = modes.Mode()


@dataclass
class Stats:
    """Those of the relay that interception knows, too."""

    open: int
    connections: int


@dataclass
class Forwarding:
    """A running proxy with the face of a running relay."""

    proxy: Intercepting
    upstream: object
    """Its address, taken apart."""

    @property
    def relay(self):
        return self

    @property
    def events(self):
        return self.proxy.events

    def exchanges(self):
        return self.proxy.exchanges()

    async def ended(self, count=1, timeout_s=5.0):
        return await self.proxy.ended(count, timeout_s)

    def stats(self):
        forward = self.proxy.forward
        return Stats(forward._flows.open, len(forward._running))

    async def drain(self, seconds):
        await self.proxy.forward.drain(seconds)

    async def connect(self, limit=2**26):
        host, port = self.upstream.hostname, self.upstream.port
        client = await self.proxy.tunnel(port, host=host, limit=limit)
        return TunnelClient(client.reader, client.writer, f"{host}:{port}".encode())

    async def ask(self, raw):
        return await (await self.connect()).ask(raw)


@dataclass
class TunnelClient(Client):
    """A raw client in a tunnel."""

    host: bytes

    def __post_init__(self):
        self.writer.write_eof = self._half_close

    async def send(self, *pieces, pause_s=0.0):
        named = (piece.replace(b"Host: me\r\n", b"Host: %b\r\n" % self.host, 1) for piece in pieces if piece)
        await super().send(*named, pause_s=pause_s)

    def reset(self):
        """Nothing, if the other side has ended TLS already."""
        if self.writer.get_extra_info("socket") is not None:
            super().reset()

    async def close(self):
        """Without waiting for long that the other side ends its TLS, too."""
        self.writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                await self.writer.wait_closed()

    def _half_close(self):
        """TLS has none; the connection below it has."""
        with socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno())) as sock:
            sock.shutdown(socket.SHUT_WR)
