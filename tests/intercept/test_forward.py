"""The proxy: what is listed is told and passed on as it comes, everything else passes untouched and unread."""

import asyncio
import gzip
import ssl

import pytest
from intercepting import intercepting
from pandaprobe_proxy.model.exchange import Outcome, RequestBody, RequestHead, ResponseBody, ResponseHead
from relaying import until
from upstreams import answering, response, scripted_upstream

ASKED = b'{"model":"m","messages":[]}'
CHAT = b"POST /v1/chat/completions?x=%%2F HTTP/1.1\r\nHost: localhost\r\nX-Twice: 1\r\nx-twice: 2\r\n"
CHAT = CHAT.replace(b"%%", b"%")
CLOSE = b"Connection: close\r\n"


def request(*lines, body=ASKED):
    return CHAT + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def proxy(tmp_path, origins, upstream, **options):
    return intercepting(tmp_path, origins, (f"localhost:{upstream.port}", "openai"), **options)


async def test_a_call_is_told_whole_and_passes_whole(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b'{"id":"1"}')), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE.strip()))
        exchange = (await running.ended())[0]
    assert answer.endswith(b'\r\n\r\n{"id":"1"}')
    assert upstream.requests == [request(CLOSE.strip())]
    head = exchange.head
    assert (head.upstream, head.method, head.target) == ("openai", "POST", b"/v1/chat/completions?x=%2F")
    assert head.url == f"https://localhost:{upstream.port}/v1/chat/completions?x=%2F"
    assert head.client.startswith("127.0.0.1:")
    assert (b"X-Twice", b"1") in head.headers and (b"x-twice", b"2") in head.headers
    assert (exchange.request_body, exchange.response_body) == (ASKED, b'{"id":"1"}')
    assert (exchange.status, exchange.outcome) == (200, Outcome.OK)
    assert head.at_ns <= exchange.ended.sent_ns <= exchange.response.at_ns <= exchange.ended.at_ns


async def test_events_come_in_their_order(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        await running.ask(upstream.port, request(CLOSE.strip()))
        await running.ended()
        kinds = [type(event) for event in running.events]
        times = [event.at_ns for event in running.events]
    assert kinds[:4] == [RequestHead, RequestBody, ResponseHead, ResponseBody]
    assert times == sorted(times)


async def test_a_piece_of_a_stream_is_with_the_client_before_the_next_is_sent(tmp_path, origins):
    go = asyncio.Event()

    async def script(connection):
        await connection.request()
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for number in range(3):
            await connection.send(b"9\r\ndata: %d\n\n\r\n" % number)
            await go.wait()
            go.clear()
        await connection.send(b"0\r\n\r\n")

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        await client.send(request())
        for number in range(3):
            await client.until(b"data: %d\n\n" % number)
            await until(lambda: running.exchanges()[0].response_body.endswith(b"data: %d\n\n" % number))  # noqa: B023
            go.set()
        exchange = (await running.ended())[0]
        await client.close()
    assert exchange.response_body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert len(exchange.chunks) == 3


async def test_a_piece_of_a_request_goes_on_before_the_next_comes(tmp_path, origins):
    seen = asyncio.Queue()

    async def script(connection):
        while data := await connection.read():
            seen.put_nowait(data)
            if b"last" in data:
                await connection.send(response(b"{}"))

    async def arrives(mark):
        data = b""
        while mark not in data:
            data += await asyncio.wait_for(seen.get(), 5)

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        await client.send(CHAT + b"Content-Length: 9\r\n\r\nfirst")
        await arrives(b"first")
        await client.send(b"last")
        await arrives(b"last")
        await client.until(b"{}")
        assert (await running.ended())[0].request_body == b"firstlast"
        await client.close()


async def test_our_headers_and_those_for_a_proxy_stay_here(tmp_path, origins):
    ours = (b"X-PandaProbe-Session: trip", b"x-pandaprobe-tags: a", b"Proxy-Authorization: Basic eA==", CLOSE.strip())
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        await running.ask(upstream.port, request(*ours))
        exchange = (await running.ended())[0]
    assert exchange.header(b"x-pandaprobe-session") == b"trip"
    assert b"pandaprobe" not in upstream.requests[0].lower() and b"proxy-auth" not in upstream.requests[0].lower()


async def test_content_coding_crosses_as_it_is(tmp_path, origins):
    body = gzip.compress(b'{"id":"1"}')
    script = answering(response(body, headers=(b"Content-Encoding: gzip",)))
    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE.strip()))
        assert (await running.ended())[0].response_body == body
    assert answer.endswith(body)


