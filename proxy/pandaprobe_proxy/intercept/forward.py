"""The intercepting proxy: mitmproxy's core on sockets that are given, with this installation's authority and our addon.

Clients come by a proxy's protocol, or redirected by the kernel, knowing nothing of it. Only listed hosts are decrypted.
To every other one bytes pass as they are: what the client sees is the origin's own certificate. The web port, where
records can be read, and the proxy itself are no destinations.
"""

import asyncio
import inspect
import ipaddress
import logging
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mitmproxy import certs
from mitmproxy.addons.dns_resolver import DnsResolver
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy import events, layers, mode_specs
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy_rs.wireguard import WireGuardServer, start_wireguard_server

from pandaprobe_proxy.intercept import http1, refusals, undecided
from pandaprobe_proxy.intercept.authority import Authority
from pandaprobe_proxy.intercept.destinations import Destinations
from pandaprobe_proxy.intercept.flows import Clocks, Flows
from pandaprobe_proxy.intercept.hosts import Hosts
from pandaprobe_proxy.intercept.redirected import Loops, Strangers, destination
from pandaprobe_proxy.intercept.wireguard import Datagrams, Keys
from pandaprobe_proxy.model.exchange import Tap

LOOK_S = 0.05
STOP_S = 1.0
"""For how long connections may take to close when all is over."""
DESTINATIONS = "destinations.json"
NOTHING = "$^"
"""Matches no host; without any pattern mitmproxy would decrypt all."""
REGULAR, TRANSPARENT, TUNNEL = map(mode_specs.ProxyMode.parse, ("regular", "transparent", "wireguard"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decrypted, and with what."""

    hosts: Hosts
    authority: Authority
    trusted: Path | None = None
    """The certificates that upstreams are checked against; mitmproxy's own if None."""
    barred: tuple[tuple[str, int], ...] = ()
    """Addresses of this sidecar that nobody reaches through it."""
    idle_s: float = 600


class Certificates(TlsConfig):
    """mitmproxy's TLS, with certificates of our authority."""

    def __init__(self, authority: Authority) -> None:
        store: Any = certs.CertStore
        given = {"default_privatekey": authority.key, "default_ca": certs.Cert(authority.certificate)}
        asked = inspect.signature(store).parameters  # newer ones ask for a revocation list, too
        self.certstore = store(**{**dict.fromkeys(asked), **given})

    def configure(self, updated: Iterable[str]) -> None:
        """Nothing: mitmproxy would make an authority of its own on disk."""

    def request(self, flow: Any) -> None:
        """Nothing: newer ones would answer for a list of revoked certificates."""


class Barred:
    """Refuses connections to this sidecar's own ports."""

    def __init__(self, addresses: tuple[tuple[str, int], ...]) -> None:
        self._addresses = addresses

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """Before a connection is made."""
        address = data.server.address
        if address is None or address[1] not in {port for _, port in self._addresses}:
            return
        host, port = address[0], address[1]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if any(self._bars(str(entry[4][0]), port) for entry in found):
            data.server.error = "it is this sidecar itself"

    def _bars(self, host: str, port: int) -> bool:
        here = ipaddress.ip_address(host.split("%", 1)[0])
        here = getattr(here, "ipv4_mapped", None) or here
        own = [ipaddress.ip_address(host.strip("[]")) for host, own_port in self._addresses if own_port == port]
        return any(here == address or here.is_loopback or here.is_unspecified for address in own)


class ClientConnection(ProxyConnectionHandler):
    """One client's connection. It may be silent for ever, unless a call waits on it."""

    flows: Flows

    async def server_event(self, event: Any) -> None:
        """Something has happened on one of the connections; if it broke, mitmproxy would take that for its end."""
        if isinstance(event, events.ConnectionClosed):
            reader = self.transports[event.connection].reader
            if isinstance(reader, asyncio.StreamReader) and reader.exception() is not None:
                http1.mark_broken(event.connection)
        await super().server_event(event)

    async def on_timeout(self) -> None:
        """Nothing has moved for as long as an upstream may be silent."""
        if self.flows.wait(self.client.id, self._silence()):
            self._watch_on()
        elif self.flows.unanswered(self.client.id) and (upstreams := self._upstreams()):
            for handler in upstreams:
                handler.cancel("timeout")  # the client is told, as of any upstream that gives no answer
            self._watch_on()
        else:
            await super().on_timeout()

    def stop(self) -> None:
        """Closes the client's connection, and with it all that belongs to it."""
        io = self.transports.get(self.client)
        if io is not None and io.handler is not None:
            io.handler.cancel("stopped")

    def _silence(self) -> str:
        writer = self.transports[self.client].writer if self.client in self.transports else None
        full = isinstance(writer, asyncio.StreamWriter) and writer.transport.get_write_buffer_size() > 0
        return f"The {'client read' if full else 'upstream sent'} nothing for {self.timeout_watchdog.timeout:g} s."

    def _watch_on(self) -> None:
        self.timeout_watchdog.register_activity()
        self.wakeup_timer.add(asyncio.create_task(self.timeout_watchdog.watch()))

    def _upstreams(self) -> list[asyncio.Task[None]]:
        return [io.handler for each, io in self.transports.items() if each is not self.client and io.handler]


class Forward:
    """The running proxy."""

    def __init__(self, plan: Plan, tap: Tap, clocks: Clocks) -> None:
        for name in ("mitmproxy", "asyncio"):  # else it tells of every connection
            logging.getLogger(name).setLevel(logging.WARNING)
        http1.install()
        refusals.install()
        undecided.install()
        self._plan = plan
        self._running: dict[asyncio.Task[None], ClientConnection] = {}
        self._tunnel: WireGuardServer | None = None
        self._flows = Flows(plan.hosts, tap, clocks)
        self._options = Options()
        self._master = Master(self._options)
        self._master.addons.add(
            Proxyserver(), Strangers(), Barred(plan.barred), Datagrams(), NextLayer(), Certificates(plan.authority)
        )
        self._loops = Loops()
        self._master.addons.add(self._flows, self._loops, DnsResolver())
        self._destinations = Destinations(plan.authority.path.with_name(DESTINATIONS), clocks.wall_ns)
        self._master.addons.add(self._destinations)
        self._options.update(
            server=False,
            websocket=False,
            rawtcp=True,
            ssl_verify_upstream_trusted_ca=str(plan.trusted) if plan.trusted else None,
        )
        self.list(plan.hosts)

    def list(self, hosts: Hosts) -> None:
        """From now on, new connections to these hosts are decrypted, and no others."""
        self._flows.hosts = hosts
        self._options.update(allow_hosts=hosts.regexes or [NOTHING])

    async def start(self, sock: socket.socket, redirected: Sequence[socket.socket] = ()) -> None:
        """Serves the listening sockets: one of a proxy, and those that the kernel redirects connections to."""
        self._servers = [await asyncio.start_server(self._accept, sock=sock)]
        self._servers += [await asyncio.start_server(self._accept_redirected, sock=each) for each in redirected]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._connection(reader, writer, REGULAR)
        connection.layer = layers.modes.HttpProxy(connection.layer.context)
        self._run(connection)

    async def _accept_redirected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = destination(writer)
        if address is None:
            writer.close()
        elif await self._loops.enter(writer, address):
            connection = self._connection(reader, writer, TRANSPARENT)
            connection.layer = layers.modes.TransparentProxy(connection.layer.context)
            connection.client.sockname = connection.layer.context.server.address = address
            self._run(connection)

    async def start_tunnel(self, host: str, port: int, keys: Keys) -> None:
        """Serves a WireGuard tunnel on a UDP port of its own. Raises OSError."""
        accept = self._accept_tunnelled
        self._tunnel = await start_wireguard_server(host, port, keys.server, [keys.client_public], accept, accept)

    async def _accept_tunnelled(self, stream: Any) -> None:
        """A connection of a client of the tunnel, TCP or UDP."""
        connection = self._connection(stream, stream, TUNNEL)
        connection.layer = layers.modes.TransparentProxy(connection.layer.context)
        going = stream.get_extra_info("remote_endpoint", connection.client.sockname)
        connection.layer.context.server.address = going
        self._run(connection)

    def _connection(self, reader: Any, writer: Any, mode: mode_specs.ProxyMode) -> ClientConnection:
        if mode is not TUNNEL:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection = ClientConnection(self._master, reader, writer, self._options, mode)
        connection.flows = self._flows
        connection.timeout_watchdog.timeout = self._plan.idle_s  # type: ignore[assignment] # seconds of any kind
        return connection

    def _run(self, connection: ClientConnection) -> None:
        task = asyncio.create_task(connection.handle_client())
        self._running[task] = connection
        task.add_done_callback(self._running.pop)

    async def drain(self, seconds: float) -> None:
        """Takes no new connections; what runs may finish within that time, then it is interrupted."""
        for server in self._servers:
            server.close()
        if self._tunnel is not None:
            self._tunnel.close()
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while self._flows.open and loop.time() < ends:  # noqa: ASYNC110 - flows end in mitmproxy's hands
            await asyncio.sleep(LOOK_S)
        self._flows.interrupt()
        self._destinations.write()
        for connection in self._running.values():
            connection.stop()
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=STOP_S)
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
