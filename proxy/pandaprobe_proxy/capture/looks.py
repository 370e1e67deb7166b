"""When to look at what is settled of the connections that are open. Bookkeeping only: no clock, no thread.

A look reads all that a connection has said, so it comes in a lull, or after a while where there is none; and the more
there is to read, the more seldom.
"""

from dataclasses import dataclass

QUIET_NS = 500_000_000
LONG_NS = 10_000_000_000
"""After which a connection that is never quiet is looked at all the same."""
PER_BYTE_NS = 1_000
"""Between two looks, for each byte to read: a megabyte costs about 50 ms, so a twentieth of the time goes into it."""


@dataclass(slots=True)
class _Connection:
    looked_ns: int
    came_ns: int
    held_bytes: int


class Looks:
    """Which connections have said something since they were looked at. Times are nanoseconds of one steady clock."""

    def __init__(self) -> None:
        self._talking: dict[str, _Connection] = {}
        self._looked: dict[str, int] = {}

    def note(self, exchange: str, held_bytes: int, now_ns: int) -> None:
        """The connection has said something, and has said so much in all."""
        looked_ns = self._looked.setdefault(exchange, now_ns)
        self._talking[exchange] = _Connection(looked_ns, now_ns, held_bytes)

    def take(self, now_ns: int) -> str:
        """A connection to look at now; empty if it is time for none."""
        due = (exchange for exchange, connection in self._talking.items() if _is_due(connection, now_ns))
        exchange = next(due, "")
        if exchange:
            del self._talking[exchange]
            self._looked[exchange] = now_ns
        return exchange

    def forget(self, exchange: str) -> None:
        """The connection has ended."""
        self._talking.pop(exchange, None)
        self._looked.pop(exchange, None)


def _is_due(connection: _Connection, now_ns: int) -> bool:
    since_ns = now_ns - connection.looked_ns
    lull = now_ns - connection.came_ns >= QUIET_NS
    return since_ns >= connection.held_bytes * PER_BYTE_NS and (lull or since_ns >= LONG_NS)
