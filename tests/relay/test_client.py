"""Client connections: heads that are refused before anything goes upstream, requests sent ahead, and waiting."""

import asyncio
import itertools
from contextlib import suppress
from random import Random

import pytest
from pandaprobe_proxy.relay.bodies import Chunked
from pandaprobe_proxy.relay.server import Timeouts
from relaying import relaying, until
from upstreams import answering, response, scripted_upstream, whole_request

GET = b"GET /v1/x HTTP/1.1\r\nHost: me\r\n\r\n"
LAST = b"GET /v1/last HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: me\r\n\r\n"
P = b"POST /v1/x HTTP/1.1\r\nHost: me\r\n"

REFUSED = {
    "length and coding": (P + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "malformed_head"),
    "differing lengths": (P + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", "malformed_head"),
    "plus": (P + b"Content-Length: +4\r\n\r\nabcd", "malformed_head"),
    "folded": (P + b"A: b\r\n Content-Length: 4\r\n\r\nabcd", "malformed_head"),
    "bare LF": (b"POST /v1/x HTTP/1.1\nHost: me\n\n", "malformed_head"),
    "bare LF at the end": (P + b"A: b\n\r\n", "malformed_head"),
    "NUL": (P + b"A: \x00\r\n\r\n", "malformed_head"),
    "space before the colon": (P + b"Content-Length : 4\r\n\r\nabcd", "malformed_head"),
    "two hosts": (P + b"Host: you\r\n\r\n", "bad_host"),
    "no host": (b"GET /v1/x HTTP/1.1\r\nA: b\r\n\r\n", "bad_host"),
    "coding that is not chunked": (P + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "bad_framing"),
    "chunked in 1.0": (b"POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_framing"),
    "absolute": (b"GET http://evil.example/v1/x HTTP/1.1\r\nHost: me\r\n\r\n", "absolute_target"),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "connect_refused"),
    "version 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_version"),
    "unknown path": (b"GET /nobody/x HTTP/1.1\r\nHost: me\r\n\r\n", "unknown_path"),
    "too large": (P + b"A: " + b"x" * 300_000 + b"\r\n\r\n", "head_too_large"),
    "too large and without end": (P + b"A: " + b"x" * 300_000, "head_too_large"),
    "too many headers": (P + b"A: b\r\n" * 600 + b"\r\n", "too_many_headers"),
}
STATUS = {"unknown_path": 404, "head_too_large": 431, "too_many_headers": 431}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_is_told_in_one_sentence_counted_and_never_goes_upstream(case):
    wire, code = REFUSED[case]
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        raw = await relay.ask(wire + SMUGGLED)
        assert raw.startswith(b"HTTP/1.1 %d " % STATUS.get(code, 400))
        assert b"x-pandaprobe-error: %b\r\n" % code.encode() in raw and b"Connection: close\r\n" in raw
        assert raw.count(b"HTTP/1.1 4") == 1
        assert relay.relay.stats().refused == {code: 1}
        assert relay.relay.stats().relayed == 0 and relay.events == []
        assert up.connections == []


async def test_an_unknown_path_is_told_which_upstreams_there_are():
    async with relaying("http://127.0.0.1:1", mine="http://127.0.0.1:2") as relay:
        raw = await relay.ask(b"GET /nobody/x HTTP/1.1\r\nHost: me\r\n\r\n")
        assert b"/nobody/x; use /v1/" in raw and b"openai, mine" in raw


async def test_a_refusal_is_told_in_the_callers_dialect():
    async with relaying("http://127.0.0.1:1") as relay:
        raw = await relay.ask(b"POST /nobody/v1/messages HTTP/1.1\r\nHost: me\r\nanthropic-version: 1\r\n\r\n")
        assert b'{"type": "error", "error": {"type": "not_found_error"' in raw


@pytest.mark.parametrize("probe", [b"HEAD / ", b"GET / ", b"OPTIONS * ", b"OPTIONS /v1/chat "])
async def test_probes_are_relayed_and_nothing_is_answered_here(probe):
    async with scripted_upstream(answering(response(b""))) as up, relaying(up.url) as relay:
        assert b"200 OK" in await relay.ask(probe + b"HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n")
        assert up.requests[0].startswith(probe)


async def test_a_refusal_is_still_readable_when_the_client_goes_on_sending():
    async with relaying("http://127.0.0.1:1") as relay:
        client = await relay.connect()
        await client.send(P + b"Content-Length: +1\r\n\r\n", *[b"x" * 65536] * 20, pause_s=0.001)
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")
        await client.close()


async def test_a_client_that_lingers_after_a_refusal_is_cut():
    async with relaying("http://127.0.0.1:1", timeouts=Timeouts(linger_s=0.1)) as relay:
        client = await relay.connect()
        await client.send(b"bad\r\n\r\n")
        await client.rest()
        await until(lambda: relay.relay.stats().connections == 0)
        await client.close()


def numbered(number):
    body = b"n%d" % number
    return b"POST /v1/%d HTTP/1.1\r\nHost: me\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body)


async def echo(connection):
    """Answers each request with its path, the odd ones late."""
    while asked := await connection.request():
        path = asked.split(b" ")[1]
        if path[-1] % 2:
            await asyncio.sleep(0.01)
        await connection.send(response(path))


@pytest.mark.parametrize("cut", [1000, 1, 7, 64])
async def test_requests_sent_ahead_are_answered_in_order_one_at_a_time(cut):
    wire = b"".join(numbered(number) for number in range(9)) + LAST
    async with scripted_upstream(echo) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(*(wire[at : at + cut] for at in range(0, len(wire), cut)))
        raw = await client.rest()
        await client.close()
        bodies = [part.split(b"\r\n\r\n", 1)[1] for part in raw.split(b"HTTP/1.1 200 OK\r\n")[1:]]
        assert bodies == [*(b"/v1/%d" % number for number in range(9)), b"/v1/last"]
        exchanges = await relay.ended(10)
        assert [exchange.request_body for exchange in exchanges[:-1]] == [b"n%d" % number for number in range(9)]
        assert all(a.ended.at_ns <= b.head.at_ns for a, b in itertools.pairwise(exchanges))
        assert len(up.connections) == 1


