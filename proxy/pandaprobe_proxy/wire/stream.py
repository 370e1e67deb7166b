"""What every framing of a stream gives: events, in order, each with the offset at which it was complete."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from pandaprobe_proxy.wire.errors import WireError

LIMIT_BYTES = 16 * 1024 * 1024
"""Of one event."""


class StreamEvent(NamedTuple):
    """One event. A tuple, since a stream makes many of them and a frozen dataclass takes twice the time."""

    event: str
    """The type, `message` if the framing does not say."""
    data: str
    id: str
    """The last event id that was seen, which may stem from an earlier event."""
    end: int
    """The offset in the stream just after what completed it."""
    events: int = 1
    """How many events it stands for, the last of which ended there: see `runs`."""
    value: dict[str, Any] | None = None
    """Its JSON, where that has been read: of a run, which has no `data`, always."""


class StreamReader(Protocol):
    """Iterates once over the events of a whole body. Bytes that cannot be what they claim end it: see `error`."""

    error: WireError | None
    first_end: int | None
    """Where the first event was complete."""

    @property
    def tail(self) -> StreamEvent | None:
        """What the stream began and did not finish, once it was read to its end."""

    def __iter__(self) -> Iterator[StreamEvent]: ...
