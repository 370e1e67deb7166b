"""Promises about the upstream: refuses, cannot be found, resets, is silent, corrupts."""

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager, contextmanager

from faults import chaos
from faults.on_recorder import recorder_pid
from faults.oracle import ask, asked, numbered_origin
from faults.promises import Measured, promise
from pandaprobe_proxy.settings import Settings
from sidecar import free_port


@asynccontextmanager
async def harmed(directory, *flags, **more):
    """(oracle, chaos): a sidecar whose origin is behind a chaos proxy."""
    async with (
        numbered_origin(**more) as origin,
        chaos.chaos_proxy(origin.port) as harm,
        asked(directory, origin, harm.url, *flags) as one,
    ):
        yield one, harm


async def raw(port, path="/v1/chat/completions", timeout_s=30):
    """Everything that comes back for a call, as text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"model":"m","seed":1,"messages":[]}'
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    writer.write(body)
    async with asyncio.timeout(timeout_s):
        answer = (await reader.read()).decode()
    writer.close()
    return answer


@contextmanager
def black_hole():
    """An address where connecting takes for ever: its backlog is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        clients = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
            clients.append(client)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            for client in clients:
                client.close()


@promise(
    12,
    "upstream refuses, has no name, or does not answer",
    "502/504 in the provider's shape; connect <= 10 s; no retry",
)
async def unreachable(place, full):
    measured = Measured()
    seconds = 10 if full else 1
    with black_hole() as hole:
        flags = ("--upstream", "nameless=http://no-such-host.invalid", "--upstream", f"hole={hole}")
        flags += ("--connect-timeout-s", str(seconds))
        async with (
            numbered_origin() as origin,
            asked(place / "data", origin, f"http://127.0.0.1:{free_port()}", *flags) as one,
        ):
            await recorder_pid(one)
            for name, path, status in (
                ("refused", "/v1/chat/completions", "502"),
                ("no name", "/nameless/v1/chat/completions", "502"),
                ("black hole", "/hole/v1/chat/completions", "504"),
            ):
                started = time.monotonic()
                one.started += 1
                answer = await raw(one.recording.port, path)
                took = time.monotonic() - started
                head, _, body = answer.partition("\r\n\r\n")
                measured.claim(head.split()[1] == status, f"{name}: {head.splitlines()[0]}")
                measured.claim("x-pandaprobe-error" in head.lower(), f"{name}: no header says that it is ours")
                measured.claim({"message", "type"} <= set(json.loads(body)["error"]), f"{name}: {body}")
                measured.figure(f"s, {name}", took, seconds + 1)
            status = await one.settle()
            measured.claim(status.recorded == 3, f"{status.recorded} recorded of 3")
    measured.claim(not origin.received, "something was tried again")
    return measured


@promise(13, "upstream resets or ends in mid-answer", "a broken body, never a clean end, within 100 ms; partial kept")
async def broken_off(place, full):
    measured = Measured()
    rounds = 50 if full else 10
    async with harmed(place / "data", chunks=60) as (one, harm):
        await recorder_pid(one)
        numbers = [4 * n + 1 for n in range(rounds)]  # streams
        toxics = (chaos.limit_data(1500), chaos.limit_data(1500, reset=True), chaos.half_close(1500))
        for at, toxic in enumerate(toxics):
            harm.heal()
            harm.downward = toxic
            for number in numbers[at :: len(toxics)]:
                await one.call(number)
        cut = list(one.seen.values())
        harm.heal()
        await one.call(5001)
        measured.wrong += await one.verdict(broken=rounds)
        rows = one.recording.json("calls", "ls", "--limit", "1000")["items"]
    measured.claim(not any(seen.whole for seen in cut), "a broken answer looked whole")
    measured.claim(all(seen.body for seen in cut), "what had come was kept from the client")
    outcomes = {row["outcome"] for row in rows} - {"ok"}
    measured.claim(outcomes == {"upstream_reset"}, f"recorded as {outcomes}")
    measured.claim(all(row["partial"] for row in rows if row["outcome"] != "ok"), "not marked as partial")
    measured.figure("s of the slowest broken call", max(seen.took_s for seen in cut), 1)
    measured.notes.append(f"{rounds} answers cut by limit_data, with and without reset, and half_close")
    return measured


@promise(14, "upstream silent", "nothing from us before the idle limit (600 s unless set)", short=False)
async def silent(place, full):
    measured = Measured()
    seconds = 30 if full else 2
    async with harmed(place / "data", "--idle-timeout-s", str(seconds)) as (one, harm):
        await recorder_pid(one)
        harm.upward = chaos.timeout(0)
        seen = await one.call(1)
        harm.heal()
        status = await one.settle()
    measured.claim(Settings().idle_timeout_s == 600, "the default is another")
    measured.claim(seen.took_s >= seconds, f"given up after {seen.took_s:.1f} s of {seconds}")
    measured.claim(seen.status == 504, f"status {seen.status}")
    measured.claim(status.recorded == 1, "the call was not recorded")
    measured.figure("s beyond the limit", seen.took_s - seconds, 2)
    measured.notes.append(f"limit set to {seconds} s for this")
    return measured


TOXICS = {
    "latency": chaos.latency(50, 30),
    "bandwidth": chaos.bandwidth(400),
    "slow_close": chaos.slow_close(200),
    "slicer": chaos.slicer(40, 39, 50),
    "corrupt_sse": chaos.corrupt_sse(),
    "limit_data": chaos.limit_data(900),
    "half_close": chaos.half_close(700),
}


async def compare_toxic(port, harm, one, toxic, numbers):
    """Calls whose outcome differs between a client of the harmed upstream and one behind the sidecar."""
    differing = []
    for number in numbers:
        harm.heal()
        harm.downward = toxic
        itself = asyncio.create_task(ask(port, number))
        alone = await itself if toxic is not TOXICS["half_close"] else await within(itself)
        through = await one.call(number)
        if (alone.status, alone.body, alone.whole) != (through.status, through.body, through.whole):
            differing.append((number, alone.whole, len(alone.body), through.whole, len(through.body)))
    return differing


async def within(call):
    """A client that nobody tells the end of a half-open connection gives up by itself."""
    return await asyncio.wait_for(call, 10)
