"""Promises about clients and load: gone, slow, half sent, too many; and about the end of the sidecar itself."""

import asyncio
import os
import resource
import signal
import socket
import time
from contextlib import asynccontextmanager
from random import Random

from faults.chaos import reset
from faults.on_recorder import MIB, recorder_pid
from faults.oracle import HELD_FROM, ask, asked, direct, numbered_origin, oracle, question, rss, sse_head
from faults.promises import Measured, promise
from relaying import stalled, until


def request(number):
    body = question(number)
    lines = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return lines.encode() + body


async def connect(port, number):
    """A client that has asked and not read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(request(number))
    await writer.drain()
    return reader, writer


@promise(
    3,
    "whole sidecar killed (-9)",
    "finished calls older than 500 ms kept; cut ones interrupted; new ones soon",
    short=False,
)
async def all_killed(place, full):
    measured, dice = Measured(), Random(3)
    finished, home = 0, place / "data"
    async with numbered_origin(pause_s=0.05, chunks=40) as origin:
        for first in range(0, 10_000 if full else 2000, 1000):
            async with asked(home, origin, origin.url) as one:
                pid = await recorder_pid(one)
                await one.calls(range(first, first + 120, 4))  # plain ones, which end at once
                finished += 30
                streams = [asyncio.create_task(ask(one.recording.port, first + 801 + 4 * n)) for n in range(10)]
                await asyncio.sleep(0.6 + dice.uniform(0, 0.3))
                one.recording.process.kill()
                os.kill(pid, signal.SIGKILL)
                cut = await asyncio.gather(*streams)
                measured.claim(not any(seen.whole for seen in cut), "a stream that was cut looked whole")
        started = time.monotonic()
        async with asked(home, origin, origin.url) as one:
            measured.figure("s until a new one accepts", time.monotonic() - started, 1)
            await recorder_pid(one)
            rows = await asyncio.to_thread(one.recording.json, "calls", "ls", "--limit", "10000")
    outcomes = [row["outcome"] for row in rows["items"]]
    measured.claim(set(outcomes) == {"ok", "interrupted"}, f"outcomes {set(outcomes)}")
    measured.figure("finished calls lost", finished - outcomes.count("ok"), 0)
    measured.notes.append(f"{finished} finished before, {outcomes.count('interrupted')} interrupted")
    return measured


@promise(
    15, "client gone before the first token, or in mid-stream", "100 of 100 upstream sockets closed <= 1 s; recorded"
)
async def gone(place, full):
    measured, dice = Measured(), Random(15)
    each = 17 if full else 4
    async with oracle(place / "data", pause_s=0.2, chunks=100) as one:
        await recorder_pid(one)
        number, clients = 1, []
        for leave in ("close", "reset", "half"):
            for early in (True, False):
                for _ in range(each):
                    reader, writer = await connect(one.recording.port, number + (HELD_FROM if early else 0))
                    one.started += 1
                    clients.append((leave, early, reader, writer))
                    number += 4
        await asyncio.sleep(1)
        left = time.monotonic()
        for leave, early, reader, writer in clients:
            if not early:
                await reader.read(dice.randint(1, 500))
            if leave == "reset":
                reset(writer)
            elif leave == "close":
                writer.close()
            elif writer.can_write_eof():
                writer.write_eof()
                await asyncio.sleep(0)
                writer.close()
        await until(lambda: one.origin.open == 0, 10)
        measured.figure("s until the upstream's sockets are closed", time.monotonic() - left, 1)
        measured.claim(one.origin.open == 0, f"{one.origin.open} stay open")
        status = await one.settle()
        rows = await asyncio.to_thread(one.recording.json, "calls", "ls", "--limit", "1000")
    outcomes = {row["outcome"] for row in rows["items"]}
    measured.claim(outcomes == {"client_disconnected"}, f"recorded as {outcomes}")
    measured.claim(status.recorded == len(clients), f"{status.recorded} recorded of {len(clients)}")
    measured.notes.append(f"{len(clients)} clients: closed, reset, half-closed")
    return measured


@asynccontextmanager
async def flooding_origin():
    """An origin that sends a stream as fast as it is taken; how much went out, by connection."""
    sent = []

    async def serve(reader, writer):
        at = len(sent)
        sent.append(0)
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(sse_head())
            block = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            while True:
                writer.write(block)
                await writer.drain()
                sent[at] += len(block)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent
    finally:
        server.close()


@promise(
    16, "client reads slowly, or not at all", "<= 256 KB a stream in the relay; other streams unaffected", short=False
)
async def slow_reader(place, full):
    measured = Measured()
    count = 100 if full else 20
    async with flooding_origin() as (url, sent), numbered_origin(chunks=5) as origin:
        flags = ("--upstream", f"flood={url}", "--ring-bytes", str(MIB))
        async with asked(place / "data", origin, origin.url, *flags) as one:
            await recorder_pid(one)
            await one.calls(range(20))
            before = rss(one.recording.process.pid)
            clients = []
            for _ in range(count):
                reader, writer = await asyncio.open_connection("127.0.0.1", one.recording.port, limit=1024)
                writer.write(b"GET /flood/x HTTP/1.1\r\nHost: x\r\n\r\n")
                one.started += 1
                clients.append((reader, writer))
            await stalled(lambda: sum(sent))
            stood, grown = sum(sent), rss(one.recording.process.pid) - before
            await one.calls(range(100, 140))
            await asyncio.sleep(1)
            measured.claim(sum(sent) == stood, "it goes on taking what nobody reads")
            wrong = [n for n, seen in one.seen.items() if seen != direct(n, 5)]
            measured.claim(not wrong, f"other calls were harmed: {wrong}")
            for _, writer in clients:
                writer.close()
    measured.figure("KB of the relay's memory for each", grown / count / 1024, 256)
    measured.notes.append(f"{count} clients that read nothing; {stood / count / MIB:.1f} MB each in kernel buffers")
    return measured


@promise(
    17,
    "SIGTERM with 50 streams",
    "0 truncated of those that end in time; exit 0; a second SIGTERM ends it now",
    short=False,
)
async def drained(place, full):
    measured, dice = Measured(), Random(17)
    for round_ in range(5 if full else 1):
        async with oracle(place / f"r{round_}", pause_s=0.05, chunks=20) as one:
            await recorder_pid(one)
            streams = asyncio.create_task(one.calls([4 * n + 1 for n in range(50)], at_once=50))
            await asyncio.sleep(dice.uniform(0.2, 0.8))
            one.recording.process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(one.recording.process.wait, 30)
            await streams
            cut = sum(not seen.whole for seen in one.seen.values())
            status = await asyncio.to_thread(one.recording.status)
        measured.claim(code == 0, f"exit code {code}")
        measured.claim(status["recorded"] == 50 and status["adds_up"], f"{status['recorded']} recorded of 50")
        measured.figure("streams truncated", cut, 0)
    async with oracle(place / "twice", pause_s=0.2, chunks=300) as one:
        await recorder_pid(one)
        stream = asyncio.create_task(ask(one.recording.port, 1))
        await asyncio.sleep(0.5)
        one.recording.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        started = time.monotonic()
        one.recording.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(one.recording.process.wait, 20)
        measured.figure("s after a second SIGTERM", time.monotonic() - started, 1)
        await stream
    return measured


@promise(21, "slow heads and bodies", "cut: head after 15 s, body after 60 s between reads; others served")
async def dripping(place, full):
    measured = Measured()
    head_s, body_s, count = (15, 60, 200) if full else (1.5, 2, 20)
    flags = ("--head-timeout-s", str(head_s), "--body-timeout-s", str(body_s))
    async with oracle(place / "data", *flags) as one:
        await recorder_pid(one)

        async def drip(data, every_s):
            """Sends a byte at a time; how long the connection lived."""
            started = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", one.recording.port)
            writer.write(data)
            ended = asyncio.create_task(reader.read())
            while not ended.done() and time.monotonic() - started < body_s * 2:
                writer.write(b"a")
                await asyncio.wait([ended], timeout=every_s)
            writer.close()
            return time.monotonic() - started

        begun = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Slow: "
        asking = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        heads = [asyncio.create_task(drip(begun, head_s / 5)) for _ in range(count)]
        bodies = [asyncio.create_task(drip(asking, body_s * 3)) for _ in range(count)]
        one.started += count
        await asyncio.sleep(head_s / 2)
        await one.calls(range(20))
        measured.claim(all(seen.whole for seen in one.seen.values()), "others were harmed")
        lived = await asyncio.gather(*heads), await asyncio.gather(*bodies)
    measured.figure("s that a head took at most", max(lived[0]), head_s + 2)
    measured.figure("s that a body stood still at most", max(lived[1]), body_s + 2)
    measured.claim(min(lived[1]) >= body_s * 0.9, "a body was cut too early")
    measured.notes.append(f"{count} each, limits {head_s} and {body_s} s")
    return measured


@promise(20, "10,000 idle connections", "RSS <= +100 MB; a good call p99 <= 50 ms more", short=False)
async def idle(place, full):
    measured = Measured()
    count = 10_000 if full else 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    async with oracle(place / "data", chunks=3) as one:
        await recorder_pid(one)
        relay = one.recording.process.pid
        await one.calls(range(400), at_once=1)
        quiet = [seen.took_s for seen in one.seen.values()]
        before = rss(relay)
        sockets = []
        try:
            for _ in range(count):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", one.recording.port))
                sockets.append(sock)
                if len(sockets) % 200 == 0:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(1)
            grown = rss(relay) - before
            await one.calls(range(1000, 1400), at_once=1)
        finally:
            for sock in sockets:
                sock.close()
        measured.wrong += await one.verdict()
    busy = [one.seen[number].took_s for number in range(1000, 1400)]
    measured.figure("MB that the relay grew", grown / MIB, 100)
    measured.figure("ms added to p99", 1000 * (sorted(busy)[-4] - sorted(quiet)[-4]), 50)
    measured.notes.append(f"{count} connections")
    return measured
