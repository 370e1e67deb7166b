"""Which forward proxy, if any, stands before an upstream: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. Pure."""

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

from pandaprobe_proxy.relay.routes import Origin

WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})")


class ProxyError(ValueError):
    """A proxy that cannot be used. One sentence."""


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int
    authorization: bytes = b""
    """The value of Proxy-Authorization, or empty."""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy settings as URLs; empty is none. `bypass` are the members of NO_PROXY."""

    http: str = ""
    https: str = ""
    bypass: tuple[str, ...] = ()

    def choose(self, origin: Origin) -> Proxy | None:
        """The proxy for that origin; never one for this machine itself. Raises ProxyError."""
        url = self.https if origin.tls else self.http
        if not url or _is_loopback(origin.host) or any(_covers(entry, origin) for entry in self.bypass):
            return None
        return parse_proxy(url)


def read_environment(environ: Mapping[str, str]) -> Proxies:
    """The settings as curl reads them: lower-case names before upper-case ones."""

    def value(name: str) -> str:
        return (environ.get(name) or environ.get(name.upper()) or "").strip()

    everything = value("all_proxy")
    bypass = tuple(entry.strip().lower() for entry in value("no_proxy").split(",") if entry.strip())
    return Proxies(value("http_proxy") or everything, value("https_proxy") or everything, bypass)


def parse_proxy(url: str) -> Proxy:
    """The proxy at `http://[user:password@]host:port`. Raises ProxyError, which never shows the password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if host is None or parts.scheme != "http":
        scheme = url.split("://", 1)[0] if "://" in url else "unreadable"
        raise ProxyError(
            f"The proxy setting of the environment ({scheme}://…) cannot be used: set HTTPS_PROXY to an http:// proxy,"
            " or name the upstream in NO_PROXY."
        )
    user = unquote_to_bytes(parts.username or "")
    password = unquote_to_bytes(parts.password or "")
    known = parts.username is not None
    return Proxy(host, port, b"Basic " + base64.b64encode(user + b":" + password) if known else b"")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _covers(entry: str, origin: Origin) -> bool:
    """Whether a member of NO_PROXY covers the origin: `*`, a name or its parent, an address or network."""
    if entry == "*":
        return True
    if (match := WITH_PORT.fullmatch(entry)) is not None:
        if int(match[2]) != origin.port:
            return False
        entry = match[1]
    try:
        return ipaddress.ip_address(origin.host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name = entry.removeprefix("*").lstrip(".")
        return origin.host == name or origin.host.endswith(f".{name}")
