"""What the upstream answers is what the client gets, for every shape of a body, however it is cut."""

import asyncio
import gzip
import os
import random
import re

import brotli
import pytest
import zstandard
from pandaprobe_proxy.relay.bodies import Chunked, chunk
from relaying import relaying, stalled, until
from upstreams import answering, response, scripted_upstream

GET = b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
GET_1_0 = b"GET /v1/x HTTP/1.0\r\n\r\n"
HEAD = b"HEAD /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EVENTS = 'data: {"text":"grüße 🐼"}\n\ndata: [DONE]\n\n'.encode()


def split(raw):
    """Head lines and body of a response that was read until its connection closed."""
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def unchunk(body):
    decoder = Chunked()
    content = decoder.feed(body)
    assert decoder.done and not decoder.rest
    return content, decoder.trailers


async def relayed(*pieces, ask=GET, close=False, pause_s=0.0):
    """What a client gets, and the exchange that was told, when an upstream sends these pieces."""
    script = answering(*pieces, close=close, pause_s=pause_s)
    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        raw = await relay.ask(ask)
        (exchange,) = await relay.ended()
        return raw, exchange


CODED = {
    "gzip": gzip.compress(EVENTS * 50),
    "br": brotli.compress(EVENTS * 50),
    "zstd": zstandard.compress(EVENTS * 50),
    "not what it says": b"\x1f\x8b broken",
}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("framing", ["sized", "chunked", "closed"])
async def test_coded_bodies_are_never_touched(coding, framing):
    body = CODED[coding]
    header = b"Content-Encoding: " + coding.split()[0].encode()
    if framing == "sized":
        pieces = [response(body, headers=[header])]
    elif framing == "chunked":
        pieces = [OK + header + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(body) + b"0\r\n\r\n"]
    else:
        pieces = [OK + header + b"\r\n\r\n" + body]
    raw, exchange = await relayed(*pieces, close=framing == "closed")
    lines, got = split(raw)
    assert header in lines
    assert (got if framing == "sized" else unchunk(got)[0]) == body
    assert (exchange.response_body, exchange.outcome) == (body, "ok")


async def test_a_line_of_ten_megabytes_crosses_whole():
    body = b"data: " + random.Random(7).randbytes(10_000_000).replace(b"\n", b" ") + b"\n\n"
    for pieces, close in (
        ([response(body)], False),
        ([CHUNKED, chunk(body), b"0\r\n\r\n"], False),
        ([OK + b"\r\n", body], True),
    ):
        raw, exchange = await relayed(*pieces, close=close)
        lines, got = split(raw)
        assert (got if b"Content-Length: %d" % len(body) in lines else unchunk(got)[0]) == body
        assert exchange.response_body == body


@pytest.mark.parametrize("cut", [1, 7, 24, 25, 26, 27, 28])
async def test_events_cut_anywhere_even_inside_a_character_arrive_as_they_are(cut):
    raw, exchange = await relayed(CHUNKED, chunk(EVENTS[:cut]), chunk(EVENTS[cut:]), b"0\r\n\r\n", pause_s=0.002)
    assert unchunk(split(raw)[1])[0] == EVENTS == exchange.response_body


async def test_a_whole_answer_sent_byte_by_byte_arrives_whole():
    wire = OK + b"Transfer-Encoding: chunked\r\nA: b\r\n\r\n5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n"
    raw, exchange = await relayed(*(wire[at : at + 1] for at in range(len(wire))))
    lines, body = split(raw)
    assert lines[:2] == [b"HTTP/1.1 200 OK", b"A: b"]
    assert unchunk(body) == (b"hello", ((b"T", b"1"),))
    assert exchange.ended.trailers == ((b"T", b"1"),)


