"""Which headers cross the relay. Pure.

Hop-by-hop fields stay on their hop (RFC 9110 §7.6.1), those that Connection names included; the app's X-PandaProbe-*
never reach an upstream; Host becomes the upstream's. Everything else crosses as it is: order, case, duplicates, values.
"""

from collections.abc import Iterable, Sequence

from pandaprobe_proxy.model.exchange import Headers

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"proxy-connection",
        b"keep-alive",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"proxy-authenticate",
        b"proxy-authorization",
    }
)
OURS = b"x-pandaprobe-"
FRAMING = frozenset({b"host", b"content-length"})
"""What Connection cannot name away, as the message would change its meaning."""

NOTHING: frozenset[bytes] = frozenset()
NOT_UPSTREAM = HOP_BY_HOP | {b"expect"}
NOT_IN_TRAILERS = HOP_BY_HOP | FRAMING | {b"trailer"}


def tokens(values: Sequence[bytes]) -> frozenset[bytes]:
    """The lower-case members of comma-separated lists."""
    if not values:
        return NOTHING
    return frozenset(token.strip(b" \t").lower() for value in values for token in value.split(b",")) - {b""}


def for_upstream(headers: Headers, named: frozenset[bytes], authority: bytes) -> list[tuple[bytes, bytes]]:
    """The request headers that go upstream; `named` is what Connection names, `authority` the upstream's Host."""
    dropped = _dropped(NOT_UPSTREAM, named)
    crossing = []
    for header in headers:
        key = header[0].lower()
        if key == b"host":
            crossing.append((header[0], authority))
        elif key not in dropped and not key.startswith(OURS):
            crossing.append(header)
    return crossing


def for_client(headers: Headers, named: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """The response headers that go to the client."""
    dropped = _dropped(HOP_BY_HOP, named)
    return [header for header in headers if header[0].lower() not in dropped]


def for_trailers(trailers: Headers) -> list[tuple[bytes, bytes]]:
    """The trailer fields that cross: none that would frame or route a message (RFC 9110 §6.5.1), none of ours."""
    return [field for field in trailers if not _barred(field[0].lower())]


def write(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Field lines, each with its CRLF."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _barred(key: bytes) -> bool:
    return key in NOT_IN_TRAILERS or key.startswith(OURS)


def _dropped(always: frozenset[bytes], named: frozenset[bytes]) -> frozenset[bytes]:
    return always | (named - FRAMING) if named else always
