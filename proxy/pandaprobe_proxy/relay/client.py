"""One client's connection: reads heads, hands bodies to the exchange that is open, one exchange at a time.

While an exchange is open the client is read from even if it has nothing to send, so that its going away is noticed.
What it sends ahead (pipelining) is kept, and then it is not read from until its turn comes; a client that is not read
from is looked at now and then instead.
"""

import asyncio
import re
import select
import socket
import struct
from typing import cast

from pandaprobe_proxy.model.refusal import Caller, Trouble
from pandaprobe_proxy.relay import http1, refusals
from pandaprobe_proxy.relay.ambient import Ambient
from pandaprobe_proxy.relay.asking import PIPELINED
from pandaprobe_proxy.relay.dial import keep_alive
from pandaprobe_proxy.relay.exchange import SECOND_NS, OpenExchange
from pandaprobe_proxy.relay.http1 import Refused
from pandaprobe_proxy.relay.refusals import UNKNOWN
from pandaprobe_proxy.relay.upstream import LEAST

MAX_AHEAD = 4096
"""Bytes that a client may send ahead before it is not read from."""

_BARE_LF = re.compile(rb"(?<!\r)\n")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends RST
_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientConnection(asyncio.Protocol):
    """One accepted connection."""

    __slots__ = (
        "_ambient",
        "_buffer",
        "_closing_ns",
        "_exchange",
        "_held",
        "_since_ns",
        "_transport",
        "full",
        "peer",
        "write",
    )

    def __init__(self, ambient: Ambient) -> None:
        self._ambient = ambient
        self._exchange: OpenExchange | None = None
        self._buffer = bytearray()
        self._held = 0
        self._since_ns = ambient.clocks.monotonic_ns()
        self._closing_ns = 0
        self.full = False
        self.peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=LEAST, low=0)
        self.write = self._transport.write
        self.peer = _name(transport.get_extra_info("peername"))
        keep_alive(transport.get_extra_info("socket"))
        self._ambient.clients.add(self)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is not None:
            exchange.asked(data)
        elif not self._closing_ns:
            self._read_head(data)

    def eof_received(self) -> None:
        self._closing_ns = self._ambient.clocks.monotonic_ns()
        self._gone(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ambient.clients.discard(self)
        self._gone(exc)

    def _gone(self, error: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        self._buffer.clear()
        if exchange is not None:
            exchange.client_closed(error)

    def pause_writing(self) -> None:
        self.full = True
        if self._exchange is not None:
            self._exchange.client_full(True)

    def resume_writing(self) -> None:
        self.full = False
        if self._exchange is not None:
            self._exchange.client_full(False)

    # Heads.

    def _read_head(self, data: bytes) -> None:
        """Adds to the head that is being read, and begins an exchange when it is whole."""
        if not self._buffer:
            data = data.lstrip(b"\r\n")  # RFC 9112 §2.2: empty lines before a request are read over
            self._since_ns = self._ambient.clocks.monotonic_ns()
        searched = max(0, len(self._buffer) - 3)
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n", searched) + 4
        if (end if end >= 4 else len(self._buffer)) > http1.MAX_HEAD_BYTES:
            limit = http1.MAX_HEAD_BYTES // 1024
            self._refuse(
                Trouble(431, "head_too_large", f"The request's head is larger than {limit} KiB; send less in headers.")
            )
        elif end >= 4:
            raw, rest = bytes(self._buffer[:end]), bytes(self._buffer[end:])
            self._buffer.clear()
            self._begin(raw, rest)
        elif _BARE_LF.search(self._buffer, searched):
            self._refuse(
                Trouble(400, "malformed_head", "The request is refused: a line of its head ends with a bare LF.")
            )

    def _begin(self, raw: bytes, rest: bytes) -> None:
        try:
            request = http1.read_request(raw)
        except Refused as refused:
            self._refuse(Trouble(refused.status, refused.code, str(refused)))
            return
        route = self._ambient.routes.route(request.target, request.headers)
        if route is None:
            names = [upstream.name for upstream in self._ambient.routes.upstreams()]
            caller = Caller(request.method, request.target, request.headers)
            self._refuse(refusals.unknown_path(request.target, names), caller)
            return
        self._exchange = exchange = OpenExchange(self._ambient, self, request, route)
        if request.expects and not rest:
            self.write(CONTINUE)
        exchange.asking.begin(rest)

    def _refuse(self, trouble: Trouble, caller: Caller = UNKNOWN) -> None:
        self._ambient.tally.refused[trouble.code] += 1
        self.write(refusals.answer(trouble, caller))
        self._linger()

    # What an exchange needs of its client.

    def hold(self, reason: int) -> None:
        """Stops reading, until every reason is released."""
        if not self._held and not self._transport.is_closing():
            self._transport.pause_reading()
        self._held |= reason

    def release(self, reason: int) -> None:
        if not self._held & reason:
            return
        self._held &= ~reason
        if not self._held and not self._transport.is_closing():
            self._transport.resume_reading()

    def held(self, reason: int) -> bool:
        return bool(self._held & reason)

    def pending(self) -> int:
        """Bytes written that the client has not taken."""
        return self._transport.get_write_buffer_size()

    def keep(self, data: bytes) -> None:
        """Keeps what the client sent ahead of its next turn."""
        self._buffer += data
        if len(self._buffer) > MAX_AHEAD:
            self.hold(PIPELINED)

    def kept(self) -> bytes:
        """What was kept, given away."""
        data = bytes(self._buffer)
        self._buffer.clear()
        self.release(PIPELINED)
        return data

    def finished(self, keep: bool) -> None:
        """The exchange has ended and its answer is written."""
        exchange, self._exchange = self._exchange, None
        if self._transport.is_closing():
            return
        if not keep:
            self._close(whole=exchange is None or exchange.asking.body.done)
            return
        self._since_ns = self._ambient.clocks.monotonic_ns()
        ahead = self.kept()
        self.release(self._held)
        if ahead:
            self._read_head(ahead)

    def break_off(self, hard: bool) -> None:
        """Ends the connection in the middle of an answer: `hard` by a reset, else after what was written."""
        self._exchange = None
        if hard:
            self._reset()
        else:
            self._close(whole=True)

    def _reset(self) -> None:
        sock: socket.socket = self._transport.get_extra_info("socket")
        if not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _close(self, whole: bool) -> None:
        if whole and not self._buffer:
            self._closing_ns = self._ambient.clocks.monotonic_ns()
            self._transport.close()
        else:
            self._linger()

    def _linger(self) -> None:
        """Closes once the client has had time to read the answer: closing with bytes unread would reset it away."""
        self._closing_ns = self._ambient.clocks.monotonic_ns()
        self._buffer.clear()
        self.release(self._held)
        if self._transport.can_write_eof():
            self._transport.write_eof()

    # Timers.

    def check(self, now: int) -> None:
        """Looks whether this connection has waited too long, or its client went away unnoticed."""
        limits = self._ambient.timeouts
        exchange = self._exchange
        if exchange is not None:
            if self._held and self._is_gone():
                self._transport.abort()
            else:
                exchange.check(now)
        elif self._closing_ns:
            slow = limits.body_s if self.pending() else limits.linger_s
            if now - self._closing_ns > slow * SECOND_NS:
                self._transport.abort()
        elif self._buffer and now - self._since_ns > limits.head_s * SECOND_NS:
            self._refuse(Trouble(408, "head_timeout", f"The request's head was not whole within {limits.head_s:g} s."))
        elif now - self._since_ns > limits.keepalive_s * SECOND_NS:
            self._transport.close()

    def _is_gone(self) -> bool:
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), _GONE)
        return bool(poll.poll(0))

    def interrupt(self) -> None:
        """The relay ends."""
        if self._exchange is not None:
            self._exchange.interrupt()
        else:
            self._transport.abort() if self._closing_ns else self._transport.close()


def _name(peer: object) -> str:
    if not isinstance(peer, tuple):
        return ""
    host, port = peer[0], peer[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
