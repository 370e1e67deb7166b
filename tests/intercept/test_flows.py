"""What passes is told as it is, in its order, at once; and crosses as it is but for what is ours."""

import asyncio
import gzip
import ssl

import httpx
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from intercepting import ASKED, CHAT, CLOSE, http2_upstream, proxy, request
from pandaprobe_proxy.model.exchange import Outcome, RequestBody, RequestHead, ResponseBody, ResponseHead
from relaying import until
from upstreams import answering, response, scripted_upstream


async def test_a_call_is_told_whole_and_passes_whole(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b'{"id":"1"}')), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE))
        exchange = (await running.ended())[0]
    assert answer.endswith(b'\r\n\r\n{"id":"1"}')
    assert upstream.requests == [request()]
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
        await running.ask(upstream.port, request(CLOSE))
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
    ours = (b"X-PandaProbe-Session: trip", b"x-pandaprobe-tags: a", b"Proxy-Authorization: Basic eA==", CLOSE)
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
        answer = await running.ask(upstream.port, request(CLOSE))
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


async def test_an_upstream_that_closes_without_an_answer_has_broken_off(tmp_path, origins):
    async def script(connection):
        await connection.request()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE))
        exchange = (await running.ended())[0]
    assert answer.startswith(b"HTTP/1.1 502")
    assert (exchange.outcome, exchange.status) == (Outcome.UPSTREAM_RESET, None)
    assert exchange.ended.error == "The upstream broke its connection before its answer was whole."


async def test_an_error_of_the_upstream_crosses_and_is_told(tmp_path, origins):
    script = answering(response(b'{"error":{}}', b"429 Too Many", (b"Retry-After: 1",)))
    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE))
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


async def test_a_tap_that_fails_does_not_touch_the_call(tmp_path, origins):
    def broken(event):
        raise RuntimeError("no")

    async with (
        scripted_upstream(answering(response(b"fine")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream, tap=broken) as running,
    ):
        assert (await running.ask(upstream.port, request(CLOSE))).endswith(b"fine")


async def test_http2_is_told_and_passed_on_stream_by_stream(tmp_path, origins):
    async with http2_upstream(origins) as upstream, proxy(tmp_path, origins, upstream) as running:
        address = f"http://127.0.0.1:{running.port}"
        async with httpx.AsyncClient(http2=True, verify=running.trusting(()), proxy=address) as client:
            url = f"https://localhost:{upstream.port}/v1/chat/completions"
            headers = {"x-pandaprobe-session": "trip", "authorization": "Bearer x"}
            answers = await asyncio.gather(
                *(client.post(url, content=b"%d" % number, headers=headers) for number in range(5))
            )
        exchanges = await running.ended(5)
    assert {answer.http_version for answer in answers} == {"HTTP/2"}
    assert sorted(answer.content for answer in answers) == [b"data: %d\n\n" % number for number in range(5)]
    assert sorted(exchange.request_body for exchange in exchanges) == [b"%d" % number for number in range(5)]
    assert {exchange.response_body for exchange in exchanges} == {answer.content for answer in answers}
    assert {exchange.outcome for exchange in exchanges} == {Outcome.OK}
    assert exchanges[0].header(b"x-pandaprobe-session") == b"trip"
    assert len(upstream.headers) == 5
    assert all(b"x-pandaprobe-session" not in headers for headers in upstream.headers)


async def test_a_stream_that_its_http2_client_gives_up_is_given_up_upstream_and_told_as_that(tmp_path, origins):
    async with http2_upstream(origins, endless=True) as upstream, proxy(tmp_path, origins, upstream) as running:
        client = await running.tunnel(upstream.port, running.trusting(("h2",)))
        speaking = H2Connection(H2Configuration(header_encoding=None))
        speaking.initiate_connection()
        authority = f"localhost:{upstream.port}"
        asked = [(":method", "POST"), (":scheme", "https"), (":authority", authority), (":path", "/v1/x")]
        speaking.send_headers(1, asked)
        speaking.send_data(1, b"0", end_stream=True)
        await client.send(speaking.data_to_send())
        await client.until(b"data: 0")
        speaking.reset_stream(1, ErrorCodes.CANCEL)
        await client.send(speaking.data_to_send())
        exchange = (await running.ended())[0]
        await until(lambda: upstream.resets)
        await client.close()
    assert (exchange.outcome, exchange.response_body) == (Outcome.CLIENT_DISCONNECTED, b"data: 0\n\n")