async def test_many_calls_of_one_connection_are_each_their_own(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        for number in range(1, 4):
            await client.send(request(body=b"%d" % number))
            await client.until(b"{}")
            await running.ended(number)
        await client.close()
        assert [exchange.request_body for exchange in running.exchanges()] == [b"1", b"2", b"3"]
    assert len(upstream.connections) == 1


async def test_a_client_that_leaves_takes_its_upstream_along_and_is_told(tmp_path, origins):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await connection.until_gone()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        await client.send(request())
        await client.until(b"one")
        client.reset()
        exchange = (await running.ended())[0]
        await asyncio.wait_for(upstream.connections[0].gone.wait(), 5)
    assert (exchange.outcome, exchange.response_body) == (Outcome.CLIENT_DISCONNECTED, b"one")
    assert "client closed" in exchange.ended.error


async def test_an_upstream_that_breaks_off_is_seen_as_broken_by_the_client_too(tmp_path, origins):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        connection.reset()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        await client.send(request())
        try:
            rest = await client.rest()
        except (ConnectionError, ssl.SSLError):
            rest = b""
        exchange = (await running.ended())[0]
        await client.close()
    assert not rest.endswith(b"0\r\n\r\n")
    assert (exchange.outcome, exchange.response_body) == (Outcome.UPSTREAM_RESET, b"one")


async def test_an_upstream_that_closes_without_an_answer_is_an_error(tmp_path, origins):
    async def script(connection):
        await connection.request()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE.strip()))
        exchange = (await running.ended())[0]
    assert answer.startswith(b"HTTP/1.1 502")
    assert (exchange.outcome, exchange.status) == (Outcome.UPSTREAM_ERROR, None)
    assert exchange.ended.error == "The upstream gave no answer."


async def test_an_upstream_whose_certificate_is_not_trusted_is_not_asked(tmp_path, origins):
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    type(origins.authority)().issue_cert("localhost").configure_cert(other)
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=other) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE.strip()))
        exchange = (await running.ended())[0]
    assert answer.startswith(b"HTTP/1.1 502")
    assert exchange.outcome is Outcome.UPSTREAM_ERROR and "certificate" in exchange.ended.error
    assert upstream.requests in ([], [b""])


async def test_an_error_of_the_upstream_crosses_and_is_told(tmp_path, origins):
    script = answering(response(b'{"error":{}}', b"429 Too Many", (b"Retry-After: 1",)))
    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE.strip()))
        exchange = (await running.ended())[0]
    assert answer.startswith(b"HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\n")
    assert (exchange.outcome, exchange.ended.error) == (Outcome.UPSTREAM_ERROR, "The upstream answered 429.")


async def test_a_websocket_crosses_as_raw_bytes_of_one_exchange(tmp_path, origins):
    async def script(connection):
        await connection.request()
        await connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi"
        )
        while data := await connection.read():
            await connection.send(b"\x82" + data[1:])

    asked = b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    asked += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        await client.send(asked)
        await client.until(b"\x81\x02hi")
        await client.send(b"\xc1\x01x")
        await client.until(b"\x82\x01x")
        await client.close()
        exchange = (await running.ended())[0]
    assert exchange.upgraded and exchange.outcome is Outcome.OK
    assert (exchange.request_body, exchange.response_body) == (b"\xc1\x01x", b"\x81\x02hi\x82\x01x")


