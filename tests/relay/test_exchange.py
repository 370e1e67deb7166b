"""How exchanges end when something goes away, falls silent, or changes its protocol."""

import asyncio
import base64
import os

import pytest
import websockets
from pandaprobe_proxy.relay.bodies import chunk
from pandaprobe_proxy.relay.server import Timeouts
from relaying import relaying, until
from upstreams import answering, response, scripted_upstream
from websockets.asyncio.server import serve

GET = b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/x HTTP/1.1\r\nHost: me\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def silent(connection):
    await connection.request()
    await connection.until_gone()


async def half(connection):
    await connection.request()
    await connection.send(CHUNKED + chunk(b"half"))
    await connection.until_gone()


async def leave(client, how):
    if how == "reset":
        client.reset()
    elif how == "half-close":
        client.writer.write_eof()
    else:
        await client.close()


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
@pytest.mark.parametrize("script", [silent, half])
async def test_when_the_client_goes_its_upstream_is_closed_within_a_second(script, how):
    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(POST)
        if script is half:
            await client.until(b"half\r\n")
        else:
            await until(lambda: up.connections and b"abc" in up.connections[0].received)
        await leave(client, how)
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)
        (exchange,) = await relay.ended(timeout_s=1)
        assert exchange.outcome == "client_disconnected" and exchange.ended.error
        assert exchange.request_body == b"abc"
        assert exchange.response_body == (b"half" if script is half else b"")
        await client.close()


async def test_of_many_clients_that_go_every_upstream_is_closed():
    async with scripted_upstream(half) as up, relaying(up.url) as relay:
        clients = [await relay.connect() for _ in range(60)]
        for number, client in enumerate(clients):
            await client.send(POST)
            if number % 2:
                await client.until(b"half\r\n")
        await until(lambda: len(up.connections) == 60)
        for number, client in enumerate(clients):
            await leave(client, ("close", "reset", "half-close")[number % 3])
        await until(lambda: all(connection.gone.is_set() for connection in up.connections), 1)
        assert {exchange.outcome for exchange in await relay.ended(60)} == {"client_disconnected"}
        for client in clients:
            await client.close()


async def test_a_client_that_is_not_read_from_is_still_noticed_when_it_goes():
    """It sent a second request ahead, so reading is paused; then it closes."""
    async with scripted_upstream(silent) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(
            POST, b"POST /v1/y HTTP/1.1\r\nHost: me\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, pause_s=0.05
        )
        await until(lambda: any(held._held for held in relay.relay._ambient.clients))
        await client.close()
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)
        (exchange,) = await relay.ended()
        assert exchange.outcome == "client_disconnected"


async def test_a_client_that_goes_while_its_upstream_is_dialled_ends_the_dialling():
    async with relaying("http://upstream.example") as relay:
        dialled = asyncio.Event()

        async def dial(destination, make):
            dialled.set()
            await asyncio.Event().wait()

        relay.relay._ambient.dialer = type("Dialer", (), {"dial": staticmethod(dial)})()
        client = await relay.connect()
        await client.send(POST)
        await asyncio.wait_for(dialled.wait(), 2)
        await client.close()
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.ended.sent_ns) == ("client_disconnected", 0)


@pytest.mark.parametrize(
    "framing", [b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"Content-Length: 9\r\n\r\nhalf"]
)
@pytest.mark.parametrize("how", ["reset", "close"])
async def test_an_upstream_that_breaks_off_breaks_the_clients_stream_and_never_ends_it_well(framing, how):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n" + framing, pause_s=0.02)
        getattr(connection, how)()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(POST)
        try:
            raw = await client.rest(1)
        except ConnectionError:
            raw = b""
        assert not raw.endswith(b"0\r\n\r\n") and b"502" not in raw
        assert how == "reset" or b"half" in raw
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.response_body) == ("upstream_reset", b"half")
        await client.close()


