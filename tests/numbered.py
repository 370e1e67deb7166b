"""Numbered calls: an upstream whose answer follows from the number that it is asked, and a client that checks it."""

import asyncio
import json
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks_of(number, count):
    """The `data:` blocks of the answer to call `number`."""
    for i in range(count):
        delta = {"choices": [{"index": 0, "delta": {"content": f"{number}.{i} "}}], "id": f"c-{number}", "model": "m"}
        yield b"data: " + json.dumps(delta).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def answer_of(number, count):
    return b"".join(chunks_of(number, count))


@dataclass
class Numbered:
    """The running upstream."""

    port: int
    chunks: int
    pause_s: float
    asked: list[int] = field(default_factory=list)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"


@asynccontextmanager
async def numbered_upstream(chunks=20, pause_s=0.05):
    """Streams `chunks` events with a pause between them, for the block."""

    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                number = json.loads(await reader.readexactly(length))["seed"]
                upstream.asked.append(number)
                writer.write(HEAD)
                for data in chunks_of(number, upstream.chunks):
                    writer.write(b"%x\r\n%s\r\n" % (len(data), data))
                    await writer.drain()
                    await asyncio.sleep(upstream.pause_s)
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    upstream = Numbered(server.sockets[0].getsockname()[1], chunks, pause_s)
    try:
        yield upstream
    finally:
        server.close()


async def call(port, number, session="numbered"):
    """One streamed call through the relay; its answer's body, un-chunked. ConnectionError if it broke."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = json.dumps(
            {"model": "m", "stream": True, "seed": number, "messages": [{"role": "user", "content": "n"}]}
        )
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-PandaProbe-Session: {session}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        status = await reader.readuntil(b"\r\n\r\n")
        assert status.startswith(b"HTTP/1.1 200"), status
        parts = []
        while size := int(await reader.readuntil(b"\r\n"), 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        return b"".join(parts)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the stream broke off") from error
    finally:
        writer.close()


def free_space(path):
    stats = os.statvfs(path)
    return stats.f_bavail * stats.f_frsize


def reset(sock: socket.socket):
    """Closes with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    sock.close()
