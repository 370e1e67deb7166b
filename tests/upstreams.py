"""A scripted HTTP/1.1 upstream on a raw socket: remembers exactly what it received, sends exactly what it is told."""

import asyncio
import re
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import modes


@dataclass
class Connection:
    """One connection that the upstream accepted."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: bytearray = field(default_factory=bytearray)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the other side closed or reset."""

    async def read(self, size=65536):
        """What comes next; empty at the end."""
        try:
            data = await self.reader.read(size)
        except ConnectionError:
            data = b""
        self.received += data
        if not data:
            self.gone.set()
        return data

    async def request(self):
        """The next whole request, as it came: head and body, framing included. Empty at the end."""
        start = len(self.received)
        while (whole := whole_request(bytes(self.received[start:]))) is None:
            if not await self.read():
                return bytes(self.received[start:])
        return bytes(self.received[start : start + whole])

    async def send(self, *pieces, pause_s=0.0):
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause_s)

    async def until_gone(self):
        while await self.read():
            pass

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self):
        self.writer.close()


@dataclass
class Upstream:
    """The running upstream."""

    port: int
    scheme: str
    connections: list[Connection] = field(default_factory=list)

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def requests(self):
        """Everything received, by connection."""
        return [bytes(connection.received) for connection in self.connections]


def answering(*pieces, pause_s=0.0, close=False):
    """A script that answers every request with these pieces."""

    async def script(connection):
        while await connection.request():
            await connection.send(*pieces, pause_s=pause_s)
            if close:
                return

    return script


def response(body=b"", status=b"200 OK", headers=()):
    """A response with a Content-Length."""
    lines = b"".join(b"%b\r\n" % line for line in (*headers, b"Content-Length: %d" % len(body)))
    return b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, lines, body)


@asynccontextmanager
async def scripted_upstream(script, ssl=None, host="127.0.0.1"):
    """An upstream that runs `script(connection)` for each connection, for the block."""
    ssl = ssl or modes.current.tls
    upstream = Upstream(0, "https" if ssl else "http")
    running = set()

    async def accept(reader, writer):
        connection = Connection(reader, writer)
        upstream.connections.append(connection)
        running.add(asyncio.current_task())
        try:
            await script(connection)
        except ConnectionError:
            connection.gone.set()
        finally:
            writer.close()
            running.discard(asyncio.current_task())

    server = await asyncio.start_server(accept, host, 0, ssl=ssl)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def whole_request(data):
    """The length of the first whole request in `data`, or None."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, end = data[:end].lower(), end + 4
    length = re.search(rb"\r\ncontent-length:\s*(\d+)", head)
    if length:
        total = end + int(length[1])
        return total if len(data) >= total else None
    if b"\r\ntransfer-encoding: chunked" in head:
        return _whole_chunks(data, end)
    return end


def _whole_chunks(data, at):
    while (line := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line], 16)
        if size == 0:
            if data.startswith(b"\r\n", line + 2):
                return line + 4
            end = data.find(b"\r\n\r\n", line)
            return end + 4 if end >= 0 else None
        at = line + 2 + size + 2
    return None
