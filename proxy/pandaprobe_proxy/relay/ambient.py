"""What every connection of one relay has around it: routes, tap, clocks, limits, the pool, and the counts."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from pandaprobe_proxy.model.exchange import Event, Tap
from pandaprobe_proxy.relay.dial import Dialer
from pandaprobe_proxy.relay.proxies import Proxies
from pandaprobe_proxy.relay.routes import Routes
from pandaprobe_proxy.relay.upstream import Pool
from pandaprobe_proxy.relay.usage import Injection

if TYPE_CHECKING:
    from pandaprobe_proxy.relay.client import ClientConnection
    from pandaprobe_proxy.relay.exchange import OpenExchange

log = structlog.get_logger("relay")

TOLD_EVERY_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the relay waits, in seconds. None is a total: a stream may run for ever."""

    connect_s: float = 10.0
    """For a connection to an upstream: name, proxy and TLS included."""
    head_s: float = 15.0
    """For a whole request head, from its first byte."""
    body_s: float = 60.0
    """Between two pieces of a request's body."""
    idle_s: float = 600.0
    """While neither upstream nor client moves a byte of a running exchange."""
    keepalive_s: float = 75.0
    """For the next request on a client's connection."""
    upstream_keepalive_s: float = 15.0
    """That an idle upstream connection is kept."""
    linger_s: float = 2.0
    """For a client to read a refusal before its connection is cut."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where time and randomness come from."""

    monotonic_ns: Callable[[], int]
    wall_ns: Callable[[], int]
    entropy: Callable[[int], bytes]


@dataclass(slots=True)
class Tally:
    """The counts of one relay since it started. Each is only ever raised."""

    relayed: int = 0
    tap_errors: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Ambient:
    routes: Routes
    tap: Tap
    timeouts: Timeouts
    clocks: Clocks
    dialer: Dialer
    proxies: Proxies
    injection: Injection = field(default_factory=Injection)
    pool: Pool = field(default_factory=Pool)
    tally: Tally = field(default_factory=Tally)
    open: set["OpenExchange"] = field(default_factory=set)
    clients: set["ClientConnection"] = field(default_factory=set)
    draining: bool = False
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a draining relay has no exchange open any more."""
    _complained_ns: int | None = None

    def closed(self, exchange: "OpenExchange") -> None:
        """The exchange has ended."""
        self.open.discard(exchange)
        if self.draining and not self.open:
            self.quiet.set()

    def tell(self, event: Event) -> None:
        """Tells the tap. A tap that fails is counted, and logged at most once a minute; the relay goes on."""
        try:
            self.tap(event)
        except Exception:
            self.tally.tap_errors += 1
            now = self.clocks.monotonic_ns()
            if self._complained_ns is None or now - self._complained_ns > TOLD_EVERY_NS:
                self._complained_ns = now
                log.exception("the tap failed; relaying goes on", failures=self.tally.tap_errors)