async def test_each_piece_is_passed_on_before_the_next_one_comes():
    gate = asyncio.Event()

    async def script(connection):
        await connection.request()
        await connection.send(CHUNKED + chunk(b"first"))
        await gate.wait()
        await connection.send(chunk(b"second") + b"0\r\n\r\n")

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(GET)
        await client.head()
        assert await client.exactly(10) == b"5\r\nfirst\r\n"
        gate.set()
        assert await client.rest() == b"6\r\nsecond\r\n0\r\n\r\n"
        await client.close()


async def test_pieces_that_arrived_together_are_one_event_with_one_time():
    _, exchange = await relayed(CHUNKED + chunk(b"a") + chunk(b"b"), chunk(b"c") + b"0\r\n\r\n", pause_s=0.03)
    assert [length for _, length in exchange.chunks] == [2, 1]
    assert exchange.chunks[1][0] - exchange.chunks[0][0] > 10_000_000


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
async def test_an_answer_to_head_has_no_body_and_the_connection_serves_again(framing):
    async with scripted_upstream(answering(OK + framing + b"A: b\r\n\r\n")) as up, relaying(up.url) as relay:
        for _ in range(2):
            lines, body = split(await relay.ask(HEAD))
            assert b"A: b" in lines and body == b""
            assert (b"Content-Length: 5" in lines) is framing.startswith(b"Content-Length")
        assert len(up.connections) == 1


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_a_status_without_a_body_has_none(status):
    async with (
        scripted_upstream(answering(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n")) as up,
        relaying(up.url) as relay,
    ):
        client = await relay.connect()
        for _ in range(3):
            await client.send(b"GET /v1/x HTTP/1.1\r\nHost: me\r\n\r\n")
            assert await client.head() == b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n"
        await client.close()
        assert len(up.connections) == 1


@pytest.mark.parametrize("pieces", [[response(b"")], [CHUNKED + b"0\r\n\r\n"]])
async def test_an_empty_body_is_an_empty_body(pieces):
    raw, exchange = await relayed(*pieces)
    assert split(raw)[1] in (b"", b"0\r\n\r\n")
    assert (exchange.response_body, exchange.chunks, exchange.outcome) == (b"", (), "ok")


async def test_interim_heads_are_passed_on_before_the_final_one():
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    raw, exchange = await relayed(b"HTTP/1.1 100 Continue\r\n\r\n" + hints, hints + response(b"ok"), pause_s=0.005)
    assert raw == hints + hints + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    assert (exchange.status, exchange.response_body) == (200, b"ok")


async def test_a_client_of_1_0_gets_no_interim_head_no_chunks_and_a_closed_connection():
    raw, exchange = await relayed(
        b"HTTP/1.1 103 Hints\r\n\r\n" + CHUNKED + chunk(b"a"), chunk(b"b") + b"0\r\nT: 1\r\n\r\n", ask=GET_1_0
    )
    assert raw == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab"
    assert exchange.ended.trailers == ((b"T", b"1"),)


async def test_an_answer_that_ends_with_its_connection_is_chunked_for_1_1_and_closed_for_1_0():
    raw, exchange = await relayed(OK + b"\r\n", b"ab", close=True)
    assert unchunk(split(raw)[1])[0] == b"ab"
    assert exchange.outcome == "ok"
    raw, exchange = await relayed(OK + b"\r\n", b"ab", close=True, ask=GET_1_0)
    assert split(raw)[1] == b"ab"
    assert exchange.outcome == "ok"


async def test_headers_keep_their_order_case_and_duplicates_and_the_reason_its_words():
    sent = [b"X-b: 1", b"set-cookie: a=1", b"x-B: 2", b"Set-Cookie: a=2", b"Empty: ", b"X-PandaProbe-Echo: kept"]
    hop = [b"Connection: X-Hop, keep-alive", b"X-Hop: 1", b"Keep-Alive: timeout=5", b"Proxy-Authenticate: Basic"]
    raw, exchange = await relayed(response(b"", b"299 Rather fine \xe4", [*sent, *hop]))
    assert split(raw)[0] == [b"HTTP/1.1 299 Rather fine \xe4", *sent, b"Content-Length: 0", b"Connection: close"]
    assert [b"%b: %b" % header for header in exchange.response.headers][: len(sent)] == sent
    assert exchange.response.reason == b"Rather fine \xe4"


async def test_nothing_is_added_to_an_answer_on_a_connection_that_stays():
    async with scripted_upstream(answering(response(b"x"))) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(b"GET /v1/x HTTP/1.1\r\nHost: me\r\n\r\n")
        assert await client.exactly(len(response(b"x"))) == response(b"x")
        await client.close()


async def test_an_answer_of_4xx_or_5xx_is_relayed_whole_and_told_as_the_upstreams_error():
    body = b'{"error":{"message":"slow down"}}'
    raw, exchange = await relayed(response(body, b"429 Too Many Requests", [b"Retry-After: 1"]))
    assert split(raw)[1] == body and b"Retry-After: 1" in split(raw)[0]
    assert (exchange.outcome, exchange.ended.error) == ("upstream_error", "The upstream answered 429.")
    assert exchange.response_body == body


BROKEN = [
    b"SSH-2.0-OpenSSH\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    OK + b"A: " + b"x" * 300_000 + b"\r\n\r\n",
    OK + b"A: " + b"x" * 300_000,
]


@pytest.mark.parametrize("sent", BROKEN, ids=range(len(BROKEN)))
async def test_an_answer_that_is_not_http_becomes_a_502_in_one_sentence(sent):
    raw, exchange = await relayed(sent)
    lines, body = split(raw)
    assert lines[0] == b"HTTP/1.1 502 Bad Gateway" and b"x-pandaprobe-error: bad_answer" in lines
    assert exchange.outcome == "upstream_error"
    assert exchange.ended.error.encode() in body.replace(b'\\"', b'"')


@pytest.mark.parametrize("bad", [b"zz\r\nhello\r\n", b"5\r\nhelloXX0\r\n\r\n"])
async def test_an_answer_whose_chunks_break_is_a_broken_stream_not_a_clean_end(bad):
    raw, exchange = await relayed(CHUNKED + chunk(b"good"), bad, pause_s=0.01)
    assert raw.endswith(b"4\r\ngood\r\n")
    assert exchange.outcome == "upstream_reset"
    assert exchange.response_body == b"good"


async def test_a_slow_reader_is_waited_for_and_little_is_held():
    """The upstream sends 40 MB to a client that does not read; then it reads everything."""
    piece = os.urandom(64 * 1024)
    count = 600
    written = 0

    async def script(connection):
        nonlocal written
        await connection.request()
        await connection.send(OK + b"Content-Length: %d\r\n\r\n" % (len(piece) * count))
        for _ in range(count):
            await connection.send(piece)
            written += len(piece)

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        client = await relay.connect(limit=64 * 1024)
        await client.send(GET)
        head = await client.head()
        await stalled(lambda: written)
        assert written < len(piece) * count
        (held,) = [connection.pending() for connection in relay.relay._ambient.clients]
        assert 0 < held <= 256 * 1024
        size = int(re.search(rb"Content-Length: (\d+)", head)[1])
        assert await client.exactly(size, timeout_s=20) == piece * count
        (exchange,) = await relay.ended()
        assert exchange.outcome == "ok" and len(exchange.response_body) == size
        await client.close()


async def test_a_slow_reader_does_not_slow_another_stream():
    async def script(connection):
        while asked := await connection.request():
            if b"/slow" in asked:
                await connection.send(CHUNKED, *[chunk(b"x" * 65536)] * 500)
            await connection.send(response(b"quick"))

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        slow = await relay.connect(limit=1024)
        await slow.send(GET.replace(b"/x", b"/slow"))
        await until(lambda: any(client.full for client in relay.relay._ambient.clients))
        for _ in range(5):
            assert (await relay.ask(GET)).endswith(b"quick")
        slow.reset()
        await relay.ended(6)
        assert relay.exchanges()[0].outcome == "client_disconnected"
