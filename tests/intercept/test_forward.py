"""The proxy: what is not listed passes untouched and unread, and nothing ends that was not to end."""

import asyncio
import ssl

import pytest
from intercepting import CLOSE, intercepting, proxy, request
from pandaprobe_proxy.model.exchange import Outcome
from relaying import until
from upstreams import answering, response, scripted_upstream


async def test_an_upstream_whose_certificate_is_not_trusted_is_not_asked(tmp_path, origins):
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    type(origins.authority)().issue_cert("localhost").configure_cert(other)
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=other) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, request(CLOSE))
        exchange = (await running.ended())[0]
    assert answer.startswith(b"HTTP/1.1 502")
    assert exchange.outcome is Outcome.UPSTREAM_ERROR and "certificate" in exchange.ended.error
    assert upstream.requests in ([], [b""])


async def test_a_host_that_is_not_listed_shows_its_own_certificate_and_is_not_told(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"own"), close=True), ssl=origins.server()) as upstream,
        intercepting(tmp_path, origins, ("api.openai.com", "openai")) as running,
    ):
        client = await running.tunnel(upstream.port, origins.client())
        shown = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        await client.send(request(b"X-PandaProbe-Session: trip", CLOSE))
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
        answer = await running.ask(upstream.port, request(CLOSE))
        assert answer.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
        assert (await running.ended())[0].outcome is Outcome.TIMEOUT


async def test_a_connection_that_no_call_waits_on_may_be_silent_for_longer(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"own"), close=True), ssl=origins.server()) as upstream,
        intercepting(tmp_path, origins, idle_s=0.1) as running,
    ):
        client = await running.tunnel(upstream.port, origins.client())
        await asyncio.sleep(0.5)
        await client.send(request(CLOSE))
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


@pytest.mark.parametrize("name", ["head", "204", "hints"])
async def test_answers_without_a_body_and_interim_ones_cross(tmp_path, origins, name):
    answers = {
        "head": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "204": b"HTTP/1.1 204 No Content\r\n\r\n",
        "hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + response(b"{}"),
    }
    asked = request(CLOSE).replace(b"POST", b"HEAD") if name == "head" else request(CLOSE)
    async with (
        scripted_upstream(answering(answers[name]), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        answer = await running.ask(upstream.port, asked)
        exchange = (await running.ended())[0]
    assert exchange.outcome is Outcome.OK, exchange.ended
    assert b"200 OK" in answer or b"204" in answer
