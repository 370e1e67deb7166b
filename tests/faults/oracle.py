"""The oracle: numbered calls whose questions and answers follow from their number, and what must be so afterwards.

An origin logs what it received; calls go through a sidecar, or directly; a scraper reads the loss numbers meanwhile.
`verdict` then says what did not hold: bytes as in a direct run, recorded and dropped as many as relayed, no call that
nobody made, none twice, and the bodies in the store those of the wire.
"""

import asyncio
import gzip
import hashlib
import json
import os
import re
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from pandaprobe_proxy.app.status import read_status
from pandaprobe_proxy.app.stores import open_reader
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.errors import StoreError
from sidecar import sidecar

WORDS = "panda probe bamboo session relay ring record tail score trace".split()  # noqa: SIM905
SCRAPE_S = 0.1
HELD_FROM = 20_000_001
"""From this number on the origin lets half a minute pass before it answers; streams are among them."""


def question(number):
    """The body of call `number`: 100 bytes to 64 KB."""
    dice = Random(f"question {number}")
    text = " ".join(dice.choices(WORDS, k=dice.choice((5, 50, 500, 5000))))
    asked = {"model": "scripted", "seed": number, "stream": number % 4 == 1}
    return json.dumps({**asked, "messages": [{"role": "user", "content": text}]}).encode()


def answer(number, chunks=20):
    """(head, pieces) of the answer to call `number`: plain, a stream, gzip-coded, or a large chunked one."""
    dice = Random(f"answer {number}")
    kind = number % 4
    if kind == 1:
        return sse_head(), [chunked(event) for event in events(number, chunks)] + [b"0\r\n\r\n"]
    words = " ".join(dice.choices(WORDS, k=(100, 0, 300, 20_000)[kind]))
    body = json.dumps(completion(number, words)).encode()
    if kind == 3:
        pieces = [chunked(body[at : at + 16_000]) for at in range(0, len(body), 16_000)]
        return head("Transfer-Encoding: chunked"), [*pieces, b"0\r\n\r\n"]
    coding = "Content-Encoding: gzip\r\n" if kind == 2 else ""
    body = gzip.compress(body, mtime=0) if kind == 2 else body
    return head(f"{coding}Content-Length: {len(body)}"), [body]


def head(lines, kind="application/json"):
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{lines}\r\n\r\n".encode()


def sse_head():
    return head("Transfer-Encoding: chunked", "text/event-stream")