async def test_a_client_of_1_0_sees_a_reset_where_an_end_would_look_well():
    async def script(connection):
        await connection.request()
        await connection.send(CHUNKED + chunk(b"half"), pause_s=0.02)
        connection.reset()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(b"GET /v1/x HTTP/1.0\r\n\r\n")
        await client.head()
        with pytest.raises(ConnectionResetError):
            await client.rest()
        await relay.ended()
        await client.close()


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_an_upstream_that_breaks_off_before_it_answers_becomes_a_502(how):
    async def script(connection):
        await connection.request()
        getattr(connection, how)()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        raw = await relay.ask(b"POST /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
        assert raw.startswith(b"HTTP/1.1 502 Bad Gateway\r\n") and b"x-pandaprobe-error: upstream_reset\r\n" in raw
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.response) == ("upstream_reset", None)
        assert len(up.connections) == 1


async def test_after_a_502_the_clients_connection_serves_the_next_request():
    count = 0

    async def script(connection):
        nonlocal count
        while await connection.request():
            if (count := count + 1) == 1:
                return connection.reset()
            await connection.send(response(b"ok"))
        return None

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(POST)
        assert b" 502 " in await client.head()
        await client.until(b"}}")
        await client.send(POST)
        assert b" 200 " in await client.head()
        await client.close()


async def test_a_silent_upstream_becomes_a_504_when_its_time_is_over_not_before():
    async with scripted_upstream(silent) as up, relaying(up.url, timeouts=Timeouts(idle_s=0.3)) as relay:
        started = asyncio.get_running_loop().time()
        raw = await relay.ask(GET)
        assert asyncio.get_running_loop().time() - started >= 0.3
        assert raw.startswith(b"HTTP/1.1 504 ") and b"x-pandaprobe-error: idle_timeout" in raw
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.ended.error) == ("timeout", "The upstream sent nothing for 0.3 s.")
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)


async def test_an_upstream_that_falls_silent_in_mid_stream_breaks_the_stream():
    async with scripted_upstream(half) as up, relaying(up.url, timeouts=Timeouts(idle_s=0.2)) as relay:
        raw = await relay.ask(GET)
        assert raw.endswith(b"4\r\nhalf\r\n")
        assert (await relay.ended())[0].outcome == "timeout"


async def test_a_stream_that_goes_on_is_never_cut_however_long_it_takes():
    pieces = [CHUNKED, *[chunk(b": ping\n\n")] * 12, b"0\r\n\r\n"]
    script = answering(*pieces, pause_s=0.05)
    async with scripted_upstream(script) as up, relaying(up.url, timeouts=Timeouts(idle_s=0.3, body_s=0.1)) as relay:
        assert (await relay.ask(GET)).endswith(b"0\r\n\r\n")
        assert (await relay.ended())[0].outcome == "ok"


async def test_a_client_that_takes_nothing_for_too_long_is_cut_but_a_slow_one_is_not():
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n")
        for _ in range(400):
            await connection.send(b"x" * 100_000)

    async with scripted_upstream(script) as up, relaying(up.url, timeouts=Timeouts(idle_s=0.4)) as relay:
        client = await relay.connect(limit=1024)
        await client.send(GET)
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.ended.error) == ("timeout", "The client read nothing for 0.4 s.")
        client.reset()
        await client.close()


async def test_a_body_that_stops_coming_is_answered_with_a_408():
    async with scripted_upstream(silent) as up, relaying(up.url, timeouts=Timeouts(body_s=0.2)) as relay:
        raw = await relay.ask(b"POST /v1/x HTTP/1.1\r\nHost: me\r\nContent-Length: 9\r\n\r\nabc")
        assert raw.startswith(b"HTTP/1.1 408 ") and b"x-pandaprobe-error: body_timeout" in raw
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.request_body) == ("timeout", b"abc")
        assert relay.relay.stats().refused == {"body_timeout": 1}
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)


async def test_a_body_that_keeps_coming_slowly_is_taken_whole():
    async with (
        scripted_upstream(answering(response(b"ok"))) as up,
        relaying(up.url, timeouts=Timeouts(body_s=0.2)) as relay,
    ):
        client = await relay.connect()
        await client.send(
            b"POST /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: 8\r\n\r\n",
            *[b"x"] * 8,
            pause_s=0.06,
        )
        assert (await client.rest()).endswith(b"ok")
        await client.close()


ASK = (
    b"GET /v1/realtime?m=1 HTTP/1.1\r\nHost: me\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: "
    + base64.b64encode(b"0" * 16)
    + b"\r\nSec-WebSocket-Version: 13\r\nX-PandaProbe-Session: s\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
)


