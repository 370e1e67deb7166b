"""Which exchange the recorder is at, kept in the ring, which outlives it: one at which three in a row died is given up.

What a call costs to read depends on what is in it, and on patterns of the user's own. Without this, one that hangs or
kills its reader would be met again by the next, for ever, and nothing more would be recorded. Three, because a first
death may have any reason, and what a recorder begins with is what the one before did not finish.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pandaprobe_proxy.capture.ring import Ring

RECORDER, LANE = 0, 1
"""Who is at an exchange: the recorder itself, or its slow lane."""
SUSPECTS_AT = 3072
ID_BYTES = 64
NOBODY = b"\0" * ID_BYTES
DEATHS = 3


class Suspects:
    """Made once in a recorder's life, before it reads anything."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self.given_up: frozenset[str] = frozenset(found for place in (RECORDER, LANE) if (found := self._judge(place)))
        """Exchanges that nobody should try again."""

    def _judge(self, place: int) -> str:
        """The exchange at which the last recorders ended, if they were enough; notes where the last one did."""
        here, before = (self._ring.read_page(at, ID_BYTES) for at in _places(place))
        if here == NOBODY:
            return ""
        deaths = 1 + (before[-1] if here[:-1] == before[:-1] else 0)
        self._write(place, NOBODY)
        self._ring.write_page(_places(place)[1], here[:-1] + bytes((min(deaths, DEATHS),)))
        return here.rstrip(b"\0").decode() if deaths >= DEATHS else ""

    @contextmanager
    def at(self, place: int, exchange: str) -> Iterator[None]:
        """While this runs, the exchange is the one that a death would be due to."""
        self._write(place, exchange.encode()[: ID_BYTES - 1].ljust(ID_BYTES, b"\0"))
        try:
            yield
        finally:
            self._write(place, NOBODY)

    def _write(self, place: int, data: bytes) -> None:
        self._ring.write_page(_places(place)[0], data)


def _places(place: int) -> tuple[int, int]:
    """Where the exchange at hand is, and the one at which recorders before ended, with how many in its last byte."""
    at = SUSPECTS_AT + place * 2 * ID_BYTES
    return at, at + ID_BYTES
