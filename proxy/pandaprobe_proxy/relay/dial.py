"""Opens a connection to an upstream: resolves, connects, goes through a proxy, speaks TLS. If it cannot, says why."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohappyeyeballs

from pandaprobe_proxy.model.refusal import Trouble
from pandaprobe_proxy.relay.proxies import Proxy
from pandaprobe_proxy.relay.upstream import Destination, UpstreamConnection

HAPPY_EYEBALLS_S = 0.25  # RFC 8305 §5
MAX_PROXY_ANSWER = 65_536
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  (compared with, never bound)
KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


class Unreachable(Exception):
    """No connection could be had; `trouble` says why, as the client is told."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = Trouble(status, code, sentence)


def keep_alive(sock: socket.socket) -> None:
    """Has the kernel notice a peer that vanished: about two minutes after it fell silent."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@dataclass(slots=True)
class Dialer:
    """Opens connections. `own` are the addresses that this sidecar listens on, never to be dialled."""

    connect_s: float
    own: frozenset[tuple[str, int]] = frozenset()
    context: ssl.SSLContext | None = None
    _made: ssl.SSLContext | None = field(default=None, init=False)

    async def dial(self, destination: Destination, make: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        """A connection that leads to `destination`. Raises Unreachable."""
        where = f"{destination.host}:{destination.port}"
        try:
            async with asyncio.timeout(self.connect_s):
                return await self._dial(destination, make)
        except TimeoutError as error:
            raise Unreachable(
                504, "connect_timeout", f"The upstream {where} did not accept a connection within {self.connect_s:g} s."
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                502, "tls_failed", f"The certificate of the upstream {where} is not trusted: {error.verify_message}."
            ) from error
        except ssl.SSLError as error:
            raise Unreachable(502, "tls_failed", f"TLS with the upstream {where} failed: {error.reason}.") from error
        except socket.gaierror as error:
            raise Unreachable(
                502, "unknown_host", f"A name on the way to {where} cannot be resolved: {error.strerror}."
            ) from error
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            raise Unreachable(502, "unreachable", f"The upstream {where} cannot be reached: {why}.") from error

    async def _dial(self, destination: Destination, make: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        via = destination.proxy
        sock = await self._connect(*((via.host, via.port) if via else (destination.host, destination.port)))
        try:
            keep_alive(sock)
            if via is not None and destination.tunnel:
                await _open_tunnel(sock, destination, via)
            _, protocol = await loop.create_connection(
                make,
                sock=sock,
                ssl=self._context() if destination.tls else None,
                server_hostname=destination.host if destination.tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return protocol

    async def _connect(self, host: str, port: int) -> socket.socket:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        if not found:
            raise OSError(f"{host} has no address")
        sock = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=HAPPY_EYEBALLS_S, interleave=1, loop=loop
        )
        if self._is_own(sock):
            sock.close()
            raise Unreachable(
                502,
                "own_address",
                f"The upstream {host}:{port} is this relay itself; configure the provider's address.",
            )
        return sock

    def _is_own(self, sock: socket.socket) -> bool:
        peer, port = _plain(sock.getpeername()[0]), sock.getpeername()[1]
        here = ipaddress.ip_address(peer).is_loopback or peer == _plain(sock.getsockname()[0])
        return any(port == own and (peer == host or (here and host in WILDCARDS)) for host, own in self.own)

    def _context(self) -> ssl.SSLContext:
        if self.context is not None:
            return self.context
        if self._made is None:
            self._made = ssl.create_default_context()
            self._made.set_alpn_protocols(["http/1.1"])
        return self._made


def _plain(address: str) -> str:
    """An address without its zone, and without the IPv6 form of an IPv4 address."""
    parsed = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


async def _open_tunnel(sock: socket.socket, destination: Destination, via: Proxy) -> None:
    """CONNECT (RFC 9110 §9.3.6). Raises Unreachable if the proxy declines."""
    loop = asyncio.get_running_loop()
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    authority = f"{host}:{destination.port}".encode()
    credentials = b"Proxy-Authorization: %b\r\n" % via.authorization if via.authorization else b""
    await loop.sock_sendall(sock, b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (authority, authority, credentials))
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = await loop.sock_recv(sock, 4096)
        answer += data
        if not data or len(answer) > MAX_PROXY_ANSWER:
            raise _declined(via, "it closed the connection without an answer")
    line = answer.split(b"\r\n", 1)[0]
    words = line.split(b" ", 2)
    if not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not words[1].startswith(b"2"):
        raise _declined(via, f"it answered {line[9:80].decode('latin-1')!r}")
    if not answer.endswith(b"\r\n\r\n") or answer.count(b"\r\n\r\n") > 1:
        raise _declined(via, "it sent bytes of its own into the tunnel")


def _declined(via: Proxy, why: str) -> Unreachable:
    return Unreachable(502, "proxy_declined", f"The proxy {via.host}:{via.port} did not open a tunnel: {why}.")
