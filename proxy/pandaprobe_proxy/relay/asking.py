"""The request of one exchange on its way up: its body re-framed, its connection found or opened, and once retried.

A request is written to a second connection only if the first was an idle one that turned out to be dead before any
answer, and the upstream cannot have acted on it: none of its body was written, and it is idempotent or was not whole.
Or if the upstream refused what the relay had added to it (see usage.py): then it is asked as the client wrote it.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from pandaprobe_proxy.model.exchange import RequestBody
from pandaprobe_proxy.model.refusal import Trouble
from pandaprobe_proxy.relay import http1
from pandaprobe_proxy.relay.bodies import Body, FramingError, Unbounded, rechunk
from pandaprobe_proxy.relay.dial import Unreachable
from pandaprobe_proxy.relay.http1 import Framing, Request
from pandaprobe_proxy.relay.proxies import ProxyError
from pandaprobe_proxy.relay.upstream import Destination, UpstreamConnection
from pandaprobe_proxy.relay.usage import REFUSALS, amend_body, amend_head

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
        "_collected",
        "_destination",
        "_dialling",
        "_exchange",
        "_head",
        "_unsent",
        "_unsent_bytes",
        "_wrote_body",
        "asked_usage",
        "body",
        "heard_ns",
        "link",
        "sent_ns",
        "taken_back",
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
        self._collected: list[bytes] | None = None
        self.asked_usage = False
        """Whether what went up asks for a usage that the client did not ask for."""
        self.taken_back = False
        """Whether the upstream refused that, and was asked again without it."""
        self.body: Body = http1.body_of(exchange.request)
        self.heard_ns = exchange.stirred_ns
        self.link: UpstreamConnection | None = None
        self.sent_ns = 0

    def begin(self, rest: bytes) -> None:
        """Starts; `rest` is what came behind the head."""
        exchange = self._exchange
        try:
            self._destination = self._find_destination()
        except ProxyError as error:
            exchange.fail(Trouble(502, "bad_proxy", str(error)))
            return
        holds = exchange.ambient.injection.applies(exchange.request, exchange.route.upstream.origin.authority)
        if holds:
            self._collected = []
        else:
            self._head = self._write_head(exchange.request)
            self._unsent.append(self._head)
        if rest:
            self.feed(rest)
        if not exchange.ended and not holds:
            self._connect()

    def _connect(self) -> None:
        link = self._exchange.ambient.pool.take(self._destination)
        self._attach(link) if link is not None else self._dial()

    def _find_destination(self) -> Destination:
        exchange = self._exchange
        origin = exchange.route.upstream.origin
        proxy = exchange.ambient.proxies.choose(origin)
        tunnel = proxy is not None and (origin.tls or exchange.request.websocket)
        return Destination(origin.tls, origin.host, origin.port, proxy, tunnel)

    def _write_head(self, request: Request) -> bytes:
        destination, route = self._destination, self._exchange.route
        proxy = destination.proxy
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
        if self._collected is not None:
            self._collect(self._collected, content)
            return
        framed = rechunk(content, body) if self._chunked else content
        if framed:
            self._send(framed, now)
        if body.rest:
            exchange.client.keep(body.rest)

    def _collect(self, collected: list[bytes], content: bytes) -> None:
        """Holds the body back until it is whole, since what is added to it changes its length."""
        collected.append(content)
        if not self.body.done:
            return
        if self.body.rest:
            self._exchange.client.keep(self.body.rest)
        whole = b"".join(collected)
        amended = amend_body(whole)
        self._collected = [whole] if amended is not None else None
        self.asked_usage = amended is not None
        self._ask(whole if amended is None else amended, self.asked_usage)

    def _ask(self, body: bytes, amended: bool) -> None:
        request = self._exchange.request
        self._head = self._write_head(amend_head(request, len(body)) if amended else request)
        self._unsent += (self._head, body)
        self._connect()

    def take_back(self, status: int) -> bool:
        """Asks once more as the client wrote it, if the upstream refuses what was added; False if it was not that."""
        if not self.asked_usage or status not in REFUSALS or self._collected is None:
            return False
        log.info("an upstream refuses stream_options; asked again without", upstream=self._exchange.route.upstream.name)
        (whole,) = self._collected
        self._collected = None
        self.asked_usage, self.taken_back = False, True
        self.stop()
        self._ask(whole, amended=False)
        return True

    @property
    def waiting(self) -> bool:
        """Whether the body is being held back and is not whole yet."""
        return self._collected is not None and not self.body.done

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
