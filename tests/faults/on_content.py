"""Promises about what passes: bombs, hostile content, and requests that two readers might understand differently."""

import asyncio
import gzip
import re
import sys
import zlib
from collections import Counter
from pathlib import Path
from random import Random

import brotli
import zstandard
from faults.on_recorder import MIB, recorder_pid
from faults.oracle import asked, chunked, read_answer, rss, sse_head
from faults.promises import Measured, promise
from faults.smuggling import find_tokens, make_token, mutate, reading_origin
from pandaprobe_proxy.model.exchange import Outcome
from relaying import relaying
from upstreams import response, scripted_upstream

ROOT = Path(__file__).resolve().parents[2]


def bombs(size):
    """(content-coding, bytes) that come to `size` bytes of zeros."""
    block = b"\0" * MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield "gzip", b"".join([*(packer.compress(block) for _ in range(size // MIB)), packer.flush()])
    yield "gzip", gzip.compress(block, mtime=0) * (size // MIB)  # many members
    squeezer = brotli.Compressor(quality=1)
    parts = [squeezer.process(block) for _ in range(min(size, 512 * MIB) // MIB)]
    yield "br", b"".join([*parts, squeezer.finish()])
    yield "zstd", zstandard.ZstdCompressor().compress(block) * (size // MIB)
    yield "gzip", gzip.compress(b"", mtime=0) * 10_000  # tiny members


@promise(
    23,
    "decompression bombs, either way",
    "relayed as they are; recorder grows <= 32 MB, besides 16 MB of output and the bodies themselves",
)
async def bombed(place, full):
    measured = Measured()
    made = list(bombs((10_000 if full else 256) * MIB))

    async def script(connection):
        while got := await connection.request():
            coding, data = made[int(re.search(rb"/b(\d)", got)[1])]
            received.append(got.split(b"\r\n\r\n", 1)[1])
            await connection.send(response(data, headers=(b"Content-Encoding: " + coding.encode(),)))

    received, most = [], 0
    async with scripted_upstream(script) as up, asked(place / "data", up, up.url) as one:
        pid = await recorder_pid(one)
        await asyncio.sleep(0.5)
        before = rss(pid)

        async def watch():
            nonlocal most
            while True:
                most = max(most, rss(pid))
                await asyncio.sleep(0.01)

        watching = asyncio.create_task(watch())
        for at, (coding, data) in enumerate(made):
            reader, writer = await asyncio.open_connection("127.0.0.1", one.recording.port, limit=2**24)
            lines = f"POST /v1/b{at}/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Encoding: {coding}\r\n"
            lines += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            one.started += 1
            writer.write(lines.encode() + data)
            _, got, whole = await read_answer(reader)
            writer.close()
            measured.claim(whole and got == data, f"{coding} came down otherwise")
            measured.claim(received[-1] == data, f"{coding} went up otherwise")
        status = await one.settle(120)
        watching.cancel()
        measured.claim(one.status().recorder_pid == pid, "the recorder died")
    measured.claim(status.recorded == len(made), f"{status.recorded} of {len(made)} recorded")
    wire = sum(len(data) for _, data in made)
    measured.figure("MB that the recorder grew", (most - before) / MIB, 32 + 16 + 2 * wire / MIB)
    measured.notes.append(f"{wire / MIB:.1f} MB on the wire, each way, for {'10 GB' if full else '256 MB'} apiece")
    return measured


def hostile(dice):
    """Bodies of answers that no provider should send."""
    deep = 100_000
    yield b'{"choices":' * deep + b"1" + b"}" * deep
    yield b"data: " + b"x" * (8 * MIB) + b"\n\n"
    yield bytes(range(256)) * 100
    yield b"data: {\x00}\n\ndata: \xff\xfe\n\n" * 50
    yield b"[" * 500_000
    yield b'{"choices":[{"message":{"content":"' + b"\\ud800" * 1000 + b'"}}]}'
    yield b'{"usage":{"prompt_tokens":' + b"9" * 5000 + b"}}"
    yield b"\r\r\n\n" * 10_000
    yield from (dice.randbytes(dice.randint(1, 5000)) for _ in range(20))


async def escapes(cases):
    """What `bench/hostile.py` says of so many cases: (escaped, its first line)."""
    command = [sys.executable, str(ROOT / "bench" / "hostile.py"), "--cases", str(cases), "--seed", "24"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    first = out.decode().splitlines()[0]
    return int(re.search(r"(\d+) escaped", first)[1]), first


@promise(24, "hostile content", "relay byte-exact, recorder never raises; 100,000 cases, 0 escapes", short=False)
async def hostile_content(place, full):
    measured, dice = Measured(), Random(24)
    count, said = await escapes(100_000 if full else 1000)
    measured.figure("escapes", count, 0)
    bodies = list(hostile(dice))

    async def script(connection):
        while got := await connection.request():
            body = bodies[int(re.search(rb"/h(\d+)", got)[1])]
            step = dice.choice((1, 100, 5000)) if len(body) < 6000 else 16_000
            pieces = [chunked(body[at : at + step]) for at in range(0, len(body), step)]
            await connection.send(sse_head(), *pieces, b"0\r\n\r\n")

    async with scripted_upstream(script) as up, asked(place / "data", up, up.url) as one:
        pid = await recorder_pid(one)
        for at, body in enumerate(bodies):
            reader, writer = await asyncio.open_connection("127.0.0.1", one.recording.port, limit=2**24)
            one.started += 1
            writer.write(b"POST /v1/h%d/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" % at)
            _, got, whole = await read_answer(reader)
            writer.close()
            measured.claim(whole and got == body, f"hostile body {at} came otherwise")
        status = await one.settle(60)
        measured.claim(status.recorder_pid == pid, "the recorder died")
    measured.claim(status.recorded == len(bodies), f"{status.recorded} of {len(bodies)} recorded: {status.dropped}")
    measured.notes.append(said)
    return measured


@promise(25, "smuggling corpus", "one request in, one out; 0 desyncs over >= 10,000 mutations")
async def smuggled(place, full):
    measured = Measured()
    count = 10_000 if full else 600
    dice = Random(25)
    tokens = [make_token(dice) for _ in range(count)]
    answers = []
    async with reading_origin() as origin, relaying(f"http://127.0.0.1:{origin.port}") as relay:
        for first in range(0, count, 40):
            requests = [mutate(dice, token) for token in tokens[first : first + 40]]
            answers += await asyncio.gather(*(send(relay.port, data) for data in requests))
        await asyncio.sleep(0.5)
        told = [one for one in relay.exchanges() if one.head.url]
    refused = sum(answer.startswith(b"HTTP/1.1 4") for answer in answers)
    known = set(tokens)
    astray = [(find_tokens(answer) & known) - {token} for answer, token in zip(answers, tokens, strict=True)]
    crossed = [one for one in told if one.response_body.startswith(b"/v1/") and one.response_body != target_of(one)]
    paired = sum(bool(find_tokens(answer) & {token}) for answer, token in zip(answers, tokens, strict=True))
    sent = Counter((one.head.method.encode(), target_of(one), one.request_body) for one in told)
    done = [one for one in told if one.outcome is Outcome.OK]
    wanted = Counter((one.head.method.encode(), target_of(one), one.request_body) for one in done)
    unknown, lost = origin.whole - sent, wanted - origin.whole
    measured.figure("requests that the origin read and the relay did not mean", sum(unknown.values()), 0)
    measured.figure("requests that the relay sent and the origin did not read", sum(lost.values()), 0)
    measured.figure("requests that the origin could not read", len(origin.errors), 0)
    measured.figure("clients that got an answer to another's request", sum(map(bool, astray)), 0)
    measured.figure("requests that were paired with the answer to another", len(crossed), 0)
    measured.claim(not unknown, f"for one: {next(iter(unknown), None)}")
    measured.claim(not any(astray), f"answers to {[found for found in astray if found][:3]} went to others")
    measured.claim(not crossed, f"for one: {crossed[:1]}")
    measured.claim(paired > count // 10, f"only {paired} clients got their own answer")
    measured.claim(not lost, f"for one: {next(iter(lost), None)}")
    measured.claim(not origin.errors, f"for one: {origin.errors[:3]}")
    measured.notes.append(
        f"{count} mutations: {refused} refused, {sum(origin.whole.values())} requests went up, "
        f"{paired} clients got their own answer"
    )
    return measured


def target_of(exchange):
    """As it went upstream: the path and query of its URL."""
    return re.sub(rb"^http://[^/?]*", b"", exchange.head.url.encode("latin-1"))


async def send(port, data):
    """All that comes back for these bytes, for as long as something comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = bytearray()
    try:
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(0.3):
            while more := await reader.read(4096):
                got += more
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return bytes(got)
