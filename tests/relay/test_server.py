"""The relay as a whole: counts, draining, running out of descriptors, a real client, and what it may import."""

import ast
import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import openai
import pandaprobe_proxy.relay
import pytest
from openai_upstream import openai_upstream
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.relay.bodies import chunk
from pandaprobe_proxy.relay.routes import Routes, parse_upstream
from pandaprobe_proxy.relay.server import Clocks, Network, Relay, Timeouts
from relaying import listening, relaying, until
from upstreams import answering, response, scripted_upstream

GET = b"GET /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n"
OK = response(b"ok")


async def test_a_request_goes_up_and_its_answer_comes_down():
    async with scripted_upstream(answering(response(b"hello"))) as up, relaying(up.url) as relay:
        got = await relay.ask(
            b"POST /v1/x?a=%2F HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"
        )
        assert got == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        assert up.requests == [
            b"POST /v1/x?a=%%2F HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2\r\n\r\nab" % up.port
        ]
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.head.upstream) == ("ok", "openai")
        assert (exchange.request_body, exchange.response_body) == (b"ab", b"hello")


async def test_the_counts_add_up_at_every_moment():
    gate = asyncio.Event()

    async def script(connection):
        await connection.request()
        await gate.wait()
        await connection.send(OK)

    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        asking = [asyncio.create_task(relay.ask(GET)) for _ in range(3)]
        await until(lambda: relay.relay.stats().open == 3)
        await relay.ask(b"bad\r\n\r\n")
        stats = relay.relay.stats()
        assert (stats.relayed, stats.open, stats.refused, stats.tap_errors) == (3, 3, {"malformed_head": 1}, 0)
        assert stats.connections >= 3
        gate.set()
        await asyncio.gather(*asking)
        assert relay.relay.stats().open == 0


async def test_an_upstream_can_be_added_while_it_runs():
    async with scripted_upstream(answering(OK)) as up, relaying("http://127.0.0.1:1") as relay:
        ask = GET.replace(b"/v1", b"/later/v1")
        assert b" 404 " in await relay.ask(ask)
        relay.relay.add_upstream(parse_upstream("later", up.url))
        assert (await relay.ask(ask)).endswith(b"ok")


async def test_time_and_ids_come_from_what_was_given():
    ticks = iter(range(1, 10_000))
    clocks = Clocks(lambda: next(ticks), lambda: 1_700_000_000_000_000_000, lambda size: b"\7" * size)
    events, sock = [], listening()
    async with scripted_upstream(answering(OK)) as up:
        relay = Relay(
            routes=Routes([parse_upstream("openai", up.url)]), tap=events.append, clocks=clocks, timeouts=Timeouts()
        )
        await relay.start(sock)
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(GET)
        await reader.read()
        writer.close()
        await relay.drain(0)
    assert {event.exchange for event in events} == {make_id(1_700_000_000_000_000_000, b"\7" * 10)}
    assert events[0].wall_ns == 1_700_000_000_000_000_000
    assert [event.at_ns for event in events] == sorted(event.at_ns for event in events)


async def streaming(connection):
    await connection.request()
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10):
        await connection.send(chunk(b"x"), pause_s=0.03)
    await connection.send(b"0\r\n\r\n")


async def test_draining_lets_what_runs_finish_and_still_accepts():
    async with scripted_upstream(streaming) as up, relaying(up.url) as relay:
        running = asyncio.create_task(relay.ask(GET.replace(b"Connection: close\r\n", b"")))
        await until(lambda: relay.relay.stats().open == 1)
        draining = asyncio.create_task(relay.relay.drain(5))
        await asyncio.sleep(0.02)
        late = await relay.ask(GET.replace(b"Connection: close\r\n", b""))
        assert (await running).endswith(b"0\r\n\r\n") and late.endswith(b"0\r\n\r\n")
        assert b"Connection: close\r\n" in late
        await asyncio.wait_for(draining, 2)
        assert [exchange.outcome for exchange in relay.exchanges()] == ["ok", "ok"]
        with pytest.raises(ConnectionRefusedError):
            await relay.connect()


async def test_draining_waits_for_a_slow_client_to_take_the_end_of_its_answer():
    body = b"x" * 60_000
    async with scripted_upstream(answering(response(body))) as up, relaying(up.url, cramped=True) as relay:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", relay.port))
            client.sendall(GET)
            await relay.ended()
            draining = asyncio.create_task(relay.relay.drain(5))
            await asyncio.sleep(0.2)
            assert not draining.done()
            client.settimeout(5)
            got = await asyncio.to_thread(lambda: b"".join(iter(lambda: client.recv(65536), b"")))
            assert got.endswith(body)
            await asyncio.wait_for(draining, 2)


