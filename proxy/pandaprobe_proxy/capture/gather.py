"""Gathers the events of exchanges until they end. Values and bookkeeping only: no ring, no store."""

from dataclasses import dataclass, field, replace
from typing import TypeVar

from pandaprobe_proxy.capture.frames import Frame
from pandaprobe_proxy.capture.keep import Begun, Sizes
from pandaprobe_proxy.model.exchange import Event, RequestBody, ResponseBody
from pandaprobe_proxy.model.record import Opened, Record

Body = TypeVar("Body", RequestBody, ResponseBody)


@dataclass(slots=True)
class Gathering:
    """What has come of one exchange. `begun` is None if its head could not be read or nothing of it is wanted."""

    begun: Begun | None
    lost: str = ""
    """Why nothing of it is kept; empty if it is."""
    events: list[Event] = field(default_factory=list)
    request_bytes: int = 0
    response_bytes: int = 0

    def add(self, event: Event, limit_bytes: int) -> None:
        """Holds an event; of a body only as much as the limit lets, and nothing of one that can carry credentials."""
        limit_bytes = 0 if self.secret else limit_bytes
        if isinstance(event, RequestBody):
            self.request_bytes += len(event.data)
            event = _clip(event, limit_bytes - self.request_bytes)
        elif isinstance(event, ResponseBody):
            self.response_bytes += len(event.data)
            event = _clip(event, limit_bytes - self.response_bytes)
        self.events.append(event)

    @property
    def secret(self) -> bool:
        """Whether its bodies can carry credentials."""
        return self.begun is not None and self.begun.credentials

    def stageable(self, frame: Frame) -> tuple[bytes, ...]:
        """The frame's bytes, if they may lie on disk, sealed, until the exchange has ended."""
        body = isinstance(frame.event, RequestBody | ResponseBody)
        return () if body and self.secret else (frame.data,)

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.request_bytes, self.response_bytes)


def _clip(event: Body, room: int) -> Body:
    """The event without its last `-room` bytes, if room is negative."""
    return event if room >= 0 else replace(event, data=event.data[: max(0, len(event.data) + room)])


@dataclass(slots=True)
class Turn:
    """What one step of the recorder has made so far."""

    opened: dict[str, Opened] = field(default_factory=dict)
    staged: dict[str, list[bytes]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Nothing to commit."""
        return not (self.opened or self.staged or self.records or self.discarded or self.dropped)

    def discard(self, exchange: str) -> None:
        """Nothing of this exchange will be kept."""
        self.opened.pop(exchange, None)
        self.staged.pop(exchange, None)
        self.discarded.append(exchange)

    def count(self, reason: str) -> None:
        """One exchange was given up here, for this reason."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
