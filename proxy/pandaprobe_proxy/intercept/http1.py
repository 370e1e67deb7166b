"""mitmproxy's HTTP/1.1 with what it lacks.

Interim answers (RFC 9110 §15.2) cross, where mitmproxy would take one for the final answer; so do trailers (§6.5), at
which it would break the connection, and none that would frame or route the message. Fields of one hop stay on it
(§7.6.1). A connection that broke is no end of an answer. After an answer of our own the client's connection serves on.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.http import Headers, Request, Response
from mitmproxy.net.http import http1 as wire
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import _events, _http1
from mitmproxy.proxy.layers.http._base import ReceiveHttp

from pandaprobe_proxy.intercept import hops
from pandaprobe_proxy.intercept.refusals import TOLD, UNPARSED, headers_of
from pandaprobe_proxy.model.hops import for_trailers
from pandaprobe_proxy.model.refusal import Trouble

MAX_HEAD_BYTES = 256 * 1024
BROKE = "broke"
"""The attribute of a mitmproxy connection that was reset, or otherwise failed."""


def install() -> None:
    """Has mitmproxy use these two, where its own layer looks them up."""
    vars(http).update(Http1Client=Http1Client, Http1Server=Http1Server)


def mark_broken(connection: Connection) -> None:
    """This connection did not end well."""
    setattr(connection, BROKE, True)


def is_broken(connection: Connection) -> bool:
    """Whether it was marked so."""
    return getattr(connection, BROKE, False)


class BodyReader:
    """A body's reader that gives what came at once as one piece, and its trailers to somebody else than mitmproxy."""

    def __init__(self, inner: Any, take: Callable[[Headers], object]) -> None:
        self._inner = inner
        self._take = take
        self._next: Any = None

    def __call__(self, buffer: Any) -> Any:
        ahead, self._next = self._next, None
        if ahead is not None:
            return ahead
        pieces = []
        while isinstance(event := self._inner(buffer), h11.Data):
            pieces.append(bytes(event.data))
        event = self._strip(event)
        if not pieces:
            return event
        self._next = event
        return h11.Data(data=b"".join(pieces))

    def read_eof(self) -> Any:
        """The upstream or the client has closed its direction."""
        return self._strip(self._inner.read_eof())

    def _strip(self, event: Any) -> Any:
        if not isinstance(event, h11.EndOfMessage) or not event.headers:
            return event
        self._take(Headers(for_trailers(tuple(event.headers.raw_items()))))
        return h11.EndOfMessage()


