"""Where the upstream gives no answer, a call is told so in its own dialect, and it is recorded."""

import asyncio
import json
from dataclasses import dataclass

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded
from intercepting import CLOSE, intercepting, request
from pandaprobe_proxy.model.exchange import Outcome
from relaying import listening
from upstreams import scripted_upstream


@pytest.fixture
def nobody():
    """A port at which nobody listens."""
    sock = listening()
    port = sock.getsockname()[1]
    sock.close()
    return port


def at(port):
    return (f"localhost:{port}", "openai")


def parts(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.lower(), json.loads(body)


async def test_an_upstream_that_is_not_there_is_told_as_openai_tells_errors_and_recorded(tmp_path, origins, nobody):
    async with intercepting(tmp_path, origins, at(nobody)) as running:
        head, told = parts(await running.ask(nobody, request(CLOSE)))
        exchange = (await running.ended())[0]
    assert head.startswith(b"http/1.1 502") and b"content-type: application/json" in head
    assert b"x-pandaprobe-error: unreachable" in head
    assert told["error"]["type"] == "upstream_error" and "cannot be reached" in told["error"]["message"]
    assert exchange.outcome is Outcome.UPSTREAM_ERROR and exchange.ended.error == told["error"]["message"]


async def test_anthropics_callers_are_told_as_anthropic_tells_errors(tmp_path, origins, nobody):
    head = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: k\r\nConnection: close\r\n"
    raw = head + b"Content-Length: 2\r\n\r\n{}"
    async with intercepting(tmp_path, origins, at(nobody)) as running:
        _, told = parts(await running.ask(nobody, raw))
    assert (told["type"], told["error"]["type"]) == ("error", "api_error")


async def test_an_upstream_that_hangs_up_is_told_without_a_word_of_its_own(tmp_path, origins):
    async def script(connection):
        await connection.request()
        await connection.send(b"sk-secret is no HTTP\r\n\r\n")
        connection.close()

    async with (
        scripted_upstream(script, ssl=origins.server()) as upstream,
        intercepting(tmp_path, origins, at(upstream.port)) as running,
    ):
        head, told = parts(await running.ask(upstream.port, request(CLOSE)))
    assert b"x-pandaprobe-error: bad_answer" in head
    assert told["error"]["message"] == "The upstream's answer is refused: it is not HTTP as it must be."


async def test_a_head_request_gets_no_body(tmp_path, origins, nobody):
    async with intercepting(tmp_path, origins, at(nobody)) as running:
        answer = await running.ask(nobody, b"HEAD /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 502") and answer.endswith(b"\r\n\r\n")


async def test_a_host_that_is_not_listed_is_told_before_anything_is_sent(tmp_path, origins, nobody):
    async with intercepting(tmp_path, origins, ("api.openai.com", "openai")) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"CONNECT localhost:%d HTTP/1.1\r\n\r\n" % nobody)
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 502")
        writer.close()
        assert running.events == []


@dataclass
class Answer:
    """One over HTTP/2."""

    headers: dict
    body: bytes = b""


async def ask_http2(client, body=b"{}"):
    connection = H2Connection(H2Configuration(header_encoding=None))
    connection.initiate_connection()
    head = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/v1/chat/completions")]
    connection.send_headers(1, head)
    connection.send_data(1, body, end_stream=True)
    answer = None
    while True:
        await client.send(connection.data_to_send())
        for event in connection.receive_data(await asyncio.wait_for(client.reader.read(65536), 5)):
            if isinstance(event, ResponseReceived):
                answer = Answer(dict(event.headers))
            elif isinstance(event, DataReceived):
                answer.body += event.data
            elif isinstance(event, StreamEnded):
                return answer


async def test_over_http2_it_is_told_as_well(tmp_path, origins, nobody):
    async with intercepting(tmp_path, origins, at(nobody)) as running:
        client = await running.tunnel(nobody, running.trusting(alpn=("h2",)))
        answer = await ask_http2(client)
        exchange = (await running.ended())[0]
        await client.close()
    assert (answer.headers[b":status"], answer.headers[b"content-type"]) == (b"502", b"application/json")
    assert json.loads(answer.body)["error"]["code"] == "unreachable"
    assert exchange.outcome is Outcome.UPSTREAM_ERROR