async def test_thousands_of_requests_sent_ahead_are_held_within_bounds():
    async with scripted_upstream(answering(response(b""))) as up, relaying(up.url) as relay:
        client = await relay.connect()
        sending = asyncio.create_task(client.send(GET * 5000 + LAST))
        raw = await client.rest(20)
        await sending
        assert raw.count(b"HTTP/1.1 200 OK") == 5001
        await client.close()


async def test_what_follows_a_refused_request_is_not_answered():
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        raw = await relay.ask(GET + P + b"Content-Length: x\r\n\r\n" + SMUGGLED)
        assert raw.count(b"HTTP/1.1 200") == 1 and raw.count(b"HTTP/1.1 400") == 1
        assert up.requests == [GET.replace(b"me", b"127.0.0.1:%d" % up.port)]


async def test_a_body_that_looks_like_a_request_is_a_body():
    wire = P + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED + LAST
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        raw = await relay.ask(wire)
        assert raw.count(b"HTTP/1.1 200") == 2
        assert len(await relay.ended(2)) == 2


async def test_empty_lines_before_a_request_are_read_over():
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        assert (await relay.ask(b"\r\n\r\n" + LAST)).endswith(b"ok")


async def test_a_head_cut_anywhere_is_read_whole():
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        for cut in range(1, len(LAST)):
            client = await relay.connect()
            await client.send(LAST[:cut])
            await client.send(LAST[cut:])
            assert (await client.rest()).endswith(b"ok")
            await client.close()


async def test_a_head_just_within_its_bounds_is_relayed():
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        big = b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\nbaggage: " + b"x" * 200_000 + b"\r\n\r\n"
        assert (await relay.ask(big)).endswith(b"ok")


async def test_a_head_that_drips_is_cut_off_in_total_time():
    async with relaying("http://127.0.0.1:1", timeouts=Timeouts(head_s=0.2)) as relay:
        client = await relay.connect()
        started = asyncio.get_running_loop().time()
        dripping = asyncio.create_task(client.send(*(GET[at : at + 1] for at in range(len(GET) - 1)), pause_s=0.05))
        raw = await client.rest()
        assert raw.startswith(b"HTTP/1.1 408 ") and b"x-pandaprobe-error: head_timeout" in raw
        assert asyncio.get_running_loop().time() - started < 1
        dripping.cancel()
        await client.close()


async def test_an_idle_connection_is_kept_for_its_time_and_then_closed():
    async with (
        scripted_upstream(answering(response(b"ok"))) as up,
        relaying(up.url, timeouts=Timeouts(keepalive_s=0.3, head_s=0.05)) as relay,
    ):
        client = await relay.connect()
        await asyncio.sleep(0.15)
        await client.send(GET)
        await client.until(b"ok")
        started = asyncio.get_running_loop().time()
        assert await client.rest() == b""
        assert 0.25 <= asyncio.get_running_loop().time() - started < 2
        await client.close()


async def test_the_clients_address_is_told():
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        client = await relay.connect()
        host, port = client.writer.get_extra_info("sockname")[:2]
        await client.send(LAST)
        await client.rest()
        await client.close()
        assert (await relay.ended())[0].head.client == f"{host}:{port}"


JUNK = (
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"\x00",
        b":",
        b";",
        b",",
        b"0",
        b"5",
        b"+",
        b"\xff",
        b"\r\n\r\n",
        b"0\r\n\r\n",
    ),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"chunked", b"Host: x\r\n", b"HTTP/1.1", SMUGGLED),
)


def mutants(seed, count):
    """Requests with a length or chunks, each changed in a few places."""
    random = Random(seed)
    sized = P + b"Content-Length: 5\r\nA: b\r\n\r\nhello"
    chunked = P + b"Transfer-Encoding: chunked\r\nA: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    for _ in range(count):
        wire = random.choice((sized, chunked))
        for _ in range(random.choice((1, 1, 2, 3))):
            lines = [at for at in range(len(wire)) if wire[:at].endswith(b"\r\n")]
            at = random.choice((random.randrange(len(wire)), random.choice(lines)))
            wire = wire[:at] + random.choice(JUNK) + wire[at + random.choice((0, 0, 1, 5)) :]
        yield wire


def bodies(received):
    """What a strict upstream takes for the bodies of the whole requests among these bytes; one cut off is none."""
    while received and (size := whole_request(received)) is not None:
        head, _, body = received[:size].partition(b"\r\n\r\n")
        yield Chunked().feed(body) if b"\r\nTransfer-Encoding: chunked" in head else body
        received = received[size:]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_done_to_requests_the_upstream_reads_what_the_relay_read(seed):
    relayed = 0
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url) as relay:
        for wire in mutants(seed, 60):
            up.connections.clear()
            relay.relay._ambient.pool.close()
            relay.events.clear()
            client = await relay.connect()
            await client.send(wire + LAST)
            with suppress(ConnectionError, TimeoutError):
                await client.rest(0.1)
            await client.close()
            await until(lambda: relay.relay.stats().open == 0)
            whole = [exchange.request_body for exchange in relay.exchanges() if exchange.outcome == "ok"]
            read = [body for received in up.requests for body in bodies(received)]
            assert read[: len(whole)] == whole
            assert len(read) <= len(relay.exchanges())
            relayed += len(whole)
    assert relayed >= 5
