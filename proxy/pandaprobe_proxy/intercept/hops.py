"""What of a message's head stays on its hop (RFC 9110 §7.6.1), and what stands in its place on the next one. Pure.

mitmproxy would pass all of it on. What frames the body crosses, since mitmproxy sends bodies framed as they came.
"""

from collections.abc import Iterable

from pandaprobe_proxy.model import hops
from pandaprobe_proxy.model.hops import FRAMING, HOP_BY_HOP

Fields = tuple[tuple[bytes, bytes], ...]

CODING = b"transfer-encoding"
CLOSE = (b"Connection", b"close")
CHUNKED = (b"Transfer-Encoding", b"chunked")
UPGRADE = (b"Connection", b"Upgrade")


def tokens(fields: Fields) -> frozenset[bytes]:
    """The lower-case members of all Connection fields."""
    return hops.tokens([value for key, value in fields if key.lower() == b"connection"])


def strip(fields: Fields, more: Iterable[tuple[bytes, bytes]] = ()) -> Fields:
    """The fields that cross, then how the body is framed on this hop, and `more`."""
    dropped = HOP_BY_HOP | (tokens(fields) - FRAMING)
    framing = [field for field in fields if field[0].lower() == CODING]
    return (*(field for field in fields if field[0].lower() not in dropped), *framing, *more)


def upgrade(fields: Fields) -> Fields:
    """What crosses of a head that asks for another protocol, or agrees to it."""
    return strip(fields, [*(field for field in fields if field[0].lower() == b"upgrade"), UPGRADE])


def asks_websocket(method: bytes, fields: Fields) -> bool:
    """Whether a request wants to become a WebSocket: the one upgrade that crosses."""
    wanted = [value.strip().lower() for key, value in fields if key.lower() == b"upgrade"]
    return method.upper() == b"GET" and wanted == [b"websocket"] and b"upgrade" in tokens(fields)