def chunked(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def completion(number, text):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": f"c-{number}", "object": "chat.completion", "model": "scripted", "choices": [choice]}


def events(number, count):
    for n in range(count):
        delta = {"choices": [{"index": 0, "delta": {"content": f"{number}.{n} "}}], "id": f"c-{number}"}
        yield b"data: " + json.dumps(delta).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def digest(data):
    return hashlib.sha256(data).hexdigest()[:24]


@dataclass(frozen=True)
class Seen:
    """What a client saw of a call: the bytes of the body, un-chunked, and whether it came to its end."""

    status: int
    body: bytes
    whole: bool
    took_s: float = field(default=0.0, compare=False)


@dataclass
class Origin:
    """The running origin, and what it received."""

    port: int = 0
    pause_s: float = 0.0
    chunks: int = 20
    received: dict[int, list[str]] = field(default_factory=dict)
    """Digests of the bodies that came under a number."""
    open: int = 0
    """Connections that are open now."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                body = await reader.readexactly(length)
                number = json.loads(body)["seed"]
                self.received.setdefault(number, []).append(digest(body))
                if number >= HELD_FROM:
                    await asyncio.wait_for(reader.read(1), 30)
                await self.send(writer, reader, *answer(number, self.chunks))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, TimeoutError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def send(self, writer, reader, head, pieces):
        writer.write(head)
        for piece in pieces:
            if reader.at_eof():
                raise ConnectionError
            writer.write(piece)
            await writer.drain()
            if self.pause_s:
                await asyncio.sleep(self.pause_s)


@asynccontextmanager
async def numbered_origin(**more):
    """An origin for the block."""
    origin = Origin(**more)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, backlog=1024)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()


async def ask(port, number, session="oracle", body=None):
    """Makes call `number` and reads its answer, as far as it comes."""
    started = time.monotonic()
    body = body or question(number)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    except OSError:
        return Seen(0, b"", False, time.monotonic() - started)
    try:
        lines = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-PandaProbe-Session: {session}\r\n"
        writer.write(f"{lines}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        status, got, whole = await read_answer(reader)
        return Seen(status, got, whole, time.monotonic() - started)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def read_answer(reader):
    """(status, body, whether it was whole)."""
    got = bytearray()
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0, b"", False
    status = int(head.split()[1])
    try:
        if length := re.search(rb"content-length: (\d+)", head):
            left = int(length[1])
            while left:
                data = await reader.read(min(left, 65536))
                if not data:
                    return status, bytes(got), False
                got += data
                left -= len(data)
            return status, bytes(got), True
        while size := int(await reader.readuntil(b"\r\n"), 16):
            while size:
                data = await reader.read(size)
                if not data:
                    return status, bytes(got), False
                got += data
                size -= len(data)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return status, bytes(got), True
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        return status, bytes(got), False


@dataclass
class Oracle:
    """Calls made through one sidecar, and what is known of them."""

    recording: object
    origin: Origin
    relayed_before: int = 0
    """By sidecars before this one, on the same store."""
    seen: dict[int, Seen] = field(default_factory=dict)
    started: int = 0
    wrong: list[str] = field(default_factory=list)
    """What a scrape found."""
    scrapes: int = 0
    settings: Settings = None

    async def call(self, number, **more):
        self.started += 1
        self.seen[number] = await ask(self.recording.port, number, **more)
        return self.seen[number]

    async def calls(self, numbers, at_once=20):
        """Makes these calls, so many at once."""
        gate = asyncio.Semaphore(at_once)

        async def one(number):
            async with gate:
                await self.call(number)

        await asyncio.gather(*(one(number) for number in numbers))

    def status(self):
        return read_status(self.settings)

    async def scrape(self):
        """Reads the loss numbers again and again until it is cancelled."""
        last = 0
        while True:
            started = self.started
            status = await asyncio.to_thread(self.status)
            if status.running:
                self.scrapes += 1
                if not status.adds_up:
                    self.wrong.append(f"did not add up: {status}")
                if status.relayed > max(started, self.started) or status.relayed < last:
                    self.wrong.append(f"{status.relayed} relayed, {last} before, {self.started} begun")
                last = status.relayed
            await asyncio.sleep(SCRAPE_S)

    async def until(self, claim, timeout_s=20.0):
        """Waits for a claim about the status; how long that took. AssertionError after the timeout."""
        started = time.monotonic()
        while True:
            status = await asyncio.to_thread(self.status)
            if claim(status):
                return time.monotonic() - started
            assert time.monotonic() - started < timeout_s, f"not true in {timeout_s} s: {status}"
            await asyncio.sleep(0.02)

    async def settle(self, timeout_s=30.0):
        """Waits until nothing is in flight; the status."""
        await self.until(lambda status: status.running and status.in_flight == 0, timeout_s)
        return await asyncio.to_thread(self.status)

    async def fresh(self, number=10_000_000):
        """Seconds from a new call to its row. It is one of the calls that the verdict looks at."""
        started = time.monotonic()
        before = (await asyncio.to_thread(self.status)).recorded
        await self.call(number)
        await self.until(lambda status: status.recorded > before and status.in_flight == 0)
        return time.monotonic() - started

    async def verdict(self, may_drop=(), broken=0):
        """What does not hold, in sentences. `may_drop` are reasons that calls may be dropped for, and up to `broken`
        answers may end early, never unnoticed: those that are whole are right."""
        status = await self.settle()
        wrong = [*self.wrong[:3], *self._answers(broken)]
        if status.relayed != len(self.seen):
            wrong.append(f"{len(self.seen)} calls made, {status.relayed} relayed")
        dropped = sum(status.dropped.values())
        if status.relayed != status.recorded + dropped:
            wrong.append(f"{status.relayed} relayed is not {status.recorded} recorded and {dropped} dropped")
        if odd := set(status.dropped) - set(may_drop):
            wrong.append(f"dropped for {', '.join(odd)}: {status.dropped}")
        wrong += await asyncio.to_thread(self._record, len(self.seen) - dropped)
        return wrong

    def _answers(self, broken):
        cut = 0
        for number, seen in self.seen.items():
            whole = direct(number, self.origin.chunks)
            if seen.whole and seen.status == 200 and seen != whole:
                yield f"call {number} got other bytes than directly"
            elif not seen.whole or seen.status != 200:
                cut += 1
                if seen.status == 200 and not whole.body.startswith(seen.body):
                    yield f"call {number} got bytes that were never sent"
        if cut > broken:
            yield f"{cut} calls did not get their answer"
        for number, digests in self.origin.received.items():
            if set(digests) != {digest(question(number))}:
                yield f"the origin got another question {number}"

    def _record(self, wanted):
        """What the store has too little, too much, twice, or in other bytes."""
        reader = open_reader(self.settings)
        try:
            rows = reader.calls(100_000)
            stored = [reader.call(row.call_id) for row in rows]
        finally:
            reader.close()
        numbers = []
        for call in stored:
            if not call.request.data:
                continue
            number = json.loads(call.request.data)["seed"]
            numbers.append(number)
            if number not in self.seen:
                yield f"call {number} is recorded and was never made"
            elif call.request.data != question(number):
                yield f"the question of call {number} is recorded in other bytes"
            elif (
                self.seen[number].whole
                and self.seen[number].status == 200
                and not same(call.response.data, self.seen[number].body)
            ):
                yield f"the answer to call {number} is recorded in other bytes"
        if len(numbers) != len(set(numbers)):
            yield "calls are recorded twice"
        if len(stored) != wanted + self.relayed_before:
            yield f"{len(stored)} calls are in the store, not {wanted + self.relayed_before}"


def same(kept, seen):
    """Whether kept bytes are those that were seen; a content-coding may have been taken off."""
    return kept == seen or (seen[:2] == b"\x1f\x8b" and gzip.decompress(seen) == kept)


def direct(number, chunks=20):
    """What a client sees that asks the origin itself; `test_oracle` shows that it is so."""
    head, pieces = answer(number, chunks)
    if b"chunked" not in head:
        return Seen(200, b"".join(pieces), True)
    bodies = [piece.split(b"\r\n", 1)[1][:-2] for piece in pieces[:-1]]
    return Seen(200, b"".join(bodies), True)


@asynccontextmanager
async def oracle(directory, *flags, through=None, env=None, **more):
    """An oracle with a sidecar in front of its origin, or of `through(origin)`, for the block."""
    async with numbered_origin(**more) as origin:
        url = through(origin) if through else origin.url
        async with asked(directory, origin, url, *flags, env=env) as made:
            yield made


@asynccontextmanager
async def asked(directory, origin, url, *flags, env=None):
    """The same on an origin that there is already."""
    entering = sidecar(directory, url, *flags, env=env)
    recording = await asyncio.to_thread(entering.__enter__)
    made = Oracle(recording, origin, settings=Settings(data_dir=directory))
    scraping = asyncio.create_task(made.scrape())
    try:
        yield made
    finally:
        scraping.cancel()
        await asyncio.gather(scraping, return_exceptions=True)
        await asyncio.to_thread(entering.__exit__, None, None, None)


def rss(pid):
    """Bytes of memory that a process has, without what it shares."""
    with open(f"/proc/{pid}/statm") as file:
        fields = file.read().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def calm_p99(values, windows=5):
    """The 99th percentile of the calmest of some windows: what is slow in all of them is not the neighbours' doing."""
    size = max(1, len(values) // windows)
    return min(percentile(values[at : at + size], 0.99) for at in range(0, size * windows, size) if values[at:])


def added_ms(before, during):
    """Milliseconds by which calls (seconds, in order) became slower, at the 99th percentile."""
    return 1000 * (calm_p99(during) - calm_p99(before))


async def readable(function):
    """The value of a function that reads the store, once it can be read."""
    while True:
        with suppress(StoreError):
            return await asyncio.to_thread(function)
        await asyncio.sleep(0.05)
