"""The waist: the five events that a relay tells of an exchange, and the function that makes an Exchange of them.

Every way of capturing emits these five and nothing else, in this order per exchange:
RequestHead, RequestBody*, ResponseHead?, ResponseBody*, Ended. Bodies of both directions may interleave.
Bytes are those of the wire after transfer framing, content-coding untouched; for an upgraded connection
the bodies are the raw bytes of either direction. Times are taken by the relay, once.
Events are structs, not dataclasses, since the relay makes one for each piece that passes; of a struct, `type(…) is`
is asked several times as quickly as `isinstance`.
"""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]


class Outcome(StrEnum):
    """How an exchange ended. OPEN is the only one that is not terminal."""

    OPEN = "open"
    OK = "ok"
    UPSTREAM_ERROR = "upstream_error"  # the upstream answered 4xx or 5xx, or could not be reached
    CLIENT_DISCONNECTED = "client_disconnected"
    UPSTREAM_RESET = "upstream_reset"  # the upstream broke off before its answer was whole
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"  # the relay itself went away


@final
class RequestHead(msgspec.Struct, frozen=True, gc=False):
    exchange: str
    """UUIDv7, canonical text."""
    at_ns: int
    """Monotonic nanoseconds."""
    wall_ns: int
    """Nanoseconds since 1970 at the same moment; every other wall time is derived from it."""
    client: str
    """The peer, as `address:port`."""
    upstream: str
    """The configured name."""
    url: str
    """Where it is sent: scheme, authority, path and query."""
    method: str
    target: bytes
    """The request target as the client wrote it."""
    headers: Headers
    """As the client sent them, those named X-PandaProbe-* included."""

    @property
    def path(self) -> str:
        """The path of the target without its query."""
        return self.target.split(b"?", 1)[0].decode("latin-1")


@final
class RequestBody(msgspec.Struct, frozen=True, gc=False):
    exchange: str
    at_ns: int
    data: bytes


@final
class ResponseHead(msgspec.Struct, frozen=True, gc=False):
    exchange: str
    at_ns: int
    status: int
    reason: bytes
    headers: Headers
    """As the upstream sent them."""


@final
class ResponseBody(msgspec.Struct, frozen=True, gc=False):
    exchange: str
    at_ns: int
    data: bytes


@final
class Ended(msgspec.Struct, frozen=True, gc=False):
    exchange: str
    at_ns: int
    outcome: Outcome
    error: str = ""
    """One plain sentence when the outcome is not ok, else empty."""
    sent_ns: int = 0
    """Monotonic nanoseconds when the last byte of the request went upstream; 0 if it never did."""
    trailers: Headers = ()
    asked_usage: bool = False
    """Whether the relay asked for the answer's usage in the app's stead; the request's body is as the app sent it."""


Event = RequestHead | RequestBody | ResponseHead | ResponseBody | Ended
Tap = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and its response, or one upgraded connection, as it crossed the wire.

    Times named `*_ns` are nanoseconds since 1970; None where the moment never came.
    """

    head: RequestHead
    request_body: bytes = b""
    request_chunks: tuple[tuple[int, int], ...] = ()
    """Of an upgraded connection: (nanoseconds since the start, length) of each piece that the client sent."""
    response: ResponseHead | None = None
    response_body: bytes = b""
    chunks: tuple[tuple[int, int], ...] = ()
    """(nanoseconds since the start, length) of each piece of the response body, in order."""
    ended: Ended | None = None

    @property
    def id(self) -> str:
        return self.head.exchange

    @property
    def outcome(self) -> Outcome:
        return self.ended.outcome if self.ended else Outcome.OPEN

    @property
    def status(self) -> int | None:
        return self.response.status if self.response else None

    @property
    def path(self) -> str:
        """The path of the target without its query."""
        return self.head.path

    @property
    def upgraded(self) -> bool:
        return self.status == 101

    def since_start(self, at_ns: int) -> int:
        """Nanoseconds from the request's head to a monotonic moment; never negative."""
        return max(0, at_ns - self.head.at_ns)

    def header(self, name: bytes) -> bytes | None:
        """The first request header of that (lower-case) name."""
        return find_header(self.head.headers, name)

    def response_header(self, name: bytes) -> bytes | None:
        """The first response header of that (lower-case) name."""
        return find_header(self.response.headers, name) if self.response else None


