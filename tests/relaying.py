"""A real relay in the test's own loop, between a scripted upstream and raw clients, with every event it told."""

import asyncio
import itertools
import socket
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import modes
from pandaprobe_proxy.model.exchange import Ended, RequestBody, RequestHead, ResponseBody, ResponseHead, assemble
from pandaprobe_proxy.relay.proxies import Proxies
from pandaprobe_proxy.relay.routes import Routes, parse_upstream
from pandaprobe_proxy.relay.server import Network, Relay, Timeouts


def listening(host="127.0.0.1"):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, 0))
    sock.listen(64)
    sock.setblocking(False)
    return sock


@dataclass
class Running:
    """A running relay."""

    relay: Relay
    port: int
    events: list = field(default_factory=list)

    @property
    def ids(self):
        return [event.exchange for event in self.events if isinstance(event, RequestHead)]

    def exchanges(self):
        """Every exchange told so far, assembled, in the order of their beginnings."""
        return [assemble(event for event in self.events if event.exchange == id) for id in self.ids]

    async def ended(self, count=1, timeout_s=5.0):
        """The exchanges, once so many have ended."""
        await until(lambda: sum(isinstance(event, Ended) for event in self.events) >= count, timeout_s)
        return self.exchanges()

    async def connect(self, limit=2**26):
        return Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit))

    async def ask(self, raw):
        """All that comes back for these bytes until the relay closes; the request should say so."""
        return await (await self.connect()).ask(raw)


@dataclass
class Client:
    """A raw client's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces, pause_s=0.0):
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause_s)

    async def ask(self, raw):
        """All that comes back for these bytes; then it is closed."""
        await self.send(raw)
        try:
            return await self.rest()
        finally:
            await self.close()

    async def rest(self, timeout_s=5.0):
        async with asyncio.timeout(timeout_s):
            return await self.reader.read()

    async def head(self, timeout_s=5.0):
        async with asyncio.timeout(timeout_s):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def exactly(self, size, timeout_s=5.0):
        async with asyncio.timeout(timeout_s):
            return await self.reader.readexactly(size)

    async def until(self, mark, timeout_s=5.0):
        async with asyncio.timeout(timeout_s):
            return await self.reader.readuntil(mark)

    def reset(self):
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()

    async def close(self):
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def stalled(measure):
    """Waits until a number has begun to grow and has stopped growing."""
    before = -1
    while before != (now := measure()) or now == 0:
        before = now
        await asyncio.sleep(0.15)


async def until(claim, timeout_s=5.0):
    """Waits until `claim()` is true."""
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.005)


def relaying(url, **options):
    """What a test in this mode has for a relay, for the block: see `reverse`, and `forwarding` for the other mode."""
    return (modes.current.relaying or reverse)(url, **options)


@asynccontextmanager
async def reverse(
    url, tap=None, timeouts=None, network=None, own=frozenset(), inject_usage=False, cramped=False, **upstreams
):
    """A relay whose default upstream is `url`, for the block. Checks at its end that every exchange ended once.

    `cramped` has the kernel hold little of what a client does not take.
    """
    routes = Routes([parse_upstream(name, at) for name, at in {"openai": url, **upstreams}.items()])
    sock = listening()
    if cramped:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    port = sock.getsockname()[1]
    events = []
    relay = Relay(
        routes=routes,
        tap=tap or events.append,
        timeouts=timeouts or Timeouts(),
        network=network or Network(proxies=Proxies()),
        own_addresses=own or frozenset({("127.0.0.1", port)}),
        inject_usage=inject_usage,
    )
    await relay.start(sock)
    running = Running(relay, port, events)
    try:
        yield running
    finally:
        await relay.drain(0)
        await until(lambda: relay.stats().connections == 0)
    check_order(events)


def check_order(events):
    """Per exchange: one head first, one end last, an answer's head before its body."""
    by_id = {}
    for event in events:
        by_id.setdefault(event.exchange, []).append(event)
    for told in by_id.values():
        kinds = [type(event) for event in told]
        assert kinds[0] is RequestHead and kinds.count(RequestHead) == 1
        assert kinds[-1] is Ended and kinds.count(Ended) == 1
        assert kinds.count(ResponseHead) <= 1
        if ResponseBody in kinds:
            assert kinds.index(ResponseHead) < kinds.index(ResponseBody)
        assert all(event.data for event in told if isinstance(event, RequestBody | ResponseBody))
        assert all(a.at_ns <= b.at_ns for a, b in itertools.pairwise(told))