async def test_a_websocket_is_spliced_byte_for_byte_and_tapped_both_ways():
    async def script(connection):
        await connection.request()
        await connection.send(SWITCH + b"\x81\x02hi")
        assert await connection.read() == b"\x81\x82maskXX"
        await connection.send(b"\x88\x00")
        connection.close()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(ASK)
        head = await client.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert {b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: x"} <= set(head.split(b"\r\n"))
        assert await client.exactly(4) == b"\x81\x02hi"
        await client.send(b"\x81\x82maskXX")
        assert await client.rest() == b"\x88\x00"
        await client.close()
        (exchange,) = await relay.ended()
        assert exchange.upgraded and exchange.outcome == "ok"
        assert (exchange.request_body, exchange.response_body) == (b"\x81\x82maskXX", b"\x81\x02hi\x88\x00")
        assert [length for _, length in exchange.request_chunks] == [8]
        asked = up.requests[0].split(b"\r\n\r\n")[0].split(b"\r\n")
        assert {b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"} <= set(asked)
        assert not any(b"andaprobe" in line.lower() for line in asked)


async def test_frames_that_a_client_sends_ahead_of_the_switch_are_not_lost():
    async def script(connection):
        while not connection.received.endswith(b"\r\n\r\n"):
            await connection.read(len(ASK))
        await asyncio.sleep(0.05)
        await connection.send(SWITCH)
        await connection.send(b"got " + await connection.read())
        connection.close()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(ASK + b"early")
        await client.head()
        assert await client.rest() == b"got early"
        await client.close()


async def test_a_refused_upgrade_is_an_ordinary_answer():
    async with (
        scripted_upstream(answering(response(b"use POST", b"426 Upgrade Required"))) as up,
        relaying(up.url) as relay,
    ):
        client = await relay.connect()
        await client.send(ASK)
        assert b" 426 " in await client.head()
        assert await client.exactly(8) == b"use POST"
        await client.close()
        assert (await relay.ended())[0].outcome == "upstream_error"


@pytest.mark.parametrize(("how", "outcome"), [("close", "ok"), ("reset", "client_disconnected")])
async def test_a_client_that_leaves_a_websocket_closes_it_upstream(how, outcome):
    async def script(connection):
        await connection.request()
        await connection.send(SWITCH)
        await connection.until_gone()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(ASK)
        await client.head()
        await leave(client, how)
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)
        assert (await relay.ended())[0].outcome == outcome


async def test_a_silent_websocket_stays_open():
    async def script(connection):
        await connection.request()
        await connection.send(SWITCH, pause_s=0.4)
        await connection.send(b"late")
        connection.close()

    async with scripted_upstream(script) as up, relaying(up.url, timeouts=Timeouts(idle_s=0.1, body_s=0.1)) as relay:
        client = await relay.connect()
        await client.send(ASK)
        await client.head()
        assert await client.rest() == b"late"
        await client.close()


async def test_real_websocket_peers_talk_through_the_relay():
    async def echo(peer):
        async for message in peer:
            await peer.send(message)

    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with relaying(f"http://127.0.0.1:{port}") as relay:
            big = os.urandom(3_000_000)
            async with websockets.connect(
                f"ws://127.0.0.1:{relay.port}/v1/realtime", max_size=None, proxy=None
            ) as peer:
                for message in ("grüße", big, ""):
                    await peer.send(message)
                    assert await peer.recv() == message
                await (await peer.ping())
            (exchange,) = await relay.ended()
            assert exchange.outcome == "ok" and len(exchange.request_body) > 3_000_000


async def test_a_client_that_half_closes_and_reads_no_more_is_cut_in_the_end():
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n")
        for _ in range(400):
            await connection.send(b"x" * 100_000)

    async with scripted_upstream(script) as up, relaying(up.url, timeouts=Timeouts(body_s=0.2)) as relay:
        client = await relay.connect(limit=1024)
        await client.send(GET)
        await until(lambda: any(held.full for held in relay.relay._ambient.clients))
        client.writer.write_eof()
        assert (await relay.ended())[0].outcome == "client_disconnected"
        await until(lambda: relay.relay.stats().connections == 0, 3)
        client.reset()
