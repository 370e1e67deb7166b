"""Gathers the events of exchanges until they end. Values and bookkeeping only: no ring, no store."""

from dataclasses import dataclass, field, replace

from msgspec import structs

from pandaprobe_proxy.capture.frames import Frame
from pandaprobe_proxy.capture.keep import Begun, Sizes
from pandaprobe_proxy.dialects.registry import find_socket
from pandaprobe_proxy.model.exchange import (
    Assembly,
    Event,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    find_header,
)
from pandaprobe_proxy.model.record import Opened, Record

PIECE_BYTES = 16
"""What a piece of a body takes of memory besides its data."""
SMALL_BYTES = 64 * 1024
_BODIES = (RequestBody, ResponseBody)
FULL = "the bodies of running calls took too much memory (max_held_bytes), so of this one only the beginning is kept"


@dataclass(slots=True)
class Gathering:
    """What has come of one exchange. `begun` is None if its head could not be read or nothing of it is wanted."""

    begun: Begun | None
    lost: str = ""
    """Why nothing of it is kept; empty if it is."""
    came: Assembly = field(default_factory=Assembly)
    request_bytes: int = 0
    response_bytes: int = 0
    bytes_held: int = 0
    """Of both bodies, with what a piece of its own costs."""
    settled_bytes: int = 0
    """How much of both bodies the store has been told while they go on."""
    request_coded: bool = False
    response_coded: bool = False
    readable: bool = False
    """Whether it is a connection whose turns can be told while it is open."""
    full: bool = False
    """No more of its bodies is held, since all bodies together were too much: what is held is a beginning."""

    def add(self, event: Event, limit_bytes: int) -> None:
        """Holds an event; of a body only as much as the limit lets, and nothing of one that can carry credentials."""
        limit_bytes = 0 if self.secret else limit_bytes
        if type(event) is RequestBody:
            self.request_bytes += len(event.data)
            self._hold(event, limit_bytes - self.request_bytes)
        elif type(event) is ResponseBody:
            self.response_bytes += len(event.data)
            self._hold(event, limit_bytes - self.response_bytes)
        else:
            self.came.add(event)
            self._look(event)

    def copy(self) -> "Gathering":
        """What has come so far, for another thread to read."""
        return replace(self, came=self.came.copy())

    def fill(self) -> None:
        """Holds no more of its bodies, whose sizes are still counted, so that its row will say that they are not whole.

        Not of one that is small: then what fills the memory are others.
        """
        if self.full or self.begun is None or self.bytes_held < SMALL_BYTES:
            return
        self.full = True
        self.begun = replace(self.begun, warnings=(*self.begun.warnings, FULL))

    def _hold(self, event: RequestBody | ResponseBody, room: int) -> None:
        """A body's event without its last `-room` bytes, if room is negative. If no more is held, nothing."""
        if self.full:
            return
        event = event if room >= 0 else structs.replace(event, data=event.data[: max(0, len(event.data) + room)])
        self.came.add(event)
        self.bytes_held += len(event.data) + PIECE_BYTES

    def _look(self, event: Event) -> None:
        if type(event) is RequestHead:
            self.request_coded = find_header(event.headers, b"content-encoding") is not None
        elif type(event) is ResponseHead:
            self.response_coded = find_header(event.headers, b"content-encoding") is not None
            head = self.came.head if event.status == 101 and not self.secret else None
            self.readable = head is not None and find_socket(head.method, head.path, head.headers) is not None

    @property
    def secret(self) -> bool:
        """Whether its bodies can carry credentials."""
        return self.begun is not None and self.begun.credentials

    def stageable(self, frame: Frame) -> tuple[bytes, ...]:
        """The frame's bytes, if they may lie on disk, sealed, until the exchange has ended."""
        body = type(frame.event) in _BODIES
        return () if body and self.secret else (frame.data,)

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.request_bytes, self.response_bytes)


@dataclass(slots=True)
class Turn:
    """What one step of the recorder has made so far."""

    opened: dict[str, Opened] = field(default_factory=dict)
    staged: dict[str, list[bytes]] = field(default_factory=dict)
    settled: list[Record] = field(default_factory=list)
    """Of connections that are open."""
    records: list[Record] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Nothing to commit."""
        return not (self.opened or self.staged or self.settled or self.records or self.discarded or self.dropped)

    def discard(self, exchange: str) -> None:
        """Nothing of this exchange will be kept."""
        self.opened.pop(exchange, None)
        self.staged.pop(exchange, None)
        self.discarded.append(exchange)

    def count(self, reason: str) -> None:
        """One exchange was given up here, for this reason."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
