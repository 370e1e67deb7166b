"""WebSocket frames of one direction into messages, and a message into a frame (RFC 6455; compression RFC 7692).

It checks what it needs to find messages and no more: it judges no peer. Messages that were cut off are told as such.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pandaprobe_proxy.wire.errors import WireError

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_TAIL = b"\x00\x00\xff\xff"  # what a sender leaves off each compressed message (RFC 7692 §7.2.1)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, unmasked."""

    opcode: int
    final: bool
    compressed: bool
    payload: bytes
    end: int
    """The offset just after it in the stream."""


@dataclass(frozen=True, slots=True)
class WebSocketMessage:
    """One whole message, or control frame, uncompressed."""

    opcode: int
    payload: bytes
    end: int
    """The offset in the stream of the byte after its last."""


def read_frames(data: bytes) -> Iterator[Frame]:
    """The whole frames at the start of `data`; a cut-off frame at the end is left out."""
    at = 0
    while (frame := _read_frame(data, at)) is not None:
        yield frame
        at = frame.end


def _read_frame(data: bytes, at: int) -> Frame | None:
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    at += 2
    length = second & 0x7F
    wide = {126: 2, 127: 8}.get(length, 0)
    if wide:
        if len(data) < at + wide:
            return None
        length = int.from_bytes(data[at : at + wide])
        at += wide
    mask = b""
    if second & 0x80:
        mask = data[at : at + 4]
        at += 4
    if len(data) < at + length:
        return None
    payload = _unmask(data[at : at + length], mask)
    return Frame(first & 0x0F, bool(first & 0x80), bool(first & 0x40), payload, at + length)


def _unmask(payload: bytes, mask: bytes) -> bytes:
    if not mask or not payload:
        return payload
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(len(payload))


def read_messages(
    data: bytes, fresh_context: bool = False, limit_bytes: int = 16 * 1024 * 1024
) -> list[WebSocketMessage]:
    """The messages in the frames of one direction. `fresh_context`: the sender agreed to no context takeover.

    Raises WireError when a message does not inflate, or all of them together pass the limit.
    """
    messages: list[WebSocketMessage] = []
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    opened: Frame | None = None
    parts: list[bytes] = []
    total = 0
    for frame in read_frames(data):
        if frame.opcode >= CLOSE:
            messages.append(WebSocketMessage(frame.opcode, frame.payload, frame.end))
            continue
        opened = opened or frame
        parts.append(frame.payload)
        if not frame.final:
            continue
        payload = b"".join(parts)
        if opened.compressed:
            inflate = zlib.decompressobj(-zlib.MAX_WBITS) if fresh_context else inflate
            payload = _inflate(inflate, payload, limit_bytes - total)
        total += len(payload)
        messages.append(WebSocketMessage(opened.opcode, payload, frame.end))
        opened, parts = None, []
    return messages


def _inflate(inflate: "zlib._Decompress", payload: bytes, limit_bytes: int) -> bytes:
    try:
        plain = inflate.decompress(payload + _TAIL, max(limit_bytes, 0) + 1)
    except zlib.error as error:
        raise WireError(f"a WebSocket message does not inflate: {error}") from error
    if len(plain) > limit_bytes:
        raise WireError("WebSocket messages inflate to more than the limit")
    return plain


def write_frame(opcode: int, payload: bytes) -> bytes:
    """One final, unmasked, uncompressed frame."""
    length = len(payload)
    head = bytes([0x80 | opcode])
    if length < 126:
        return head + bytes([length]) + payload
    if length < 65536:
        return head + b"\x7e" + length.to_bytes(2) + payload
    return head + b"\x7f" + length.to_bytes(8) + payload
