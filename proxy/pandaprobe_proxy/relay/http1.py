"""Heads of HTTP/1.1 messages, sans-IO: what a head says, how its body is framed, and the head that is sent on.

Theory of operation. llhttp reads a head that is already cut out whole (up to the empty line), so it never sees a body.
From what it reports, and from the raw bytes where it is lenient, a head is either understood in exactly one way or
refused. The message that leaves is written anew from what was understood: one length or one chunked coding, never
both; a body that ends with its connection becomes chunked for a client that knows chunks. Then bodies.py un-frames
what arrives and frames it again, so no byte of one message can be taken for a part of another.
"""

from enum import Enum, auto
from typing import NamedTuple

import httptools

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.hops import tokens
from pandaprobe_proxy.relay import headers as fields
from pandaprobe_proxy.relay.bodies import Body, Chunked, Sized, Unbounded

MAX_HEAD_BYTES = 256 * 1024
MAX_HEADERS = 512

_MARKED = frozenset({b"content-length", b"transfer-encoding", b"connection", b"host", b"upgrade", b"expect"})
_BODILESS = frozenset({204, 304})


class Refused(Exception):
    """A request that is not relayed: the status to answer with, a short code for it, one sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


class BadAnswer(Exception):
    """An upstream's answer that is not HTTP/1.1 as it must be. One clause."""


class Framing(Enum):
    NONE = auto()
    SIZED = auto()
    CHUNKED = auto()
    CLOSE = auto()  # the end of the connection ends the body; responses only


class Request(NamedTuple):
    method: str
    target: bytes
    minor: int
    """Of the version: HTTP/1.0 or HTTP/1.1."""
    headers: Headers
    framing: Framing
    length: int
    named: frozenset[bytes]
    """What Connection names, in lower case."""
    websocket: bool
    expects: bool
    """Whether the client waits for `100 Continue`."""

    @property
    def keep_alive(self) -> bool:
        return self.minor == 1 and b"close" not in self.named


class Response(NamedTuple):
    status: int
    reason: bytes
    headers: Headers
    framing: Framing
    length: int
    named: frozenset[bytes]
    keep_alive: bool


