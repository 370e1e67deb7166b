"""What the client receives is what the upstream sent, and the reverse; and both can be read back from the store."""

import asyncio
import gzip
import json
import os
import subprocess
import sys
import zlib

import brotli
import pytest
import zstandard
from pandaprobe_proxy.app import add_upstream
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.sqlite import open_reader
from sidecar import clean_environment, sidecar, wait_until
from upstreams import scripted_upstream

CHAT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello " * 30}]}).encode()
ANSWER = json.dumps(
    {"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "ünï" * 50}}]}
).encode()
STREAM = "".join(f'data: {{"choices":[{{"index":0,"delta":{{"content":"é{i}"}}}}]}}\n\n' for i in range(20)).encode()
BIG = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"' + b"x" * 10_000_000 + b'"}}]}'
CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}


def chunked(body, size):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def sized(body, *headers):
    return (
        b"HTTP/1.1 200 OK\r\n"
        + b"".join(h + b"\r\n" for h in headers)
        + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


def in_chunks(body, size, *headers):
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(h + b"\r\n" for h in headers) + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + chunked(body, size)


JSON, SSE = b"Content-Type: application/json", b"Content-Type: text/event-stream"
ANSWERS = {
    "sized": (sized(ANSWER, JSON), ANSWER),
    "chunked": (in_chunks(ANSWER, 7, JSON), ANSWER),
    "until close": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + ANSWER, ANSWER),
    "empty": (sized(b""), b""),
    "cut inside characters": (in_chunks(STREAM, 1, SSE), STREAM),
    "binary": (sized(bytes(range(256)) * 40, b"Content-Type: audio/mpeg"), bytes(range(256)) * 40),
    "ten megabytes in a line": (in_chunks(BIG, 65536, JSON), BIG),
    "trailers": (in_chunks(STREAM, 50, SSE, b"Trailer: X-T")[:-2] + b"X-T: 1\r\n\r\n", STREAM),
    "early hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + sized(ANSWER, JSON), ANSWER),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "not modified": (b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', b""),
    "error": (b"HTTP/1.1 429 Too Many\r\nContent-Length: 2\r\nRetry-After: 1\r\n\r\n{}", b"{}"),
    **{
        coding: (sized(encode(ANSWER), JSON, b"Content-Encoding: " + coding.encode()), encode(ANSWER))
        for coding, encode in CODINGS.items()
    },
}
REQUESTS = {
    "sized": (b"Content-Length: %d\r\n\r\n%s" % (len(CHAT), CHAT), CHAT),
    "chunked": (b"Transfer-Encoding: chunked\r\n\r\n" + chunked(CHAT, 5), CHAT),
    "binary": (b"Content-Length: 512\r\n\r\n" + bytes(range(256)) * 2, bytes(range(256)) * 2),
    "multipart": (b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 7\r\n\r\n--b--\r\n", b"--b--\r\n"),
    "ten megabytes": (b"Content-Length: 10000000\r\n\r\n" + b"y" * 10_000_000, b"y" * 10_000_000),
    **{
        coding: (
            b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (coding.encode(), len(encode(CHAT)), encode(CHAT)),
            encode(CHAT),
        )
        for coding, encode in CODINGS.items()
    },
}


def unchunk(data):
    parts = []
    while True:
        size, _, data = data.partition(b"\r\n")
        if not int(size, 16):
            return b"".join(parts)
        parts.append(data[: int(size, 16)])
        data = data[int(size, 16) + 2 :]


def body_of(message):
    """The body of a whole message, its framing undone; of the last response, if informational ones came before."""
    head, _, body = message.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 1"):
        head, _, body = body.partition(b"\r\n\r\n")
    return unchunk(body) if b"transfer-encoding: chunked" in head.lower() else body


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
