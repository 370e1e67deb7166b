"""Reaching an upstream: names, refusals, time, TLS, proxies; never the relay itself."""

import asyncio
import base64
import contextlib
import re
import socket
import ssl

import pytest
import trustme
from pandaprobe_proxy.relay.asking import MAX_UNSENT
from pandaprobe_proxy.relay.proxies import Proxies
from pandaprobe_proxy.relay.routes import parse_upstream
from pandaprobe_proxy.relay.server import Network, Timeouts
from relaying import listening, relaying, until
from upstreams import answering, response, scripted_upstream

GET = b"GET /v1/x?q=1 HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
OK = response(b"ok")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def served(authority):
    """The TLS settings of an upstream for several names, and those of a relay that trusts it."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "api.example").configure_cert(server)
    server.set_alpn_protocols(["h2", "http/1.1"])
    client = ssl.create_default_context()
    authority.configure_trust(client)
    client.set_alpn_protocols(["http/1.1"])
    return server, client


def trusting(context, **proxies):
    return Network(proxies=Proxies(**proxies), ssl_context=context)


async def trouble(url, **more):
    """The code, status and sentence that a client gets for an upstream that cannot be reached."""
    async with relaying(url, **more) as relay:
        raw = await relay.ask(GET)
        (exchange,) = await relay.ended()
        assert exchange.outcome == "upstream_error"
        assert exchange.ended.error in raw.decode().replace('\\"', '"')
        assert exchange.ended.sent_ns == 0
        code = re.search(rb"x-pandaprobe-error: (\S+)", raw)[1].decode()
        return code, int(raw.split(b" ")[1]), exchange.ended.error


async def test_an_upstream_that_refuses_becomes_a_502():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        code, status, sentence = await trouble(f"http://127.0.0.1:{port}")
    assert (code, status) == ("unreachable", 502)
    assert f"127.0.0.1:{port} cannot be reached: " in sentence


async def test_a_name_that_does_not_resolve_becomes_a_502():
    code, status, sentence = await trouble("http://nobody.invalid")
    assert (code, status) == ("unknown_host", 502)
    assert "nobody.invalid" in sentence


async def test_an_upstream_that_does_not_accept_in_time_becomes_a_504():
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        for _ in range(2):  # fill its backlog, so that a further connection is neither accepted nor refused
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        code, status, sentence = await trouble(f"http://127.0.0.1:{address[1]}", timeouts=Timeouts(connect_s=0.3))
    assert (code, status) == ("connect_timeout", 504)
    assert "within 0.3 s" in sentence


async def test_after_a_refused_connection_the_next_request_tries_again():
    async with scripted_upstream(answering(OK)) as up:
        sock = listening()
        port = sock.getsockname()[1]
        sock.close()
        async with relaying(f"http://127.0.0.1:{port}") as relay:
            assert b" 502 " in await relay.ask(GET)
            relay.relay.add_upstream(parse_upstream("openai", up.url))
            assert (await relay.ask(GET)).endswith(b"ok")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", "::"])
async def test_the_relay_never_asks_itself(host, bound):
    sock = listening()
    port = sock.getsockname()[1]
    try:
        own = frozenset({(bound, port)})
        code, status, sentence = await trouble(f"http://{host}:{port}", own=own, timeouts=Timeouts(connect_s=2))
    finally:
        sock.close()
    assert (code, status) == ("own_address", 502)
    assert "this relay itself" in sentence


async def test_an_upstream_with_the_same_port_elsewhere_is_not_the_relay():
    async with (
        scripted_upstream(answering(OK)) as up,
        relaying(up.url, own=frozenset({("10.9.8.7", up.port)})) as relay,
    ):
        assert (await relay.ask(GET)).endswith(b"ok")


async def test_tls_is_spoken_verified_and_kept_open(served):
    server, client = served
    async with scripted_upstream(answering(OK), ssl=server) as up, relaying(up.url, network=trusting(client)) as relay:
        for _ in range(3):
            assert (await relay.ask(GET)).endswith(b"ok")
        assert len(up.connections) == 1
        assert up.connections[0].writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        assert (await relay.ended(3))[0].head.url == f"https://127.0.0.1:{up.port}/v1/x?q=1"


async def test_large_bodies_cross_tls_whole_both_ways(served):
    server, client = served
    body = bytes(range(256)) * 20_000

    script = answering(response(body))
    async with scripted_upstream(script, ssl=server) as up, relaying(up.url, network=trusting(client)) as relay:
        raw = await relay.ask(GET.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(body)) + body)
        assert raw.endswith(b"\r\n\r\n" + body)
        assert up.requests[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_goes_closes_a_tls_upstream_within_a_second(served, how):
    server, client = served

    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await connection.until_gone()

    async with scripted_upstream(script, ssl=server) as up, relaying(up.url, network=trusting(client)) as relay:
        asking = await relay.connect()
        await asking.send(GET)
        await asking.head()
        if how == "reset":
            asking.reset()
        await asking.close()
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)
        assert (await relay.ended())[0].outcome == "client_disconnected"


async def test_a_certificate_that_is_not_trusted_becomes_a_502_that_says_so(served):
    async with scripted_upstream(answering(OK), ssl=served[0]) as up:
        code, status, sentence = await trouble(up.url)
        assert (code, status) == ("tls_failed", 502)
        assert "certificate" in sentence and "not trusted" in sentence
        assert up.requests in ([], [b""])


async def test_a_certificate_for_another_name_is_not_trusted(served):
    server, client = served
    async with scripted_upstream(answering(OK), ssl=server) as up:
        code, _, sentence = await trouble(up.url.replace("127.0.0.1", "localhost"), network=trusting(client))
        assert code == "tls_failed" and "localhost" in sentence


async def test_an_upstream_that_does_not_speak_tls_becomes_a_502():
    async def plain(connection):
        await connection.read()
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with scripted_upstream(plain) as up:
        code, status, _ = await trouble(up.url.replace("http:", "https:"))
        assert (code, status) == ("tls_failed", 502)


def tunnel_to(port, seen, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
    """A script that is a forward proxy whose every tunnel leads to that port."""

    async def script(connection):
        seen.append(await connection.request())
        await connection.send(answer)
        if not answer.startswith(b"HTTP/1.1 2"):
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def down():
            while data := await reader.read(65536):
                await connection.send(data)
            connection.close()

        passing = asyncio.create_task(down())
        try:
            while data := await connection.read():
                writer.write(data)
        finally:
            passing.cancel()
            writer.transport.abort()

    return script


async def test_an_https_upstream_is_reached_through_a_tunnel_with_tls_inside(served):
    server, client = served
    seen = []
    async with scripted_upstream(answering(OK), ssl=server) as up, scripted_upstream(tunnel_to(up.port, seen)) as proxy:
        network = trusting(client, https=proxy.url.replace("://", "://us:pw@"))
        async with relaying("https://api.example", network=network) as relay:
            for _ in range(2):
                assert (await relay.ask(GET)).endswith(b"ok")
        assert len(seen) == 1
        credentials = base64.b64encode(b"us:pw")
        assert seen[0] == (
            b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\nProxy-Authorization: Basic "
            + credentials
            + b"\r\n\r\n"
        )
        assert up.requests[0].startswith(b"GET /v1/x?q=1 HTTP/1.1\r\nHost: api.example\r\n")
        assert b"Proxy" not in up.requests[0]


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\nstray"],
)
async def test_a_proxy_that_declines_becomes_a_502_that_names_it(answer):
    async with scripted_upstream(answering(answer, close=True)) as proxy:
        network = Network(proxies=Proxies(https=proxy.url))
        code, status, sentence = await trouble("https://api.example", network=network)
        assert (code, status) == ("proxy_declined", 502)
        assert f"127.0.0.1:{proxy.port}" in sentence


async def test_an_http_upstream_is_asked_of_its_proxy_in_absolute_form():
    async with scripted_upstream(answering(OK)) as proxy:
        network = Network(proxies=Proxies(http=proxy.url.replace("://", "://u:p@")))
        async with relaying("http://api.example:8080/pre", network=network) as relay:
            assert (await relay.ask(GET)).endswith(b"ok")
        lines = proxy.requests[0].split(b"\r\n")
        assert lines[0] == b"GET http://api.example:8080/pre/v1/x?q=1 HTTP/1.1"
        assert b"Host: api.example:8080" in lines
        assert b"Proxy-Authorization: Basic " + base64.b64encode(b"u:p") in lines


async def test_an_upstream_on_this_machine_is_reached_directly_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with scripted_upstream(answering(OK)) as up, relaying(up.url, network=Network()) as relay:
        assert (await relay.ask(GET)).endswith(b"ok")


async def test_a_proxy_that_cannot_be_used_is_told_to_the_caller():
    network = Network(proxies=Proxies(https="socks5://127.0.0.1:1"))
    code, status, sentence = await trouble("https://api.example", network=network)
    assert (code, status) == ("bad_proxy", 502)
    assert "HTTPS_PROXY" in sentence


async def test_a_body_that_comes_before_the_upstream_is_connected_waits_and_goes_up_whole(served):
    server, client = served
    gate = asyncio.Event()
    body = b"z" * 3_000_000

    async with scripted_upstream(answering(OK), ssl=server) as up:
        opened = tunnel_to(up.port, [])

        async def slow(connection):
            await gate.wait()
            await opened(connection)

        async with (
            scripted_upstream(slow) as proxy,
            relaying("https://api.example", network=trusting(client, https=proxy.url)) as relay,
        ):
            asking = await relay.connect()
            head = b"POST /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
            sending = asyncio.create_task(asking.send(head, body))
            await until(lambda: any(held._held for held in relay.relay._ambient.clients))
            (exchange,) = relay.relay._ambient.open
            assert exchange.asking._unsent_bytes <= MAX_UNSENT + 256 * 1024
            gate.set()
            await sending
            assert (await asking.rest()).endswith(b"ok")
            await asking.close()
            assert up.requests[0].endswith(b"\r\n\r\n" + body)
