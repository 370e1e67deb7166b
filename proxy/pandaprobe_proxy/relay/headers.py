"""Which headers cross the relay. Pure.

Hop-by-hop fields stay on their hop (RFC 9110 §7.6.1), those that Connection names included; the app's X-PandaProbe-*
never reach an upstream; Host becomes the upstream's. Everything else crosses as it is: order, case, duplicates, values.
"""

from collections.abc import Iterable

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.hops import FRAMING, HOP_BY_HOP, OURS

NOT_UPSTREAM = HOP_BY_HOP | {b"expect"}


def for_upstream(headers: Headers, named: frozenset[bytes], authority: bytes) -> list[tuple[bytes, bytes]]:
    """The request headers that go upstream; `named` is what Connection names, `authority` the upstream's Host."""
    dropped = _dropped(NOT_UPSTREAM, named)
    return [
        header if key != b"host" else (header[0], authority)
        for header in headers
        if (key := header[0].lower()) not in dropped and not key.startswith(OURS)
    ]


def for_client(headers: Headers, named: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """The response headers that go to the client."""
    dropped = _dropped(HOP_BY_HOP, named)
    return [header for header in headers if header[0].lower() not in dropped]


def write(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Field lines, each with its CRLF."""
    lines = [b": ".join(header) for header in headers]
    return b"\r\n".join([*lines, b""])


def _dropped(always: frozenset[bytes], named: frozenset[bytes]) -> frozenset[bytes]:
    return always | (named - FRAMING) if named else always
