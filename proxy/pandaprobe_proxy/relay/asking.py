"""The request of one exchange on its way up: its body re-framed, its connection found or opened, and once retried.

A request is written to a second connection only if the first was an idle one that turned out to be dead before any
answer, and the upstream cannot have acted on it: none of its body was written, and it is idempotent or was not whole.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from pandaprobe_proxy.model.exchange import RequestBody
from pandaprobe_proxy.relay import http1
from pandaprobe_proxy.relay.bodies import Body, FramingError, Unbounded, rechunk
from pandaprobe_proxy.relay.dial import Unreachable
from pandaprobe_proxy.relay.http1 import Framing
from pandaprobe_proxy.relay.proxies import ProxyError
from pandaprobe_proxy.relay.refusals import Trouble
from pandaprobe_proxy.relay.upstream import Destination, UpstreamConnection

if TYPE_CHECKING:
    from pandaprobe_proxy.relay.exchange import OpenExchange

log = structlog.get_logger("relay")

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
MAX_UNSENT = 65_536
"""Bytes of a request's body that are read while its upstream is not yet connected."""

DIALLING, UPSTREAM_FULL, PIPELINED = 1, 2, 4
"""Why a client is not read from, as bits."""


class Asking:
    """The upward half of an exchange. `link` is the upstream connection while it has one."""

    __slots__ = (
        "_chunked",
        "_destination",
        "_dialling",
        "_exchange",
        "_head",
        "_unsent",
        "_unsent_bytes",
        "_wrote_body",
        "body",
        "heard_ns",
        "link",
        "sent_ns",
    )

    _destination: Destination

    def __init__(self, exchange: "OpenExchange") -> None:
        self._exchange = exchange
        self._chunked = exchange.request.framing is Framing.CHUNKED
        self._dialling: asyncio.Task[None] | None = None
        self._head = b""
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._wrote_body = False
        self.body: Body = http1.body_of(exchange.request)
        self.heard_ns = exchange.stirred_ns
        self.link: UpstreamConnection | None = None
        self.sent_ns = 0

    def begin(self, rest: bytes) -> None:
        """Starts; `rest` is what came behind the head."""
        exchange = self._exchange
        try:
            self._destination = destination = self._find_destination()
        except ProxyError as error:
            exchange.fail(Trouble(502, "bad_proxy", str(error)))
            return
        self._head = self._write_head(destination)
        self._unsent.append(self._head)
        if rest:
            self.feed(rest)
        if not exchange.ended:
            link = exchange.ambient.pool.take(destination)
            self._attach(link) if link is not None else self._dial()

    def _find_destination(self) -> Destination:
        exchange = self._exchange
        origin = exchange.route.upstream.origin
        proxy = exchange.ambient.proxies.choose(origin)
        tunnel = proxy is not None and (origin.tls or exchange.request.websocket)
        return Destination(origin.tls, origin.host, origin.port, proxy, tunnel)

    def _write_head(self, destination: Destination) -> bytes:
        request, route, proxy = self._exchange.request, self._exchange.route, destination.proxy
        authority = route.upstream.origin.authority
        if proxy is None or destination.tunnel:
            return http1.write_request(request, route.path, authority)
        extra = b"Proxy-Authorization: %b\r\n" % proxy.authorization if proxy.authorization else b""
        return http1.write_request(request, b"http://%b%b" % (authority, route.path), authority, extra)

    def feed(self, data: bytes) -> None:
        """The client sent these bytes; what follows the request's end is the client's to keep."""
        exchange, body = self._exchange, self.body
        if body.done:
            exchange.client.keep(data)
            return
        try:
            content = body.feed(data)
        except FramingError as error:
            exchange.refuse(Trouble(400, "bad_body", f"The request is refused: {error}."))
            return
        self.heard_ns = now = exchange.now()
        if content:
            exchange.tell(RequestBody(exchange.id, now, content))
        framed = rechunk(content, body) if self._chunked else content
        if framed:
            self._send(framed, now)
        if body.rest:
            exchange.client.keep(body.rest)

    def _send(self, framed: bytes, now: int) -> None:
        link = self.link
        if link is not None:
            self._wrote_body = True
            self._exchange.stirred_ns = now
            link.transport.write(framed)
            if self.body.done:
                self.sent_ns = now
            return
        self._unsent.append(framed)
        self._unsent_bytes += len(framed)
        if self._unsent_bytes > MAX_UNSENT:
            self._exchange.client.hold(DIALLING)

    def _dial(self) -> None:
        self._dialling = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        exchange, destination = self._exchange, self._destination
        pool = exchange.ambient.pool
        try:
            link = await exchange.ambient.dialer.dial(destination, lambda: UpstreamConnection(destination, pool.forget))
        except Unreachable as unreachable:
            self._dialling = None
            exchange.fail(unreachable.trouble)
        except Exception:
            self._dialling = None
            log.exception("an upstream could not be dialled", exchange=exchange.id)
            exchange.fail(Trouble(502, "unreachable", "The upstream cannot be reached; the relay's log has more."))
        else:
            self._dialling = None
            self._attach(link)

    def _attach(self, link: UpstreamConnection) -> None:
        """From here on `link` is this exchange's, and gets what was waiting for it."""
        exchange = self._exchange
        if link.transport.is_closing():
            exchange.upstream_closed(None)
            return
        self.link = link
        link.listener = exchange
        link.pause(exchange.client.full)
        self._wrote_body = len(self._unsent) > 1
        unsent = b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        exchange.stirred_ns = self.heard_ns = now = exchange.now()
        if self.body.done:
            self.sent_ns = now
        link.transport.write(unsent)
        exchange.client.release(DIALLING)

    def retry(self) -> bool:
        """Asks once more, on a new connection, if that is safe; `link` was found dead before it answered anything."""
        link, self.link = self.link, None
        if link is None or not link.used or self._wrote_body:
            return False
        if self.body.done and self._exchange.request.method not in IDEMPOTENT:
            return False
        self.sent_ns = 0
        self._unsent.append(self._head)
        self._exchange.client.release(UPSTREAM_FULL)
        self._dial()
        return True

    def upgrade(self) -> None:
        """From here on the client's bytes go up as they are, without end."""
        self.body = Unbounded()
        if early := self._exchange.client.kept():
            self.feed(early)

    def give_back(self) -> None:
        """The connection may serve another exchange."""
        link, self.link = self.link, None
        if link is not None:
            self._exchange.ambient.pool.give(link, self._exchange.stirred_ns)

    def stop(self, gently: bool = False) -> None:
        """Nothing more goes up: the connection is closed, `gently` after what is written to it."""
        if self._dialling is not None:
            self._dialling.cancel()
        link, self.link = self.link, None
        if link is None:
            return
        if gently:
            link.listener = None
            link.transport.close()
        else:
            link.release()
