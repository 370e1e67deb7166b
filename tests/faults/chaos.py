"""A TCP proxy that does harm, in Toxiproxy's words, and two of our own. Between a sidecar, or a client, and an origin.

A toxic works on what flows down from the origin, or up to it. `down()` refuses everybody until `up()`. What is drawn
by lot is drawn from one seed, for each connection by its number.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random


class Cut(Exception):
    """The connection is to be reset now."""


class Shut(Exception):
    """This direction ends now, in an orderly way; the other goes on."""


@dataclass
class Link:
    """What a toxic may know of one direction of one connection."""

    dice: Random
    write: Callable[[bytes], Awaitable[None]]
    passed: int = 0


Toxic = Callable[[Link, bytes], Awaitable[None]]
"""Passes on a piece of data, or what it makes of it; an empty piece is the end."""


def latency(latency_ms, jitter_ms=0):
    async def work(link, data):
        await asyncio.sleep(max(0, latency_ms + link.dice.uniform(-jitter_ms, jitter_ms)) / 1000)
        await link.write(data)

    return work


def bandwidth(rate_kb):
    async def work(link, data):
        for at in range(0, len(data), 1024):
            await link.write(data[at : at + 1024])
            await asyncio.sleep(1 / rate_kb)
        if not data:
            await link.write(data)

    return work


def slow_close(delay_ms):
    async def work(link, data):
        if not data:
            await asyncio.sleep(delay_ms / 1000)
        await link.write(data)

    return work


def timeout(timeout_ms):
    """Nothing passes; after the time the connection closes, or, with 0, never."""

    async def work(link, data):
        await asyncio.sleep(timeout_ms / 1000 if timeout_ms else 3600)
        raise Shut

    return work


def reset_peer(timeout_ms=0):
    async def work(link, data):
        await asyncio.sleep(timeout_ms / 1000)
        raise Cut

    return work


def slicer(average_size, size_variation=0, delay_us=0):
    async def work(link, data):
        while data:
            size = max(1, average_size + link.dice.randint(-size_variation, size_variation))
            await link.write(data[:size])
            data = data[size:]
            await asyncio.sleep(delay_us / 1e6)

    return work


def limit_data(limit_bytes, reset=False):
    """So much passes, then the connection closes, or is reset."""

    async def work(link, data):
        await link.write(data[: max(0, limit_bytes - link.passed)])
        link.passed += len(data)
        if link.passed >= limit_bytes:
            raise Cut if reset else Shut

    return work


def corrupt_sse(every=3):
    """Breaks events: of every third blank line after one only a half is left."""

    async def work(link, data):
        parts = data.split(b"\n\n")
        for n, part in enumerate(parts[:-1]):
            link.passed += 1
            parts[n] = part + (b"\x00\n" if link.passed % every == 0 else b"\n\n")
        if data:
            await link.write(b"".join(parts))

    return work


def half_close(after_bytes):
    """After so many bytes this direction ends, while the other stays open."""

    async def work(link, data):
        await link.write(data[: max(0, after_bytes - link.passed)])
        link.passed += len(data)
        if link.passed >= after_bytes:
            await link.write(b"")
            await asyncio.sleep(3600)

    return work


@dataclass
class Chaos:
    """The running proxy. `downward` and `upward` are at most one toxic each, for connections made from now on."""

    port: int
    origin_port: int
    dice: Random
    downward: Toxic | None = None
    upward: Toxic | None = None
    connections: int = 0
    refusing: bool = False
    _open: set = field(default_factory=set)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def heal(self):
        """Nothing is harmed any more, and connections that are being harmed end."""
        self.downward = self.upward = None
        self.refusing = False
        for task in list(self._open):
            task.cancel()

    def down(self):
        self.heal()
        self.refusing = True

    async def accept(self, reader, writer):
        task = asyncio.current_task()
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        if self.refusing:
            reset(writer)
            return
        self.connections += 1
        dice = Random(f"{self.dice.getrandbits(32)}")
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.origin_port)
        except OSError:
            reset(writer)
            return
        flows = [
            asyncio.ensure_future(flow(reader, up_writer, self.upward, dice)),
            asyncio.ensure_future(flow(up_reader, writer, self.downward, dice)),
        ]
        try:
            await asyncio.gather(*flows)
        except (Cut, ConnectionError, OSError):
            reset(writer)
        except (Shut, asyncio.CancelledError):
            pass
        finally:
            for one in flows:
                one.cancel()
            writer.close()
            up_writer.close()


async def flow(reader, writer, toxic, dice):
    """One direction, to its end."""

    async def write(data):
        if data:
            writer.write(data)
            await writer.drain()
        elif writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()

    link = Link(dice, write)
    while True:
        data = await reader.read(65536)
        await (toxic(link, data) if toxic else write(data))
        if not data:
            await write(b"")
            return


def reset(writer):
    """Closes with RST."""
    with suppress(OSError, AttributeError):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def chaos_proxy(origin_port, seed=0):
    """A chaos proxy for the block, harmless until it is told otherwise."""
    chaos = Chaos(0, origin_port, Random(seed))
    server = await asyncio.start_server(chaos.accept, "127.0.0.1", 0, backlog=512)
    chaos.port = server.sockets[0].getsockname()[1]
    try:
        yield chaos
    finally:
        server.close()
        chaos.heal()
