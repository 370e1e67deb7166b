"""What fuzzing begins with: small whole examples of each format, for each target."""

import gzip
import json
import zlib

import brotli
import zstandard
from fuzz.targets import CODINGS, ENDPOINTS
from pandaprobe_proxy.wire.websocket import TEXT, write_frame

EVENT = b'event: message\ndata: {"choices":[{"delta":{"content":"a"}}]}\nid: 1\n\n'
ASKED = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}).encode()
CHAT = {"id": "c", "model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}}]}
PACKED = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}


def seeds(target):
    """The examples of that target."""
    return list(_SEEDS[target]())


def _sse():
    yield b"\0" + EVENT + b"data: [DONE]\n\n"
    yield b"\1\xef\xbb\xbf: comment\r\nretry: 10\r\rdata\r\ndata:two\r\n\r\n"
    yield b"\2data: unfinished\nid: a\0b"
    yield b"\3" + b"data: " + b"x" * 5000


def _frames():
    yield b'{"a":1}\n\n{"b":2}\n{"c"'
    yield b'[{"a":[1,"]"]},\n{"b":{}}]'
    yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    yield write_frame(TEXT, b"hello") + b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
    prelude = (16).to_bytes(4) + (0).to_bytes(4)
    prelude += zlib.crc32(prelude).to_bytes(4)
    yield prelude + zlib.crc32(prelude).to_bytes(4)


def _coding():
    for at, name in enumerate(CODINGS):
        plain = b"to be or not to be " * 20
        for one in name.split(", "):
            plain = PACKED.get(one.removeprefix("x-"), bytes)(plain)
        yield bytes([at]) + plain
    yield b"\0" + gzip.compress(b"", mtime=0) * 20
    yield b"\0" + gzip.compress(bytes(200_000), mtime=0)


def _redaction():
    yield b'{"api_key": "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789", "password":"hunter22"}'
    yield b"AKIAIOSFODNN7EXAMPLE ghp_0123456789abcdefghijABCDEFGHIJ012345 xoxb-1-2-abc"
    yield b'{"arguments":"{\\"token\\":\\"abcdefgh12345678\\"}"}'
    yield b"/v1/x?key=abcdefgh12345678&sig=1&q=%73"


def _head():
    yield b"POST /v1/x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    yield b"GET /v1/x HTTP/1.0\r\nConnection: keep-alive, X-a\r\nX-a: b\r\n\r\n"
    yield b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    yield b"GET /v1/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    yield b"HTTP/1.1 200 OK\r\nContent-Type: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n"


def _chunks():
    yield b"5\r\nhello\r\n0\r\n\r\n"
    yield b"A;x=y\r\n0123456789\r\n1\r\na\r\n0\r\nX-Trailer: b\r\n\r\nrest"
    yield b"0\r\n\r\n"
    yield b"fff\r\nshort"


def _decoding():
    for at in range(len(ENDPOINTS)):
        yield at.to_bytes(2) + b"\0\0" + ASKED + b"\0\0" + json.dumps(CHAT).encode()
        yield at.to_bytes(2) + b"\0\1" + ASKED + b"\0\0" + EVENT * 2


_SEEDS = {
    "sse": _sse,
    "frames": _frames,
    "coding": _coding,
    "redaction": _redaction,
    "head": _head,
    "chunks": _chunks,
    "decoding": _decoding,
}