async def test_what_does_not_fit_into_the_drain_is_broken_and_told_as_interrupted():
    async def endless(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"x"))
        await connection.until_gone()

    async with scripted_upstream(endless) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(GET)
        await client.head()
        await relay.relay.drain(0.1)
        with contextlib.suppress(ConnectionResetError):
            assert not (await client.rest()).endswith(b"0\r\n\r\n")
        (exchange,) = await relay.ended()
        assert (exchange.outcome, exchange.response_body) == ("interrupted", b"x")
        await asyncio.wait_for(up.connections[0].gone.wait(), 1)
        await client.close()


async def test_a_second_drain_without_time_ends_the_first():
    async def endless(connection):
        await connection.request()
        await connection.until_gone()

    async with scripted_upstream(endless) as up, relaying(up.url) as relay:
        client = await relay.connect()
        await client.send(GET)
        await until(lambda: relay.relay.stats().open == 1)
        first = asyncio.create_task(relay.relay.drain(60))
        await asyncio.sleep(0.02)
        await relay.relay.drain(0)
        await asyncio.wait_for(first, 1)
        assert (await relay.ended())[0].outcome == "interrupted"
        client.reset()


async def test_running_out_of_descriptors_ends_nothing_that_runs_and_passes_by_itself():
    gate = asyncio.Event()

    async def script(connection):
        while await connection.request():
            await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"a"))
            await gate.wait()
            await connection.send(chunk(b"b") + b"0\r\n\r\n")

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # asyncio reports each failed accept
    async with scripted_upstream(script) as up, relaying(up.url) as relay:
        running = await relay.connect()
        await running.send(GET)
        await running.until(b"a\r\n")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        crowd = [listening() for _ in range(4)]
        spare = [os.dup(crowd[0].fileno()) for _ in range(20)]
        clients = [socket.socket() for _ in range(8)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(spare + [c.fileno() for c in clients]) + 1, hard))
        try:
            for client in clients:
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", relay.port))
            await asyncio.sleep(0.2)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for held in (*crowd, *clients):
                held.close()
            for fd in spare:
                os.close(fd)
        gate.set()
        assert (await running.rest()).endswith(b"b\r\n0\r\n\r\n")
        await running.close()
        async with asyncio.timeout(5):
            assert (await relay.ask(GET)).endswith(b"0\r\n\r\n")


async def test_the_real_openai_client_works_through_it():
    def talk(base_url):
        client = openai.OpenAI(base_url=base_url, api_key="sk-test", max_retries=0)
        asked = [{"role": "user", "content": "What is the capital of France?"}]
        whole = client.chat.completions.create(model="m", messages=asked)
        stream = client.chat.completions.create(model="m", messages=asked, stream=True)
        pieces = [part.choices[0].delta.content or "" for part in stream if part.choices]
        with pytest.raises(openai.NotFoundError, match="No upstream has the path /nowhere"):
            client.with_options(base_url=base_url.replace("/v1", "/nowhere")).models.list()
        client.close()
        return whole.choices[0].message.content, "".join(pieces)

    with openai_upstream() as up:
        async with relaying(up.url) as relay:
            assert await asyncio.to_thread(talk, f"http://127.0.0.1:{relay.port}/v1") == ("Paris.", "Paris.")
            exchanges = await relay.ended(2)
            assert exchanges[0].outcome == "ok"
            assert exchanges[1].outcome in ("ok", "client_disconnected")  # it hangs up when it has read [DONE]
            assert exchanges[0].header(b"authorization") == b"Bearer sk-test"


async def test_the_real_openai_client_understands_an_upstream_that_is_not_there():
    async with relaying("http://127.0.0.1:1") as relay:
        client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{relay.port}/v1", api_key="k", max_retries=1)
        with pytest.raises(openai.InternalServerError, match="cannot be reached") as raised:
            await client.models.list()
        assert raised.value.status_code == 502
        await client.close()
        assert len(relay.exchanges()) == 2


def test_the_environments_proxies_are_the_default(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    assert Network().proxies.https == "http://p:1"


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_the_relay_imports_nothing_of_ours_but_the_model():
    files = list(Path(pandaprobe_proxy.relay.__file__).parent.glob("*.py"))
    ours = {name for path in files for name in imports_of(path) if name.startswith("pandaprobe_proxy")}
    assert len(files) > 10
    assert {".".join(name.split(".")[:2]) for name in ours} == {"pandaprobe_proxy.relay", "pandaprobe_proxy.model"}


def test_it_relays_with_every_other_package_deleted(tmp_path):
    root = Path(pandaprobe_proxy.__file__).parent
    house = tmp_path / "pandaprobe_proxy"
    for package in ("model", "relay"):
        (house / package).mkdir(parents=True)
        for path in (root / package).glob("*.py"):
            (house / package / path.name).write_bytes(path.read_bytes())
    (house / "__init__.py").write_text("")
    script = "import sys; from pandaprobe_proxy.relay.server import Relay; print(Relay.__module__, *sys.path[:1])"
    run = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; sys.path += {sys.path!r}; {script}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split() == ["pandaprobe_proxy.relay.server", str(tmp_path)], run.stderr
