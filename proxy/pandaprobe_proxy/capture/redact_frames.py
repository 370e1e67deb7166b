"""Masks, in the messages of a WebSocket, a secret that they carry in pieces, a few characters each. Pure.

Messages of one kind are looked at as if they were the events of a stream, since those of other kinds come between them.
"""

from collections.abc import Iterable

from pandaprobe_proxy.capture.redact_stream import mask
from pandaprobe_proxy.dialects.json_events import read_object
from pandaprobe_proxy.wire.websocket import CLOSE, WebSocketMessage

_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_BEGIN, _END = b"data: ", b"\n\n"


def mask_messages(messages: Iterable[WebSocketMessage], secrets: Iterable[bytes]) -> list[bytes]:
    """The payload of each message with every character of these secrets replaced by `x`; its length stays."""
    payloads: list[bytes] = []
    kinds: dict[str, list[int]] = {}
    for at, message in enumerate(messages):
        payloads.append(message.payload)
        if message.opcode < CLOSE:
            kinds.setdefault(_find_kind(message.payload), []).append(at)
    wanted = tuple(secrets)
    for places in kinds.values():
        _mask_kind(payloads, places, wanted)
    return payloads


def _find_kind(payload: bytes) -> str:
    """What messages that go on with each other have in common: their type, or the names of their fields."""
    value = read_object(payload.decode("utf-8", "replace")) or {}
    kind = value.get("type")
    return kind if isinstance(kind, str) else " ".join(sorted(value))


def _mask_kind(payloads: list[bytes], places: list[int], secrets: tuple[bytes, ...]) -> None:
    lines = [payloads[at].translate(_BREAKS) for at in places]
    masked = mask(b"".join(_BEGIN + line + _END for line in lines), secrets)
    start = 0
    for at, line in zip(places, lines, strict=True):
        start += len(_BEGIN)
        found = masked[start : start + len(line)]
        start += len(line) + len(_END)
        if found != line:
            payloads[at] = found
