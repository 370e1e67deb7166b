"""What a contender is asked: so many requests a second, many streams at once, or one large body; and what came back."""

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from provider import EVENTS_PER_S, make_request

_MARK = b"at "
_DIGITS = 20
WAIT_S = 30


@dataclass
class Load:
    """What came back."""

    sent: int = 0
    took_ns: list[int] = field(default_factory=list)
    """Of each request its latency; of each event how long after it was written it was there."""
    failed: int = 0
    seconds: float = 0.0


def write_request(url, headers, body):
    parts = urlsplit(url)
    lines = {"Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {parts.path.rstrip('/')}/v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + body


class Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def connection_made(self, transport):
        self.transport, self.done = transport, None

    def ask(self, request):
        self.done, self.held, self.need = asyncio.get_running_loop().create_future(), bytearray(), None
        self.transport.write(request)
        return self.done

    def data_received(self, data):
        self.held += data
        if self.need is None and (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.held[:end]).lower()
            at = head.find(b"content-length:")
            self.need = end + 4 + int(head[at + 15 :].split(b"\r\n")[0]) if at >= 0 else 0
            self.fine = head.startswith(b"http/1.1 200")
        whole = self.need is not None and (
            len(self.held) >= self.need if self.need else self.held.endswith(b"0\r\n\r\n")
        )
        if whole and self.done and not self.done.done():
            self.done.set_result(self.fine)

    def connection_lost(self, exc):
        if self.done and not self.done.done():
            self.done.set_result(False)


async def connect(url, count, factory=Client):
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(factory, parts.hostname, parts.port))[1] for _ in range(count)]


async def ask_steadily(running, per_s, seconds, size, connections=16):
    """Requests at a fixed rate; one that finds no free connection waits, which counts."""
    request = write_request(running.url, running.headers, make_request(size, size))
    free = asyncio.Queue()
    for client in await connect(running.url, connections):
        free.put_nowait(client)
    load, loop, tasks = Load(), asyncio.get_running_loop(), set()

    async def one(due):
        client = await free.get()
        load.failed += not await client.ask(request)
        load.took_ns.append(time.perf_counter_ns() - due)
        free.put_nowait(client)

    start = loop.time() + 0.01
    for number in range(round(per_s * seconds)):
        due = start + number / per_s
        await asyncio.sleep(max(0.0, due - loop.time()))
        task = loop.create_task(one(time.perf_counter_ns()))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        load.sent += 1
    await asyncio.wait(tasks, timeout=WAIT_S) if tasks else None
    load.seconds = loop.time() - start
    while not free.empty():
        free.get_nowait().transport.close()
    return load


class StreamClient(Client):
    """Notes the delay of each event."""

    def data_received(self, data):
        now, at = time.monotonic_ns(), 0
        self.held += data
        while (found := self.held.find(_MARK, at)) >= 0 and found + len(_MARK) + _DIGITS <= len(self.held):
            at = found + len(_MARK) + _DIGITS
            written = bytes(self.held[at - _DIGITS : at])
            if written.isdigit():
                self.load.took_ns.append(now - int(written))
        if b"[DONE]" in self.held and not self.done.done():
            self.done.set_result(True)
        del self.held[: max(at, len(self.held) - 64)]


async def stream(running, count, seconds, watch=None):
    """Streams at once, of 50 events a second each. `watch` is called in the middle."""
    body = make_request(seconds * EVENTS_PER_S, 1000, stream=True)
    request = write_request(running.url, running.headers, body)
    load, waiting = Load(sent=count * seconds * EVENTS_PER_S), []
    for client in await connect(running.url, count, StreamClient):
        client.load = load
        waiting.append(asyncio.ensure_future(client.ask(request)))
        await asyncio.sleep(1 / EVENTS_PER_S / count)  # so that the streams do not beat in step
    if watch:
        await asyncio.sleep(seconds / 2)
        watch()
    done, late = await asyncio.wait(waiting, timeout=seconds + WAIT_S)
    load.failed = len(late) + sum(not one.result() for one in done)
    return load


async def transfer(running, up, down, times=5):
    """Seconds that a request of `up` bytes takes with an answer of `down` bytes: the shortest of some."""
    request = write_request(running.url, running.headers, make_request(down, up))
    took = []
    for _ in range(times):
        (client,) = await connect(running.url, 1)
        began = time.perf_counter()
        fine = await client.ask(request)
        took.append(time.perf_counter() - began)
        client.transport.close()
        if not fine:
            return None
    return min(took)
