"""The listening sockets of a sidecar, opened before anything runs, and why one cannot be."""

import asyncio
import errno
import re
import socket
from dataclasses import dataclass

from pandaprobe_proxy.settings import Settings

BACKLOG = 4096
_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}")
REDIRECTED_HOSTS = ("127.0.0.1", "::1")
"""Where the kernel redirects what begins on this machine; nobody else reaches them."""


class ServeError(Exception):
    """Serving cannot start. One sentence: what, why, what to do."""

    code = 1
    """What the process exits with."""


class Misuse(ServeError):
    """It could never start with these settings."""

    code = 2


@dataclass(frozen=True, slots=True)
class Sockets:
    """Those of relay and web port."""

    relay: socket.socket
    web: socket.socket


def bind(settings: Settings) -> Sockets:
    """Both listening sockets. Raises ServeError."""
    guarded = settings.unsafe_web_bind or settings.web_token_file is not None
    if not guarded and not _is_loopback(settings.web_host):
        raise Misuse(
            f"the web port on {settings.web_host} could be asked by the network; keep it on 127.0.0.1, give it a"
            " --web-token-file, or say --unsafe-web-bind if something else guards it."
        )
    relay = _listen(settings.host, settings.port, "--port")
    try:
        return Sockets(relay, _listen(settings.web_host, settings.web_port, "--web-port"))
    except ServeError:
        relay.close()
        raise


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "[::1]") or _LOOPBACK.fullmatch(host) is not None


def _listen(host: str, port: int, flag: str) -> socket.socket:
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _refused(host, port, flag, error) from error
    sock.setblocking(False)
    return sock


def listen_on(address: str) -> socket.socket:
    """A socket on `HOST:PORT`. Raises OSError if it cannot be had."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, int(port)), family=family, backlog=128)
    sock.setblocking(False)
    return sock


async def await_client(sock: socket.socket) -> None:
    """Until somebody connects to it; whoever accepts there next has the connection."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(sock, came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(sock)


def _refused(host: str, port: int, flag: str, error: OSError) -> ServeError:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        other = flag.replace("port", "host")
        return Misuse(f"{host} is no address of this machine ({error.strerror}); choose another with {other}.")
    return ServeError(f"port {port} on {host} cannot be used ({error.strerror}); choose another with {flag}.")


@dataclass(frozen=True, slots=True)
class Listening:
    """The sockets of interception, and the web port's."""

    forward: socket.socket
    web: socket.socket
    redirected: tuple[socket.socket, ...] = ()

    @property
    def every(self) -> tuple[socket.socket, ...]:
        """Those of interception."""
        return (self.forward, *self.redirected)

    @property
    def barred(self) -> list[tuple[str, int]]:
        """Addresses of this sidecar that nobody is to reach through it."""
        return [sock.getsockname()[:2] for sock in (self.web, *self.every)]


def intercepts(settings: Settings) -> bool:
    """Whether interception is asked for."""
    return any(port is not None for port in (settings.forward, settings.transparent, settings.wireguard))


def listen_for_interception(settings: Settings, web: socket.socket) -> Listening:
    """A forward proxy's socket, for what `run` starts if nobody asked for it, and those of the transparent mode.

    Raises ServeError.
    """
    is_only_beside = settings.forward is None and intercepts(settings)
    host = "127.0.0.1" if is_only_beside else settings.host
    forward = _listen(host, settings.forward or 0, "--forward")
    if settings.transparent is None:
        return Listening(forward, web)
    try:
        return Listening(forward, web, _listen_on_loopback(settings.transparent))
    except ServeError:
        forward.close()
        raise


def _listen_on_loopback(port: int) -> tuple[socket.socket, ...]:
    """The same port of both families; of one, where the machine has no IPv6."""
    first = _listen(REDIRECTED_HOSTS[0], port, "--transparent")
    try:
        return first, _listen(REDIRECTED_HOSTS[1], first.getsockname()[1], "--transparent")
    except (Misuse, OSError):
        return (first,)
    except ServeError:
        first.close()
        raise
