"""The pipe from an intercepting process to the relay's, which owns the ring: frames, one way, neither side ever waits.

How it works, and what an editor must keep:
- The two ends of a stream socket. The writer's `tap` only remembers; once per turn of the event loop it sends what
  came, and what the socket does not take now waits in memory, up to a limit.
- An exchange whose next frame does not fit is given up whole. If its beginning was sent, a `Dropped` and later its
  Ended follow; if not, one `Dropped` when it ends. So each exchange is told of, and the ring counts it.
- An end of the writer's process is an end of the stream: the reader ends what is open as interrupted.
  Closing the reader's sending direction is the word for the writer's process to finish.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from itertools import islice

import structlog

from pandaprobe_proxy.capture.frames import Dropped, Frame, FrameError, decode, encode, whole
from pandaprobe_proxy.capture.ring import PIPE_FULL
from pandaprobe_proxy.model.exchange import Ended, Event, Outcome, RequestHead

log = structlog.get_logger("pipe")

SOCKET_BYTES = 1024 * 1024
MANY = 256  # buffers in one system call
LAST_S = 5.0
GONE = "The intercepting process went away."


class PipeWriter:
    """The intercepting process's side, in its event loop. `tap` is a Tap."""

    def __init__(self, sock: socket.socket, limit_bytes: int) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        self._sock = sock
        self._limit_bytes = limit_bytes
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes | memoryview] = deque()
        self._bytes = 0
        self._flushing = False
        self._unheard: set[str] = set()  # exchanges given up of which nothing was sent
        self._lost: set[str] = set()  # exchanges given up in their middle

    def tap(self, event: Event) -> None:
        frame = self._admit(event)
        if not frame:
            return
        self._waiting.append(frame)
        self._bytes += len(frame)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _admit(self, event: Event) -> bytes:
        """The frame to send for an event; empty if its exchange was given up, or is now and needs no word."""
        exchange, ends = event.exchange, isinstance(event, Ended)
        if exchange in self._unheard:
            if not ends:
                return b""
            self._unheard.discard(exchange)
            return encode(Dropped(exchange, event.at_ns, PIPE_FULL))
        if exchange in self._lost:
            if not ends:
                return b""
            self._lost.discard(exchange)
        frame = encode(event)
        if ends or self._bytes + len(frame) <= self._limit_bytes:
            return frame
        if isinstance(event, RequestHead):
            self._unheard.add(exchange)
            return b""
        self._lost.add(exchange)
        return encode(Dropped(exchange, event.at_ns, PIPE_FULL))

    def _flush(self) -> None:
        try:
            while self._waiting:
                self._take_off(self._sock.sendmsg(list(islice(self._waiting, MANY))))
        except BlockingIOError:
            self._loop.add_writer(self._sock, self._flush)
            return
        except OSError:  # the relay is gone, and this process is about to end
            self._waiting.clear()
            self._bytes = 0
        self._loop.remove_writer(self._sock)
        self._flushing = False

    def _take_off(self, sent: int) -> None:
        self._bytes -= sent
        while sent:
            first = self._waiting.popleft()
            if len(first) > sent:
                self._waiting.appendleft(memoryview(first)[sent:])
                return
            sent -= len(first)

    def close(self) -> None:
        """Sends what waits, for some seconds at most, and ends the stream."""
        self._loop.remove_writer(self._sock)
        self._sock.settimeout(LAST_S)
        try:
            self._sock.sendall(b"".join(self._waiting))
        except OSError:
            log.warning("the relay did not take the last events", bytes=self._bytes)
        self._sock.close()


class PipeReader(asyncio.Protocol):
    """The relay's side: hands each event to `tap`, which is the ring writer's."""

    def __init__(self, tap: Callable[[Event | Dropped], None], now_ns: Callable[[], int]) -> None:
        self._tap = tap
        self._now_ns = now_ns
        self._rest = b""
        self._open: set[str] = set()
        self.ended = asyncio.get_running_loop().create_future()
        """Done when the stream has ended and all of it is told."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        complete = whole(data)
        self._rest = data[complete:]
        try:
            for frame in decode(data[:complete]):
                self._take(frame)
        except FrameError as error:
            log.error("the intercepting process is not understood; it is started again", why=str(error))
            self._transport.close()

    def _take(self, frame: Frame) -> None:
        if isinstance(frame.event, RequestHead):
            self._open.add(frame.exchange)
        elif isinstance(frame.event, Ended):
            self._open.discard(frame.exchange)
        self._tap(frame.event)

    def connection_lost(self, exc: Exception | None) -> None:
        for exchange in sorted(self._open):
            self._tap(Ended(exchange, self._now_ns(), Outcome.INTERRUPTED, GONE))
        self._open.clear()
        if not self.ended.done():
            self.ended.set_result(None)
