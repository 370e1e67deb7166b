"""Which fields of a message stay on their hop (RFC 9110 §7.6.1), whoever passes the message on. Pure."""

from collections.abc import Sequence

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
"""How fields begin that the app writes for us, and that never reach an upstream."""
FRAMING = frozenset({b"host", b"content-length"})
"""What Connection cannot name away, as the message would change its meaning."""

NOTHING: frozenset[bytes] = frozenset()
NOT_IN_TRAILERS = HOP_BY_HOP | FRAMING | {b"trailer"}


def tokens(values: Sequence[bytes]) -> frozenset[bytes]:
    """The lower-case members of comma-separated lists."""
    if not values:
        return NOTHING
    return frozenset(token.strip(b" \t").lower() for value in values for token in value.split(b",")) - {b""}


def for_trailers(trailers: Headers) -> list[tuple[bytes, bytes]]:
    """The trailer fields that cross: none that would frame or route a message (RFC 9110 §6.5.1), none of ours."""
    return [field for field in trailers if not _barred(field[0].lower())]


def _barred(key: bytes) -> bool:
    return key in NOT_IN_TRAILERS or key.startswith(OURS)
