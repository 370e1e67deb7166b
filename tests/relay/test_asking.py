"""What the client asks is what the upstream gets, for every shape of a body; it is sent twice only where safe."""

import asyncio
import gzip
import random

import pytest
import zstandard
from pandaprobe_proxy.relay.bodies import Chunked, chunk
from relaying import relaying, stalled, until
from structlog.testing import capture_logs
from upstreams import answering, response, scripted_upstream

POST = b"POST /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
OK = response(b"ok")


async def sent(*pieces, pause_s=0.0):
    """What the upstream got, and the exchange that was told, when a client sends these pieces."""
    async with scripted_upstream(answering(OK)) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(*pieces, pause_s=pause_s)
        assert (await client.rest()).endswith(b"ok")
        await client.close()
        (exchange,) = await relay.ended()
        return up.requests[0], exchange


def sized(body, *headers):
    return POST + b"".join(b"%b\r\n" % line for line in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def parts(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", gzip.compress(b"x" * 999), zstandard.compress(b"y" * 999), b"\r\n\r\n0\r\n\r\n", "grüße 🐼".encode()],
    ids=["empty", "json", "gzip", "zstd", "like a frame", "utf-8"],
)
@pytest.mark.parametrize("pause_s", [0.0, 0.005])
async def test_a_body_goes_up_as_it_came_sized_or_chunked(body, pause_s):
    whole = sized(body, b"Content-Encoding: gzip")
    cut = len(whole) - len(body) // 2
    got, exchange = await sent(whole[:cut], whole[cut:], pause_s=pause_s)
    lines, up = parts(got)
    assert up == body == exchange.request_body
    assert b"Content-Length: %d" % len(body) in lines and b"Content-Encoding: gzip" in lines
    half = len(body) // 2
    got, exchange = await sent(
        CHUNKED, *(chunk(piece) for piece in (body[:half], body[half:]) if piece), b"0\r\n\r\n", pause_s=pause_s
    )
    lines, up = parts(got)
    decoder = Chunked()
    assert decoder.feed(up) == body == exchange.request_body
    assert decoder.done and b"Transfer-Encoding: chunked" in lines


async def test_a_request_sent_byte_by_byte_goes_up_whole():
    wire = CHUNKED + b"3;e=1\r\nabc\r\n0\r\nX-Sum: 9\r\nX-PandaProbe-User: me\r\n\r\n"
    got, exchange = await sent(*(wire[at : at + 1] for at in range(len(wire))))
    _lines, up = parts(got)
    assert exchange.request_body == b"abc"
    decoder = Chunked()
    assert decoder.feed(up) == b"abc"
    assert decoder.trailers == ((b"X-Sum", b"9"),)


async def test_ten_megabytes_go_up_whole():
    body = random.Random(3).randbytes(10_000_000)
    for wire in (sized(body), CHUNKED + chunk(body) + b"0\r\n\r\n"):
        got, exchange = await sent(wire)
        up = parts(got)[1]
        assert (up if len(up) == len(body) else Chunked().feed(up)) == body
        assert exchange.request_body == body


async def test_a_head_goes_up_untouched_but_for_host_hops_and_what_is_ours():
    kept = [
        b"B: 1",
        b"b: 2",
        b"Authorization: Bearer k",
        b"Accept-Encoding: gzip, br",
        b"traceparent: 00-1",
        b"Empty: ",
    ]
    gone = [b"X-PandaProbe-Session: s", b"TE: trailers", b"Proxy-Authorization: p", b"Connection: X-Hop", b"X-Hop: 1"]
    head = b"GET /v1/m%6Fdels?a=%2F//..&b HTTP/1.1\r\nHost: me\r\nConnection: close\r\n"
    async with scripted_upstream(answering(OK)) as up, relaying(up.url) as relay:
        await relay.ask(head + b"\r\n".join([*kept, *gone]) + b"\r\n\r\n")
        (exchange,) = await relay.ended()
        assert parts(up.requests[0])[0] == [
            b"GET /v1/m%6Fdels?a=%2F//..&b HTTP/1.1",
            b"Host: 127.0.0.1:%d" % up.port,
            *kept,
        ]
    assert exchange.header(b"x-pandaprobe-session") == b"s"
    assert exchange.head.url == f"{up.url}/v1/m%6Fdels?a=%2F//..&b"
    assert exchange.head.target == b"/v1/m%6Fdels?a=%2F//..&b"


async def test_the_end_of_the_request_has_its_time():
    _, exchange = await sent(sized(b"abc"))
    assert exchange.head.at_ns <= exchange.ended.sent_ns <= exchange.response.at_ns


async def test_a_client_that_waits_is_told_to_continue_at_once_and_the_upstream_is_not_asked_to():
    async with scripted_upstream(answering(OK)) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"abc")
        assert (await client.rest()).startswith(b"HTTP/1.1 200 OK\r\n")
        await client.close()
        assert b"xpect" not in up.requests[0]


@pytest.mark.parametrize("bad", [b"+3\r\nabc\r\n", b"3\r\nabcX\r\n", b"zz\r\n"])
async def test_a_body_that_breaks_its_framing_is_refused_and_never_ends_well_upstream(bad):
    async with scripted_upstream(answering(OK)) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(CHUNKED + chunk(b"good"))
        await until(lambda: up.connections)
        await client.send(bad)
        raw = await client.rest()
        assert raw.startswith(b"HTTP/1.1 400 ") and b"x-pandaprobe-error: bad_body" in raw
        (exchange,) = await relay.ended()
        assert exchange.outcome == "client_disconnected" and "chunk" in exchange.ended.error
        assert relay.relay.stats().refused == {"bad_body": 1}
        await asyncio.wait_for(up.connections[0].gone.wait(), 2)
        assert not up.requests[0].endswith(b"0\r\n\r\n")
        await client.close()


