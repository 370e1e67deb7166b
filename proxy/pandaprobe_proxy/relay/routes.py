"""Which upstream a request belongs to, by its path. Pure; upstreams come from configuration, never from a request.

`/v1/…` is the default upstream's, except Anthropic's messages, which are known by their headers; `/<name>/…` is that
upstream's, without the name. An upstream's own path is put in front by concatenation, so nothing is re-encoded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.refusal import is_anthropic

DEFAULT_PORTS = {"http": 80, "https": 443}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
URL = re.compile(r"[!-~]+")
VERSION = b"/v1"


class Origin(NamedTuple):
    """Where an upstream is, taken apart once."""

    tls: bool
    host: str
    port: int
    authority: bytes
    """As in a Host header: the port only where it is not the scheme's own."""
    prefix: bytes
    """The path in front of every path, without a slash at its end."""


@dataclass(frozen=True)
class Upstream:
    name: str
    url: str
    """The base URL, such as `https://api.openai.com`; a path in it is kept as a prefix."""

    @cached_property
    def origin(self) -> Origin:
        return _origin(self.url)


class Route(NamedTuple):
    upstream: Upstream
    path: bytes
    """Path and query as they go upstream."""


def parse_upstream(name: str, url: str) -> Upstream:
    """The upstream of that name; ValueError with one sentence if name or URL cannot be one."""
    if not NAME.fullmatch(name) or name == "v1":
        raise ValueError(
            f"{name!r} cannot name an upstream: use letters, digits, '.', '_' and '-'; 'v1' is the default's own."
        )
    upstream = Upstream(name, url.rstrip("/"))
    _check(upstream)
    return upstream


def _check(upstream: Upstream) -> None:
    shape = "write it as http://host[:port][/path] or https://…"
    if not URL.fullmatch(upstream.url):
        raise ValueError(f"upstream {upstream.name}: the URL has spaces or characters outside ASCII; {shape}.")
    try:
        parts = urlsplit(upstream.url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"upstream {upstream.name}: {error}; {shape}.") from error
    if parts.scheme not in DEFAULT_PORTS or not host or port == 0:
        raise ValueError(f"upstream {upstream.name}: {upstream.url} is not an http or https URL; {shape}.")
    if "@" in parts.netloc:
        raise ValueError(
            f"upstream {upstream.name}: the URL holds a user or password; the app sends its own key; {shape}."
        )
    if "?" in upstream.url or "#" in upstream.url:
        raise ValueError(f"upstream {upstream.name}: the URL has a query or a fragment; {shape}.")


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    standard = DEFAULT_PORTS[parts.scheme]
    port = parts.port or standard
    authority = shown if port == standard else f"{shown}:{port}"
    return Origin(parts.scheme == "https", host, port, authority.encode(), parts.path.rstrip("/").encode())


BUILT_IN = (
    Upstream("openai", "https://api.openai.com"),
    Upstream("anthropic", "https://api.anthropic.com"),
    Upstream("gemini", "https://generativelanguage.googleapis.com"),
    Upstream("openrouter", "https://openrouter.ai"),
    Upstream("groq", "https://api.groq.com"),
    Upstream("mistral", "https://api.mistral.ai"),
    Upstream("deepseek", "https://api.deepseek.com"),
    Upstream("together", "https://api.together.xyz"),
    Upstream("ollama", "http://127.0.0.1:11434"),
    Upstream("vllm", "http://127.0.0.1:8000"),
)


class Routes:
    """The upstreams by name, and which of them has `/v1`. Raises ValueError if the default is not among them."""

    def __init__(self, upstreams: Iterable[Upstream] = BUILT_IN, default: str = "openai") -> None:
        self._upstreams = {upstream.name.encode(): upstream for upstream in upstreams}
        self._default = default.encode()
        if self._default not in self._upstreams:
            raise ValueError(f"there is no upstream named {default!r} to be the default.")

    def add(self, upstream: Upstream) -> None:
        """From now on `/<name>/…` is this upstream's; one of the same name is replaced."""
        self._upstreams[upstream.name.encode()] = upstream

    def upstreams(self) -> tuple[Upstream, ...]:
        return tuple(self._upstreams.values())

    def route(self, target: bytes, headers: Headers) -> Route | None:
        """Where a request goes; None if its path is nobody's. `target` is in origin-form, or `*`."""
        path = target.split(b"?", 1)[0]
        name = path[1:].split(b"/", 1)[0]
        if name == b"v1":
            return _join(self._upstreams[self._versioned(path, headers)], target)
        upstream = self._upstreams.get(name)
        if upstream is not None:
            return _join(upstream, target[1 + len(name) :])
        if path in (b"/", b"*"):
            return _join(self._upstreams[self._default], target)
        return None

    def _versioned(self, path: bytes, headers: Headers) -> bytes:
        if is_anthropic(path, headers) and b"anthropic" in self._upstreams:
            return b"anthropic"
        return self._default


def _join(upstream: Upstream, path: bytes) -> Route:
    prefix = upstream.origin.prefix
    if path == b"*":
        return Route(upstream, path)
    if prefix.endswith(VERSION) and (path.startswith(b"/v1/") or path.split(b"?", 1)[0] == VERSION):
        path = path[len(VERSION) :]
    joined = prefix + path
    return Route(upstream, joined if joined.startswith(b"/") else b"/" + joined)
