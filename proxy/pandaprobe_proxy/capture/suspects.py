"""Which exchange the recorder is at, kept in the ring, which outlives it: one at which two in a row died is given up.

What a call costs to read depends on what is in it, and on patterns of the user's own. Without this, one that hangs or
kills its reader would be met again by the next, for ever, and nothing more would be recorded.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pandaprobe_proxy.capture.ring import Ring

RECORDER, LANE = 0, 1
"""Who is at an exchange: the recorder itself, or its slow lane."""
SUSPECTS_AT = 3072
ID_BYTES = 64
NOBODY = b"\0" * ID_BYTES


class Suspects:
    """Made once in a recorder's life, before it reads anything."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self.given_up: frozenset[str] = frozenset(found for place in (RECORDER, LANE) if (found := self._judge(place)))
        """Exchanges that nobody should try again."""

    def _judge(self, place: int) -> str:
        """The exchange at which the last two recorders ended, if it is one; notes where the last one did."""
        here, before = (self._ring.read_page(at, ID_BYTES) for at in _places(place))
        if here == NOBODY:
            return ""
        self._write(place, NOBODY)
        self._ring.write_page(_places(place)[1], here)
        return here.rstrip(b"\0").decode() if here == before else ""

    @contextmanager
    def at(self, place: int, exchange: str) -> Iterator[None]:
        """While this runs, the exchange is the one that a death would be due to."""
        self._write(place, exchange.encode()[:ID_BYTES].ljust(ID_BYTES, b"\0"))
        try:
            yield
        finally:
            self._write(place, NOBODY)

    def _write(self, place: int, data: bytes) -> None:
        self._ring.write_page(_places(place)[0], data)


def _places(place: int) -> tuple[int, int]:
    """Where the exchange at hand is, and the one at which the recorder before ended."""
    at = SUSPECTS_AT + place * 2 * ID_BYTES
    return at, at + ID_BYTES
