"""What the client receives is what the upstream sent, and the reverse; and both can be read back from the store."""

import asyncio
import os
import subprocess
import sys

import pytest
from pandaprobe_proxy.app import add_upstream
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.sqlite import open_reader
from shapes import (
    ANSWER,
    ANSWERS,
    JSON,
    REQUESTS,
    body_of,
    sized,
)
from sidecar import clean_environment, sidecar, wait_until
from upstreams import scripted_upstream


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    with sidecar(tmp_path_factory.mktemp("bytes") / "data", "http://127.0.0.1:1") as recording:
        recording.ready()
        yield recording


def register(recording, upstream):
    """Makes the upstream known to the running sidecar; its name."""
    name = f"at-{upstream.url.rpartition(':')[2]}"
    assert add_upstream(Settings(data_dir=recording.directory), name, f"{upstream.url}/v1") is None
    return name


async def exchange(port, name, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    head = f"POST /{name}/v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    writer.write(head.encode() + request)
    await writer.drain()
    data = await asyncio.wait_for(reader.read(-1), 20)
    writer.close()
    return data


def read_back(recording, name, side):
    """The stored body of the one call of that upstream, once it has ended."""
    reader = open_reader(recording.directory / "calls.db")

    def ended():
        return next((row for row in reader.calls(5) if row.upstream == name and row.outcome != "open"), None)

    body = getattr(reader.call(wait_until(ended).call_id), side)
    reader.close()
    assert (body.complete, body.redactions) == (True, 0)
    return body.data


@pytest.mark.parametrize("shape", ANSWERS)
async def test_every_shape_of_answer_arrives_and_can_be_read_back(recording, shape):
    raw, body = ANSWERS[shape]

    async def script(connection):
        await connection.request()
        await connection.send(raw)
        connection.close()

    async with scripted_upstream(script) as upstream:
        name = register(recording, upstream)
        received = await exchange(recording.port, name, REQUESTS["sized"][0])
        kept = await asyncio.to_thread(read_back, recording, name, "response")
    assert body_of(received) == body
    assert kept == body


@pytest.mark.parametrize("shape", REQUESTS)
async def test_every_shape_of_request_arrives_and_can_be_read_back(recording, shape):
    raw, body = REQUESTS[shape]

    async def script(connection):
        await connection.request()
        await connection.send(sized(ANSWER, JSON))
        connection.close()

    async with scripted_upstream(script) as upstream:
        name = register(recording, upstream)
        await exchange(recording.port, name, raw)
        kept = await asyncio.to_thread(read_back, recording, name, "request")
        (received,) = upstream.requests
    assert body_of(received) == body
    assert kept == body


async def test_a_head_answer_has_a_length_and_no_body(recording):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
        connection.close()

    async with scripted_upstream(script) as upstream:
        name = register(recording, upstream)
        reader, writer = await asyncio.open_connection("127.0.0.1", recording.port)
        writer.write(f"HEAD /{name}/v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = await asyncio.wait_for(reader.read(-1), 20)
        writer.close()
        kept = await asyncio.to_thread(read_back, recording, name, "response")
    assert b"content-length: 1234" in received.lower()
    assert (body_of(received), kept) == (b"", b"")


async def test_the_command_line_writes_the_very_bytes(recording):
    async def script(connection):
        await connection.request()
        await connection.send(ANSWERS["gzip"][0])
        connection.close()

    async with scripted_upstream(script) as upstream:
        name = register(recording, upstream)
        await exchange(recording.port, name, REQUESTS["binary"][0])
        await asyncio.to_thread(read_back, recording, name, "request")
        call = (await asyncio.to_thread(recording.json, "calls", "ls", "-n", "1"))["items"][0]["call_id"]
    for side, body in (("request", REQUESTS["binary"][1]), ("response", ANSWERS["gzip"][1])):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "pandaprobe_proxy", "calls", "show", call, f"--{side}"],
            env={**clean_environment(), "PANDAPROBE_DATA_DIR": str(recording.directory)},
            capture_output=True,
            check=True,
        )
        assert done.stdout == body


async def test_a_websocket_is_relayed_and_both_directions_can_be_read_back(recording):
    def frame(payload, masked):
        mask = os.urandom(4) if masked else b""
        data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
        return bytes([0x81, len(payload) | (0x80 if masked else 0)]) + mask + data

    sent, answered = frame(b"hello there", True), frame(b"general reply", False)

    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while sent not in connection.received:
            await connection.read()
        await connection.send(answered)
        connection.close()

    async with scripted_upstream(script) as upstream:
        name = register(recording, upstream)
        reader, writer = await asyncio.open_connection("127.0.0.1", recording.port)
        writer.write(
            f"GET /{name}/v1/realtime?model=m HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        writer.write(sent)
        assert await reader.read(-1) == answered
        writer.close()
        assert await asyncio.to_thread(read_back, recording, name, "request") == sent
        assert await asyncio.to_thread(read_back, recording, name, "response") == answered