async def test_a_host_that_is_not_listed_shows_its_own_certificate_and_is_not_told(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"own"), close=True), ssl=origins.server()) as upstream,
        intercepting(tmp_path, origins, ("api.openai.com", "openai")) as running,
    ):
        client = await running.tunnel(upstream.port, origins.client())
        shown = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        await client.send(request(b"X-PandaProbe-Session: trip", CLOSE.strip()))
        assert (await client.rest()).endswith(b"own")
        await client.close()
        direct = await asyncio.open_connection("127.0.0.1", upstream.port, ssl=origins.client())
        assert shown == direct[1].get_extra_info("ssl_object").getpeercert(binary_form=True)
        direct[1].close()
        assert running.events == []
    assert b"X-PandaProbe-Session: trip" in upstream.requests[0]


async def test_plain_http_to_a_host_that_is_not_listed_passes_and_is_not_told(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"plain"))) as upstream,
        intercepting(tmp_path, origins, ("api.openai.com", "openai")) as running,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET %s/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % upstream.url.encode())
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"plain")
        writer.close()
        assert running.events == []


async def test_plain_http_to_a_listed_host_is_told(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"plain"))) as upstream,
        intercepting(tmp_path, origins, (f"127.0.0.1:{upstream.port}", "ollama")) as running,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET %s/api/tags HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % upstream.url.encode())
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"plain")
        writer.close()
        exchange = (await running.ended())[0]
    assert (exchange.head.upstream, exchange.head.target) == ("ollama", b"/api/tags")


async def test_the_sidecars_own_ports_are_no_destinations(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"calls"))) as web,
        intercepting(tmp_path, origins, barred=[("127.0.0.1", web.port)]) as running,
    ):
        for host in ("127.0.0.1", "localhost", "0.0.0.0"):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"CONNECT %s:%d HTTP/1.1\r\n\r\n" % (host.encode(), web.port))
            assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 502")
            writer.close()
    assert web.connections == []


async def test_a_call_on_which_nothing_moves_for_long_times_out(tmp_path, origins):
    async def script(connection):
        await connection.request()
        await connection.until_gone()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream, idle_s=0.2) as running,
    ):
        await running.ask(upstream.port, request())
        assert (await running.ended())[0].outcome is Outcome.TIMEOUT


async def test_a_connection_that_no_call_waits_on_may_be_silent_for_longer(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"own"), close=True), ssl=origins.server()) as upstream,
        intercepting(tmp_path, origins, idle_s=0.1) as running,
    ):
        client = await running.tunnel(upstream.port, origins.client())
        await asyncio.sleep(0.5)
        await client.send(request(CLOSE.strip()))
        assert (await client.rest()).endswith(b"own")
        await client.close()


async def test_what_runs_at_the_end_may_finish_and_else_is_interrupted(tmp_path, origins):
    go = asyncio.Event()

    async def script(connection):
        await connection.request()
        await go.wait()
        await connection.send(response(b"late"))

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        client = await running.tunnel(upstream.port)
        await client.send(request())
        await until(running.exchanges)
        draining = asyncio.create_task(running.forward.drain(5))
        go.set()
        await client.until(b"late")
        await draining
        assert running.exchanges()[0].outcome is Outcome.OK
        await client.close()


async def test_a_tap_that_fails_does_not_touch_the_call(tmp_path, origins):
    def broken(event):
        raise RuntimeError("no")

    async with (
        scripted_upstream(answering(response(b"fine")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream, tap=broken) as running,
    ):
        assert (await running.ask(upstream.port, request(CLOSE.strip()))).endswith(b"fine")


@pytest.mark.parametrize("name", ["head", "204", "hints"])
async def test_answers_without_a_body_and_interim_ones_cross(tmp_path, origins, name):
    answers = {
        "head": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "204": b"HTTP/1.1 204 No Content\r\n\r\n",
        "hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + response(b"{}"),
    }
    asked = request(CLOSE.strip()).replace(b"POST", b"HEAD") if name == "head" else request(CLOSE.strip())
    async with (
        scripted_upstream(answering(answers[name]), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, asked)
        exchange = (await running.ended())[0]
    assert exchange.outcome is Outcome.OK, exchange.ended
    assert b"200 OK" in answer or b"204" in answer
