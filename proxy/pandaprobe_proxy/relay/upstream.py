"""Connections to upstreams: one exchange at a time on each, kept open in between for a while.

A connection that was idle is looked at before it is used again, so that one that the upstream closed is rarely taken.
"""

import asyncio
import select
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

from pandaprobe_proxy.relay.proxies import Proxy

LEAST = 1
"""Bytes held for a slow reader before its writer pauses. What one read brings comes on top.
Not 0: asyncio's TLS would pause a writer whose buffer is empty, and never resume it."""

READ_BYTES = 64 * 1024
"""What one read of an answer brings at most. uvloop's own 250 KB would be what every stalled stream holds."""

MAX_IDLE = 256
"""Idle connections that are kept per destination."""


class Destination(NamedTuple):
    """Where a connection leads; two exchanges may share one only if these are equal."""

    tls: bool
    host: str
    port: int
    proxy: Proxy | None
    tunnel: bool
    """Through the proxy with CONNECT, rather than in absolute-form."""


class Listener(Protocol):
    """What an exchange hears from its upstream connection."""

    def answered(self, data: bytes) -> None: ...
    def upstream_closed(self, error: Exception | None) -> None: ...
    def upstream_full(self, full: bool) -> None: ...


_read_into = memoryview(bytearray(READ_BYTES))
"""One for all connections: what a read brings is copied before the next one begins."""


class UpstreamConnection(asyncio.BufferedProtocol):
    """One connection; `listener` is the exchange that has it now."""

    __slots__ = ("_forget", "_paused", "_poll", "destination", "idle_since_ns", "listener", "transport", "used")

    transport: asyncio.Transport

    def __init__(self, destination: Destination, forget: Callable[["UpstreamConnection"], None]) -> None:
        self.destination = destination
        self.listener: Listener | None = None
        self.used = False
        self.idle_since_ns = 0
        self._forget = forget
        self._paused = False
        self._poll = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=LEAST, low=0)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _read_into

    def buffer_updated(self, nbytes: int) -> None:
        if self.listener is None:
            self.transport.abort()  # an answer that nobody asked for
        else:
            self.listener.answered(bytes(_read_into[:nbytes]))

    def eof_received(self) -> None:
        self._lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)

    def _lost(self, error: Exception | None) -> None:
        self._forget(self)
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.upstream_closed(error)

    def pause_writing(self) -> None:
        if self.listener is not None:
            self.listener.upstream_full(True)

    def resume_writing(self) -> None:
        if self.listener is not None:
            self.listener.upstream_full(False)

    def pending(self) -> int:
        """Bytes written that the upstream has not taken."""
        return self.transport.get_write_buffer_size()

    def pause(self, paused: bool) -> None:
        """Stops or resumes reading."""
        if paused is self._paused or self.transport.is_closing():
            return
        self._paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def release(self) -> None:
        """No exchange hears of this connection any more, and it is closed at once."""
        self.listener = None
        self.transport.abort()

    def is_quiet(self) -> bool:
        """Whether it still looks usable: open, and with nothing to read, not even its end."""
        return not self.transport.is_closing() and not self._poll.poll(0)


class Pool:
    """The idle connections by destination, the one used last first."""

    def __init__(self) -> None:
        self._idle: dict[Destination, list[UpstreamConnection]] = {}

    def take(self, destination: Destination) -> UpstreamConnection | None:
        """An idle connection that looks usable."""
        idle = self._idle.get(destination)
        while idle:
            connection = idle.pop()
            if connection.is_quiet():
                return connection
            connection.release()
        return None

    def give(self, connection: UpstreamConnection, now_ns: int) -> None:
        """Keeps a connection on which nothing is outstanding."""
        connection.listener = None
        connection.used = True
        connection.idle_since_ns = now_ns
        idle = self._idle.setdefault(connection.destination, [])
        if connection.transport.is_closing() or len(idle) >= MAX_IDLE:
            connection.release()
            return
        connection.pause(False)
        idle.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        idle = self._idle.get(connection.destination)
        if idle and connection.listener is None and connection in idle:
            idle.remove(connection)

    def sweep(self, before_ns: int) -> None:
        """Closes what has been idle since before that moment."""
        for destination, idle in list(self._idle.items()):
            for connection in [held for held in idle if held.idle_since_ns < before_ns]:
                idle.remove(connection)
                connection.release()
            if not idle:
                del self._idle[destination]

    def close(self) -> None:
        for idle in self._idle.values():
            for connection in list(idle):
                connection.release()
        self._idle.clear()

    def __len__(self) -> int:
        return sum(len(idle) for idle in self._idle.values())
