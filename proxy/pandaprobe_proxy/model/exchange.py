"""The waist: the five events that a relay tells of an exchange, and the function that makes an Exchange of them.

Every way of capturing emits these five and nothing else, in this order per exchange:
RequestHead, RequestBody*, ResponseHead?, ResponseBody*, Ended. Bodies of both directions may interleave.
Bytes are those of the wire after transfer framing, content-coding untouched; for an upgraded connection
the bodies are the raw bytes of either direction. Times are taken by the relay, once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class RequestHead:
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


@dataclass(frozen=True, slots=True)
class RequestBody:
    exchange: str
    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ResponseHead:
    exchange: str
    at_ns: int
    status: int
    reason: bytes
    headers: Headers
    """As the upstream sent them."""


@dataclass(frozen=True, slots=True)
class ResponseBody:
    exchange: str
    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
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
        return self.head.target.split(b"?", 1)[0].decode("latin-1")

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


def assemble(events: Iterable[Event]) -> Exchange:
    """The Exchange that these events of one exchange tell of; ValueError if they are not in the order stated above.

    This is the specification. Events may be cut short anywhere, and what came is what the Exchange holds.
    """
    told = list(events)
    head = told[0] if told else None
    if not isinstance(head, RequestHead):
        raise ValueError("an exchange starts with its RequestHead")
    if any(event.exchange != head.exchange or isinstance(event, RequestHead) for event in told[1:]):
        raise ValueError(f"events of another exchange among those of {head.exchange}")
    asked = [event for event in told if isinstance(event, RequestBody)]
    answered = [event for event in told if isinstance(event, ResponseBody)]
    response = next((event for event in told if isinstance(event, ResponseHead)), None)
    return Exchange(
        head=head,
        request_body=b"".join(event.data for event in asked),
        request_chunks=_chunks(head, asked) if response is not None and response.status == 101 else (),
        response=response,
        response_body=b"".join(event.data for event in answered),
        chunks=_chunks(head, answered),
        ended=next((event for event in told if isinstance(event, Ended)), None),
    )


def _chunks(head: RequestHead, bodies: Sequence[RequestBody | ResponseBody]) -> tuple[tuple[int, int], ...]:
    return tuple((max(0, body.at_ns - head.at_ns), len(body.data)) for body in bodies)
