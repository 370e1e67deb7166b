"""Shapes of messages on the wire, each with the body that it carries: framings, codings, sizes, interim answers."""

import gzip
import json
import zlib

import brotli
import zstandard

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
