"""mitmproxy's HTTP/1.1 with what it lacks: interim answers (RFC 9110 §15.2) and trailers (§6.5).

An interim answer is passed over; mitmproxy would take it for the final one. Trailers of an answer cross, those of a
request are dropped; mitmproxy would break the connection at either.
"""

from collections.abc import Callable
from typing import Any

import h11
from mitmproxy.connection import ConnectionState
from mitmproxy.http import Headers, Response
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import _events, _http1

from pandaprobe_proxy.intercept.refusals import TOLD, headers_of
from pandaprobe_proxy.model.refusal import Trouble


def install() -> None:
    """Has mitmproxy use these two, where its own layer looks them up."""
    vars(http).update(Http1Client=Http1Client, Http1Server=Http1Server)


class BodyReader:
    """A body's reader that gives its trailers to somebody else than mitmproxy."""

    def __init__(self, inner: Any, take: Callable[[Headers], object]) -> None:
        self._inner = inner
        self._take = take

    def __call__(self, buffer: Any) -> Any:
        return self._strip(self._inner(buffer))

    def read_eof(self) -> Any:
        """The upstream or the client has closed its direction."""
        return self._strip(self._inner.read_eof())

    def _strip(self, event: Any) -> Any:
        if not isinstance(event, h11.EndOfMessage) or not event.headers:
            return event
        self._take(Headers(tuple(event.headers.raw_items())))
        return h11.EndOfMessage()


class Http1Client(_http1.Http1Client):
    """The side that speaks to upstreams."""

    response: Response | None
    body_reader: Any

    def read_headers(self, event: events.ConnectionEvent) -> CommandGenerator[None]:
        """The upstream sent something while its answer's head is awaited."""
        if isinstance(event, events.DataReceived) and self.request:
            while _is_interim(bytes(self.buf)):
                self.buf.maybe_extract_lines()
        yield from super().read_headers(event)

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """The upstream sent something of its answer's body."""
        if not isinstance(self.body_reader, BodyReader):
            self.body_reader = BodyReader(self.body_reader, self._keep)
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

    def read_body(self, event: events.Event) -> CommandGenerator[None]:
        """The client sent something of its request's body."""
        if not isinstance(self.body_reader, BodyReader):
            self.body_reader = BodyReader(self.body_reader, bool)
        yield from super().read_body(event)

    def send(self, event: _events.HttpEvent) -> CommandGenerator[None]:
        """Something of an answer is to go to the client."""
        if isinstance(event, _events.ResponseTrailers):
            self.trailers = event.trailers
        elif isinstance(event, _events.ResponseEndOfMessage) and self.trailers is not None:
            trailers, self.trailers = bytes(self.trailers), None
            yield commands.SendData(self.conn, b"0\r\n%b\r\n" % trailers)
            yield from self.mark_done(response=True)
        elif (told := getattr(event, TOLD, None)) and not self.response and self.conn.state & ConnectionState.CAN_WRITE:
            yield commands.SendData(self.conn, _assemble(told, self.request))
            yield commands.CloseConnection(self.conn)
        else:
            yield from super().send(event)


def _assemble(told: tuple[Trouble, bytes], request: Any) -> bytes:
    lines = [b"HTTP/1.1 502 Bad Gateway", *(b": ".join(header) for header in headers_of(told)), b"connection: close"]
    content = b"" if request and request.method == "HEAD" else told[1]
    return b"\r\n".join([*lines, b"", content])


def _is_interim(data: bytes) -> bool:
    """Whether a whole head of an interim answer, other than one that upgrades, is in front."""
    return data[:7] == b"HTTP/1." and data[9:10] == b"1" and data[9:12] != b"101" and b"\r\n\r\n" in data
