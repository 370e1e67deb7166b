"""Upstream connections: kept for a while, taken again only if they look alive, one exchange at a time on each."""

import asyncio

import pytest
from pandaprobe_proxy.relay import upstream as module
from pandaprobe_proxy.relay.server import Timeouts
from relaying import relaying, until
from upstreams import answering, response, scripted_upstream

GET = b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
OK = response(b"ok")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [OK, CHUNKED], ids=["sized", "chunked"])
async def test_a_connection_serves_one_exchange_after_another(answer):
    async with scripted_upstream(answering(answer)) as up, relaying(up.url) as relay:
        for _ in range(5):
            assert b"ok" in await relay.ask(POST)
        assert len(up.connections) == 1
        assert relay.relay.stats().idle_upstream == 1


async def test_exchanges_at_the_same_time_have_a_connection_each():
    gate = asyncio.Event()

    async def script(connection):
        while await connection.request():
            await gate.wait()
            await connection.send(OK)

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        asking = [asyncio.create_task(relay.ask(POST)) for _ in range(10)]
        await until(lambda: len(up.connections) == 10 and all(up.requests))
        gate.set()
        assert all(raw.endswith(b"ok") for raw in await asyncio.gather(*asking))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled",
    ],
    ids=["says close", "1.0", "says more"],
)
async def test_a_connection_that_may_not_be_used_again_is_closed(answer):
    async with scripted_upstream(answering(answer)) as up, relaying(up.url) as relay:
        for _ in range(2):
            raw = await relay.ask(POST)
            assert raw.endswith(b"ok") and b"smuggled" not in raw
        assert len(up.connections) == 2
        assert relay.relay.stats().idle_upstream == 0


async def test_an_answer_that_nobody_asked_for_is_never_anybodys():
    async def script(connection):
        await connection.request()
        await connection.send(OK, pause_s=0.05)
        await connection.send(response(b"stray"))
        await connection.until_gone()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        assert (await relay.ask(POST)).endswith(b"ok")
        await asyncio.wait_for(up.connections[0].gone.wait(), 2)
        assert relay.relay.stats().idle_upstream == 0
        assert (await relay.ask(POST)).endswith(b"ok")


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_connection_that_the_upstream_closed_meanwhile_is_not_taken(how):
    async def script(connection):
        await connection.request()
        await connection.send(OK, pause_s=0.02)
        getattr(connection, how)()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        for _ in range(3):
            assert (await relay.ask(POST)).endswith(b"ok")
            await until(lambda: relay.relay.stats().idle_upstream == 0)
        assert len(up.connections) == 3


async def test_a_close_that_the_loop_has_not_seen_yet_is_seen_when_the_connection_is_taken():
    async with scripted_upstream(answering(OK)) as up, relaying(up.url) as relay:
        await relay.ask(POST)
        (idle,) = relay.relay._ambient.pool._idle.values()
        (connection,) = idle
        assert connection.is_quiet()
        connection.transport.pause_reading()
        up.connections[0].close()
        await until(lambda: not connection.is_quiet())
        assert (await relay.ask(POST)).endswith(b"ok")
        assert len(up.connections) == 2


async def test_an_idle_connection_is_closed_after_its_time():
    async with (
        scripted_upstream(answering(OK)) as up,
        relaying(up.url, timeouts=Timeouts(upstream_keepalive_s=0.1)) as relay,
    ):
        await relay.ask(POST)
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)
        assert relay.relay.stats().idle_upstream == 0


async def test_no_more_idle_connections_are_kept_than_the_bound(monkeypatch):
    monkeypatch.setattr(module, "MAX_IDLE", 2)
    gate = asyncio.Event()

    async def script(connection):
        await connection.request()
        await gate.wait()
        await connection.send(OK)
        await connection.until_gone()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        asking = [asyncio.create_task(relay.ask(POST)) for _ in range(4)]
        await until(lambda: len(up.connections) == 4)
        gate.set()
        await asyncio.gather(*asking)
        assert relay.relay.stats().idle_upstream == 2


async def test_upstreams_never_share_a_connection():
    other = answering(response(b"b"))
    async with (
        scripted_upstream(answering(OK)) as a,
        scripted_upstream(other) as b,
        relaying(a.url, other=b.url) as relay,
    ):
        assert (await relay.ask(GET)).endswith(b"ok")
        assert (await relay.ask(GET.replace(b"/v1/x", b"/other/v1/x"))).endswith(b"\r\n\r\nb")
        assert [len(up.connections) for up in (a, b)] == [1, 1]