class _Head:
    """What llhttp reports of one head."""

    __slots__ = ("complete", "headers", "marked", "reason", "target")

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.marked: dict[bytes, list[bytes]] = {}
        self.target = b""
        self.reason = b""
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.target = url

    def on_status(self, reason: bytes) -> None:
        self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))
        key = name.lower()
        if key in _MARKED:
            self.marked.setdefault(key, []).append(value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        self.complete = True

    def named(self) -> frozenset[bytes]:
        return tokens(self.marked.get(b"connection", ()))


def read_request(raw: bytes) -> Request:
    """The request whose whole head is `raw`, the empty line included. Raises Refused."""
    head = _Head()
    parser = httptools.HttpRequestParser(head)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise _malformed(f"its head is malformed: {error}") from error
    method, version = parser.get_method(), parser.get_http_version()
    _check_line(raw, head, method, version)
    minor = 1 if version == "1.1" else 0
    _check_host(head, minor)
    framing, length = _request_framing(head, minor)
    named = head.named()
    return Request(
        method=method.decode("ascii"),
        target=head.target,
        minor=minor,
        headers=tuple(head.headers),
        framing=framing,
        length=length,
        named=named,
        websocket=minor == 1 and _asks_websocket(head, method, named) and framing is Framing.NONE,
        expects=minor == 1 and b"100-continue" in tokens(head.marked.get(b"expect", ())),
    )


def _check_line(raw: bytes, head: _Head, method: bytes, version: str) -> None:
    if len(head.headers) > MAX_HEADERS:
        raise Refused(431, "too_many_headers", f"The request has more than {MAX_HEADERS} headers; send fewer.")
    if version not in ("1.0", "1.1"):
        raise _malformed("only HTTP/1.0 and HTTP/1.1 are relayed", "bad_version")
    if not raw.startswith(b"%b %b HTTP/" % (method, head.target)) or not head.complete or b"#" in head.target:
        raise _malformed("its head is malformed: the request line has stray bytes")
    if method == b"CONNECT":
        raise _malformed("this port relays to configured upstreams and is no forward proxy", "connect_refused")
    if not (head.target.startswith(b"/") or (head.target == b"*" and method == b"OPTIONS")):
        raise _malformed("its target must be a path; this port is no forward proxy", "absolute_target")


def _check_host(head: _Head, minor: int) -> None:
    hosts = len(head.marked.get(b"host", ()))
    if hosts > 1 or (minor == 1 and hosts == 0):
        raise _malformed(f"it has {hosts} Host headers instead of one", "bad_host")


def _request_framing(head: _Head, minor: int) -> tuple[Framing, int]:
    codings = head.marked.get(b"transfer-encoding")
    lengths = head.marked.get(b"content-length")
    if codings and lengths:
        raise _malformed("it has both Content-Length and Transfer-Encoding", "bad_framing")
    if codings:
        if minor == 0 or [coding.lower() for coding in codings] != [b"chunked"]:
            raise _malformed("its Transfer-Encoding is not exactly 'chunked'", "bad_framing")
        return Framing.CHUNKED, 0
    if not lengths:
        return Framing.NONE, 0
    length = _length(lengths)
    if length is None:
        raise _malformed("its Content-Length is not one number", "bad_framing")
    return Framing.SIZED, length


def _length(values: list[bytes]) -> int | None:
    value = values[0]
    return int(value) if len(values) == 1 and value.isdigit() and len(value) < 19 else None


def _asks_websocket(head: _Head, method: bytes, named: frozenset[bytes]) -> bool:
    asked = tokens(head.marked.get(b"upgrade", ()))
    return method == b"GET" and b"upgrade" in named and asked == {b"websocket"}


def _malformed(why: str, code: str = "malformed_head") -> Refused:
    return Refused(400, code, f"The request is refused: {why}.")


def read_response(raw: bytes, method: str) -> Response:
    """The answer to `method` whose whole head is `raw`. Raises BadAnswer."""
    head = _Head()
    parser = httptools.HttpResponseParser(head)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise BadAnswer(f"its head is malformed: {error}") from error
    version = parser.get_http_version()
    if not head.complete or version not in ("1.0", "1.1") or len(head.headers) > MAX_HEADERS:
        raise BadAnswer("its head is malformed")
    status = parser.get_status_code()
    named = head.named()
    framing, length = _response_framing(head, status, method)
    kept = b"close" not in named if version == "1.1" else b"keep-alive" in named
    return Response(status, head.reason, tuple(head.headers), framing, length, named, kept)


def _response_framing(head: _Head, status: int, method: str) -> tuple[Framing, int]:
    """RFC 9112 §6.3."""
    if method == "HEAD" or status < 200 or status in _BODILESS:
        return Framing.NONE, 0
    codings = head.marked.get(b"transfer-encoding")
    if codings:
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise BadAnswer("its Transfer-Encoding is not exactly 'chunked'")
        return Framing.CHUNKED, 0
    lengths = head.marked.get(b"content-length")
    if not lengths:
        return Framing.CLOSE, 0
    length = _length(lengths)
    if length is None:
        raise BadAnswer("its Content-Length is not one number")
    return Framing.SIZED, length


def body_of(message: Request | Response) -> Body:
    """What un-frames the body that follows this head."""
    match message.framing:
        case Framing.CHUNKED:
            return Chunked()
        case Framing.CLOSE:
            return Unbounded()
        case _:
            return Sized(message.length)


def write_request(request: Request, path: bytes, authority: bytes, extra: bytes = b"") -> bytes:
    """The head that goes upstream; `extra` are further field lines, each with its CRLF."""
    lines = fields.for_upstream(request.headers, request.named, authority)
    hostless = request.minor == 0 and not any(name.lower() == b"host" for name, _ in lines)
    host = b"Host: %b\r\n" % authority if hostless else b""
    hop = b"Connection: Upgrade\r\nUpgrade: websocket\r\n" if request.websocket else b""
    if request.framing is Framing.CHUNKED:
        hop = b"Transfer-Encoding: chunked\r\n"
    line = b"%b %b HTTP/1.1\r\n" % (request.method.encode("ascii"), path)
    return b"".join((line, host, fields.write(lines), hop, extra, b"\r\n"))


def write_response(response: Response, chunked: bool, close: bool) -> bytes:
    """The head that goes to the client: with a chunked body or not, and whether its connection closes afterwards."""
    lines = fields.write(fields.for_client(response.headers, response.named))
    hop = b"Transfer-Encoding: chunked\r\n" if chunked else b""
    if response.status == 101:
        hop = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    elif close:
        hop += b"Connection: close\r\n"
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (response.status, response.reason, lines, hop)
