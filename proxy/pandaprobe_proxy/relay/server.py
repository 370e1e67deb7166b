"""The relay: serves clients on a listening socket, sweeps what has waited too long, drains before it ends."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from pandaprobe_proxy.model.exchange import Tap
from pandaprobe_proxy.relay.ambient import Ambient, Clocks, Timeouts
from pandaprobe_proxy.relay.client import ClientConnection
from pandaprobe_proxy.relay.dial import Dialer
from pandaprobe_proxy.relay.exchange import SECOND_NS
from pandaprobe_proxy.relay.proxies import Proxies, read_environment
from pandaprobe_proxy.relay.routes import Routes, Upstream
from pandaprobe_proxy.relay.usage import Injection

__all__ = ["Clocks", "Relay", "Stats", "Timeouts"]

BACKLOG = 4096
SLOWEST_SWEEP_S = 0.5  # so that a client that went away is noticed within a second
QUICKEST_SWEEP_S = 0.02
SYSTEM = Clocks(time.monotonic_ns, time.time_ns, os.urandom)


@dataclass(frozen=True, slots=True)
class Stats:
    """The relay's counts; `open`, `connections` and `idle_upstream` are of this moment, the others since the start."""

    open: int
    relayed: int
    refused: Mapping[str, int]
    tap_errors: int
    connections: int
    idle_upstream: int


@dataclass(frozen=True, slots=True)
class Network:
    """What lies between the relay and its upstreams. None reads it from the system when it is needed."""

    proxies: Proxies = field(default_factory=lambda: read_environment(os.environ))
    ssl_context: ssl.SSLContext | None = None


class Relay:
    """Relays what clients of one socket ask. It tells `tap` what passes and never waits for it."""

    def __init__(  # noqa: PLR0913  (the composition root names them all)
        self,
        *,
        routes: Routes,
        tap: Tap,
        timeouts: Timeouts | None = None,
        own_addresses: frozenset[tuple[str, int]] = frozenset(),
        network: Network | None = None,
        inject_usage: bool = False,
        clocks: Clocks = SYSTEM,
    ) -> None:
        limits, net = timeouts or Timeouts(), network or Network()
        dialer = Dialer(limits.connect_s, own_addresses, net.ssl_context)
        self._ambient = Ambient(routes, tap, limits, clocks, dialer, net.proxies, Injection(inject_usage))
        self._sweep_s = _sweep_every(limits)
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, sock: socket.socket) -> None:
        """Serves on a bound socket. The relay owns it from here on."""
        loop = asyncio.get_running_loop()
        ambient = self._ambient
        self._server = await loop.create_server(lambda: ClientConnection(ambient), sock=sock, backlog=BACKLOG)
        self._timer = loop.call_later(self._sweep_s, self._sweep, loop)

    def add_upstream(self, upstream: Upstream) -> None:
        """From now on `/<name>/…` goes to it."""
        self._ambient.routes.add(upstream)

    def stats(self) -> Stats:
        ambient, tally = self._ambient, self._ambient.tally
        return Stats(
            open=len(ambient.open),
            relayed=tally.relayed,
            refused=dict(tally.refused),
            tap_errors=tally.tap_errors,
            connections=len(ambient.clients),
            idle_upstream=len(ambient.pool),
        )

    async def drain(self, timeout_s: float) -> None:
        """Ends: goes on accepting until all is answered and taken, or the time has passed, then closes everything.

        What is then still open ends as interrupted. A second call with a shorter time cuts the first one short.
        """
        ambient = self._ambient
        ambient.draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._quiet()
        await self._close()
        ambient.quiet.set()

    async def _quiet(self) -> None:
        """Until nothing is open, and every client has taken what was written to it."""
        ambient = self._ambient
        if ambient.open:
            await ambient.quiet.wait()
        while any(client.pending() for client in ambient.clients):  # noqa: ASYNC110 - a buffer has no event for this
            await asyncio.sleep(QUICKEST_SWEEP_S)

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for client in list(self._ambient.clients):
            client.interrupt()
        self._ambient.pool.close()
        await asyncio.sleep(0)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._sweep_s, self._sweep, loop)
        now = self._ambient.clocks.monotonic_ns()
        for client in list(self._ambient.clients):
            client.check(now)
        self._ambient.pool.sweep(now - int(self._ambient.timeouts.upstream_keepalive_s * SECOND_NS))


def _sweep_every(limits: Timeouts) -> float:
    shortest = min(limits.head_s, limits.body_s, limits.idle_s, limits.keepalive_s, limits.upstream_keepalive_s)
    return max(QUICKEST_SWEEP_S, min(SLOWEST_SWEEP_S, shortest / 4))