def find_header(headers: Headers, name: bytes) -> bytes | None:
    """The first value under `name`, which is given in lower case."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


class Assembly:
    """An exchange as it comes. Pieces of a body are held as one, with 16 bytes for each."""

    __slots__ = ("_answered", "_asked", "_ended", "_head", "_response", "last_ns")

    def __init__(self) -> None:
        self.last_ns = 0
        """The moment of the newest event."""
        self._head: RequestHead | None = None
        self._asked = _Pieces()
        self._response: ResponseHead | None = None
        self._answered = _Pieces()
        self._ended: Ended | None = None

    @property
    def pieces(self) -> int:
        """How many there are of both bodies."""
        return len(self._asked.times) + len(self._answered.times)

    @property
    def head(self) -> RequestHead | None:
        """The first event, if it has come."""
        return self._head

    def copy(self) -> "Assembly":
        """What has come so far, which does not change as more comes."""
        copied = Assembly()
        for name in Assembly.__slots__:
            setattr(copied, name, getattr(self, name))
        copied._asked, copied._answered = self._asked.copy(), self._answered.copy()
        return copied

    def add(self, event: Event) -> None:
        """Takes in an event. Raises ValueError if it is not in the order stated above, or of another exchange."""
        self._check(event)
        self.last_ns = event.at_ns
        if type(event) is ResponseBody:
            self._answered.add(event)
        elif type(event) is RequestBody:
            self._asked.add(event)
        elif type(event) is RequestHead:
            self._head = event
        elif type(event) is ResponseHead:
            self._response = self._response or event
        else:
            self._ended = self._ended or event

    def _check(self, event: Event) -> None:
        head = self._head
        if head is None:
            if type(event) is not RequestHead:
                raise ValueError("an exchange starts with its RequestHead")
        elif event.exchange != head.exchange or type(event) is RequestHead:
            raise ValueError(f"events of another exchange among those of {head.exchange}")

    def tell(self) -> Exchange:
        """The Exchange that came, however far. Raises ValueError if nothing did."""
        head, response = self._head, self._response
        if head is None:
            raise ValueError("an exchange starts with its RequestHead")
        upgraded = response is not None and response.status == 101
        return Exchange(
            head=head,
            request_body=bytes(self._asked.data),
            request_chunks=self._asked.since(head) if upgraded else (),
            response=response,
            response_body=bytes(self._answered.data),
            chunks=self._answered.since(head),
            ended=self._ended,
        )


class _Pieces:
    """A body, and when how much of it came."""

    __slots__ = ("data", "lengths", "times")

    def __init__(self) -> None:
        self.data = bytearray()
        self.times = array("q")
        self.lengths = array("q")

    def copy(self) -> "_Pieces":
        copied = _Pieces()
        copied.data, copied.times, copied.lengths = self.data[:], self.times[:], self.lengths[:]
        return copied

    def add(self, body: RequestBody | ResponseBody) -> None:
        self.data += body.data
        self.times.append(body.at_ns)
        self.lengths.append(len(body.data))

    def since(self, head: RequestHead) -> tuple[tuple[int, int], ...]:
        start_ns = head.at_ns
        return tuple((max(0, at_ns - start_ns), length) for at_ns, length in zip(self.times, self.lengths, strict=True))


def assemble(events: Iterable[Event]) -> Exchange:
    """The Exchange that these events of one exchange tell of; ValueError if they are not in the order stated above.

    This is the specification. Events may be cut short anywhere, and what came is what the Exchange holds.
    """
    assembly = Assembly()
    for event in events:
        assembly.add(event)
    return assembly.tell()