async def test_an_answer_that_comes_before_the_request_is_whole_is_relayed_and_ends_both_connections():
    async def script(connection):
        await connection.read()
        await connection.send(response(b"too large", b"413 Content Too Large"))
        await connection.until_gone()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(b"POST /v1/x HTTP/1.1\r\nHost: me\r\nContent-Length: 1000000\r\n\r\npart")
        head = await client.head()
        assert b"413" in head and b"Connection: close" in head
        assert await client.exactly(9) == b"too large"
        await client.send(b"more")
        assert await client.rest() == b""
        await client.close()
        await asyncio.wait_for(up.connections[0].gone.wait(), 2)
        assert relay.relay.stats().idle_upstream == 0


async def stale(method, body=b"", whole=True):
    """The raw answers to two requests, the second of which meets a connection that dies as it arrives."""

    async def script(connection):
        await connection.request()
        await connection.send(OK)
        if connection is up.connections[0]:
            await connection.read(1)
            connection.reset()
            return
        await connection.request()
        await connection.send(OK)

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        await relay.ask(b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n")
        client = await relay.connect()
        head = b"%b /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n" % method
        framing = b"Content-Length: %d\r\n\r\n" % len(body) if body else b"\r\n"
        await client.send(head + framing + (body if whole else b""))
        if not whole:
            await until(lambda: len(up.connections) == 2)
            await client.send(body)
        raw = await client.rest()
        await client.close()
        await relay.ended(2)
        return raw, relay.exchanges()[1], len(up.connections)


@pytest.mark.parametrize("method", [b"GET", b"DELETE", b"OPTIONS"])
async def test_a_request_that_met_a_dead_connection_is_sent_again_if_that_is_harmless(method):
    raw, exchange, connections = await stale(method)
    assert raw.endswith(b"ok")
    assert (exchange.outcome, connections) == ("ok", 2)


async def test_a_post_whose_body_was_not_yet_sent_is_sent_again():
    raw, exchange, connections = await stale(b"POST", b"later", whole=False)
    assert raw.endswith(b"ok")
    assert (exchange.outcome, exchange.request_body, connections) == ("ok", b"later", 2)


@pytest.mark.parametrize(("method", "body"), [(b"POST", b"abc"), (b"POST", b""), (b"PUT", b"abc")])
async def test_a_request_that_the_upstream_may_have_acted_on_is_never_sent_twice(method, body):
    raw, exchange, connections = await stale(method, body)
    assert raw.startswith(b"HTTP/1.1 502 ") and b"x-pandaprobe-error: upstream_reset" in raw
    assert (exchange.outcome, connections) == ("upstream_reset", 1)


async def test_a_request_is_sent_again_only_once_and_not_on_a_new_connection():
    async def script(connection):
        await connection.request()
        connection.reset()

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        raw = await relay.ask(b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n")
        assert raw.startswith(b"HTTP/1.1 502 ")
        assert len(up.connections) == 1


async def test_an_upstream_that_reads_slowly_holds_the_client_back():
    gate = asyncio.Event()
    taken = 0

    async def script(connection):
        await connection.read(100)
        await gate.wait()
        while b"end" not in connection.received[-3:]:
            await connection.read(2**20)
        await connection.send(OK)

    async def send(client):
        nonlocal taken
        for _ in range(600):
            await client.send(b"x" * 65536)
            taken += 65536
        await client.send(b"end")

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(POST + b"Content-Length: %d\r\n\r\n" % (600 * 65536 + 3))
        sending = asyncio.create_task(send(client))
        await stalled(lambda: taken)
        assert taken < 600 * 65536
        (exchange,) = relay.relay._ambient.open
        assert 0 < exchange.asking.link.pending() <= 256 * 1024
        gate.set()
        await sending
        assert (await client.rest(15)).endswith(b"ok")
        assert len((await relay.ended())[0].request_body) == 600 * 65536 + 3
        await client.close()


class Dialer:
    """A dialer that does as told instead."""

    def __init__(self, dial):
        self.dial = dial


@pytest.mark.parametrize("case", ["a fault of ours", "closed at once"])
async def test_whatever_goes_wrong_while_dialling_the_client_is_answered_and_the_exchange_ended(case):
    async with scripted_upstream(answering(OK)) as up, relaying(up.url) as relay:
        real = relay.relay._ambient.dialer

        async def dial(destination, make):
            if case == "a fault of ours":
                raise LookupError("not foreseen")
            link = await real.dial(destination, make)
            link.transport.abort()
            return link

        relay.relay._ambient.dialer = Dialer(dial)
        with capture_logs() as logs:
            raw = await relay.ask(sized(b"abc"))
        assert raw.startswith(b"HTTP/1.1 502 ")
        assert [log["log_level"] for log in logs] == (["error"] if case == "a fault of ours" else [])
        (exchange,) = await relay.ended()
        assert exchange.outcome == ("upstream_error" if case == "a fault of ours" else "upstream_reset")