class Http1Client(_http1.Http1Client):
    """The side that speaks to upstreams."""

    request: Request | None
    response: Response | None
    body_reader: Any
    trailers: Headers | None = None

    def send(self, event: _events.HttpEvent) -> CommandGenerator[None]:
        """Something of a request is to go to the upstream."""
        if isinstance(event, _events.RequestTrailers):
            self.trailers = event.trailers if _is_chunked(self.request) else None
        elif isinstance(event, _events.RequestEndOfMessage) and self.trailers:
            trailers, self.trailers = bytes(self.trailers), None
            yield commands.SendData(self.conn, b"0\r\n%b\r\n" % trailers)
            yield from self.mark_done(request=True)
        elif isinstance(event, _events.RequestHeaders) and not event.request.is_http2:
            yield from super().send(_events.RequestHeaders(event.stream_id, _onward(event.request), event.end_stream))
        else:
            yield from super().send(event)

    def read_headers(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        """The upstream sent something while its answer's head is awaited."""
        if isinstance(event, events.DataReceived) and self.request and self.stream_id:
            yield from self._pass_interim(self.request)
            if _is_refused(bytes(self.buf), self.request):
                yield commands.CloseConnection(self.conn)
                yield ReceiveHttp(_events.ResponseProtocolError(self.stream_id, UNPARSED))
                return
        yield from super().read_headers(event)

    def _pass_interim(self, request: Request) -> CommandGenerator[None]:
        while _is_interim(data := bytes(self.buf)):
            head = data[: data.index(b"\r\n\r\n") + 4]
            self.buf.maybe_extract_at_most(len(head))
            if head[9:12] != b"100" and request.data.http_version == b"HTTP/1.1":
                yield commands.SendData(self.context.client, head)

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """The upstream sent something of its answer's body."""
        if not isinstance(self.body_reader, BodyReader):
            self.body_reader = BodyReader(self.body_reader, self._keep)
        if isinstance(event, events.ConnectionClosed) and is_broken(self.conn) and self.stream_id:
            yield commands.CloseConnection(self.conn)
            yield ReceiveHttp(_events.ResponseProtocolError(self.stream_id, "server closed connection"))
        else:
            yield from super().read_body(event)

    def _keep(self, trailers: Headers) -> None:
        if self.response is not None:
            self.response.trailers = trailers


class Http1Server(_http1.Http1Server):
    """The side that speaks to clients."""

    trailers: Headers | None = None
    request: Any
    response: Response | None
    body_reader: Any

    def read_headers(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        """The client sent something of a head. Empty lines before it are read over (RFC 9112 §2.2)."""
        while bytes(self.buf).startswith(b"\r\n"):
            self.buf.maybe_extract_at_most(2)
        yield from super().read_headers(event)

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """The client sent something of its request's body."""
        if not isinstance(self.body_reader, BodyReader):
            self.body_reader = BodyReader(self.body_reader, self._keep)
        yield from super().read_body(event)

    def _keep(self, trailers: Headers) -> None:
        self.request.trailers = trailers

    def send(self, event: _events.HttpEvent) -> CommandGenerator[None]:
        """Something of an answer is to go to the client."""
        if isinstance(event, _events.ResponseTrailers):
            self.trailers = event.trailers if _is_chunked(self.response) else None
        elif isinstance(event, _events.ResponseEndOfMessage) and self.trailers is not None:
            trailers, self.trailers = bytes(self.trailers), None
            yield commands.SendData(self.conn, b"0\r\n%b\r\n" % trailers)
            yield from self.mark_done(response=True)
        elif (told := getattr(event, TOLD, None)) and self._is_unanswered():
            yield from self._tell(told)
        elif isinstance(event, _events.ResponseHeaders) and event.response.status_code >= 101:
            response = _back(event.response, self.request)
            yield from super().send(_events.ResponseHeaders(event.stream_id, response, event.end_stream))
        else:
            yield from super().send(event)

    def _is_unanswered(self) -> bool:
        begun = self.response is not None and self.response.status_code != 100
        return not begun and bool(self.conn.state & ConnectionState.CAN_WRITE)

    def _tell(self, told: tuple[Trouble, bytes]) -> CommandGenerator[None]:
        """An answer of ours. The connection serves on if the request is whole, and does not say otherwise."""
        keep = self.request_done and not _closes(self.request)
        trouble = told[0]
        fields = headers_of(told) if keep else [*headers_of(told), hops.CLOSE]
        reason = HTTPStatus(trouble.status).phrase.encode()
        self.response = Response(b"HTTP/1.1", trouble.status, reason, Headers(fields), b"", None, 0, 0)
        content = b"" if self.request.method == "HEAD" else told[1]
        yield commands.SendData(self.conn, wire.assemble_response_head(self.response) + content)
        if keep:
            yield from self.mark_done(response=True)
        else:
            yield commands.CloseConnection(self.conn)


def _onward(request: Request) -> Request:
    """What goes upstream of a request."""
    fields = request.headers.fields
    going = request.copy()
    websocket = hops.asks_websocket(request.data.method, fields)
    going.headers.fields = hops.upgrade(fields) if websocket else hops.strip(fields)
    return going


def _back(response: Response, request: Request) -> Response:
    """What goes to the client of an answer."""
    going = Response(**{**vars(response.data), "content": None, "trailers": None})
    fields = response.headers.fields
    if response.status_code == 101:
        going.headers = Headers(hops.upgrade(fields))
    elif response.data.http_version.startswith(b"HTTP/1"):
        going.headers = Headers(hops.strip(fields, _framing(response, request)))
    return going


def _framing(response: Response, request: Request) -> list[tuple[bytes, bytes]]:
    """How the client knows the end of an answer: one that ends with its connection becomes chunked, so that an end is
    told from a break; and whether its own connection ends, too."""
    endless = wire.expected_http_body_size(request, response) == -1
    chunked = endless and request.data.http_version == b"HTTP/1.1"
    closes = _closes(request) or (endless and not chunked)
    return [hops.CHUNKED] * chunked + [hops.CLOSE] * closes


def _closes(request: Request) -> bool:
    return bool(wire.connection_close(request.http_version, request.headers))


def _is_chunked(message: Request | Response | None) -> bool:
    """Whether trailers can follow the body; HTTP/2, on the other side, has them after any."""
    return message is not None and "chunked" in message.headers.get("transfer-encoding", "").lower()


def _is_refused(data: bytes, request: Request) -> bool:
    """Whether what came is no answer to this request: it is too large, or switches to what nobody asked for."""
    if data.find(b"\r\n\r\n") + 4 > MAX_HEAD_BYTES or (b"\r\n\r\n" not in data and len(data) > MAX_HEAD_BYTES):
        return True
    return data[:7] == b"HTTP/1." and data[9:12] == b"101" and "upgrade" not in request.headers


def _is_interim(data: bytes) -> bool:
    """Whether a whole head of an interim answer, other than one that upgrades, is in front."""
    return data[:7] == b"HTTP/1." and data[9:10] == b"1" and data[9:12] != b"101" and b"\r\n\r\n" in data
