"""When to look at what is settled of the connections that are open. Bookkeeping only: no clock, no thread.

A look reads all that a connection has said. So it comes in a lull, or after a while where there is none, and no sooner
than that looking at this connection takes a twentieth of the time.
"""

from dataclasses import dataclass

QUIET_NS = 500_000_000
LONG_NS = 10_000_000_000
"""After which a connection that is never quiet is looked at all the same."""
SHARE = 20


@dataclass(slots=True)
class _Connection:
    since_ns: int
    """When it was looked at last, or began to talk."""
    came_ns: int
    pause_ns: int = 0
    talks: bool = True
    """Whether it has said something since."""


class Looks:
    """Which connections have said something since they were looked at. Times are nanoseconds of one steady clock."""

    def __init__(self) -> None:
        self._open: dict[str, _Connection] = {}

    def note(self, exchange: str, now_ns: int) -> None:
        """The connection has said something."""
        connection = self._open.setdefault(exchange, _Connection(now_ns, now_ns))
        connection.came_ns, connection.talks = now_ns, True

    def take(self, now_ns: int) -> str:
        """A connection to look at now; empty if it is time for none."""
        due = (exchange for exchange, connection in self._open.items() if _is_due(connection, now_ns))
        exchange = next(due, "")
        if exchange:
            connection = self._open[exchange] = self._open.pop(exchange)  # the others come first next time
            connection.since_ns, connection.talks = now_ns, False
        return exchange

    def done(self, exchange: str, now_ns: int) -> None:
        """The look has ended; what it took tells when the next may be."""
        if connection := self._open.get(exchange):
            connection.pause_ns = SHARE * (now_ns - connection.since_ns)
            connection.since_ns = now_ns

    def forget(self, exchange: str) -> None:
        """The connection has ended."""
        self._open.pop(exchange, None)


def _is_due(connection: _Connection, now_ns: int) -> bool:
    since_ns = now_ns - connection.since_ns
    lull = now_ns - connection.came_ns >= QUIET_NS
    return connection.talks and since_ns >= connection.pause_ns and (lull or since_ns >= LONG_NS)
