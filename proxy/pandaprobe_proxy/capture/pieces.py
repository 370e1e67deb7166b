"""Cuts a JSON body where agents repeat themselves, so that a store can keep each message once. Pure.

The pieces joined are always the body, byte for byte: what cannot be cut stays whole.
"""

import msgspec

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode

LISTS = frozenset({"messages", "input", "contents", "history", "chat_history"})
"""Fields whose elements are resent call after call, each a piece of its own."""
WHOLES = frozenset({"tools", "functions", "system", "instructions", "systemInstruction", "system_instruction"})
"""Fields that are resent unchanged, each one piece."""
SMALLEST = 64
"""Bytes under which a piece is not worth its row."""
MOST_PARTS = 4000
"""What comes after so many is one piece: each costs a row."""


def cut(body: bytes) -> tuple[bytes, ...]:
    """The pieces of a body, in order; none for an empty one."""
    if not body.startswith(b"{"):
        return (body,) if body else ()
    try:
        fields = _object(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return (body,)
    pieces: list[bytes] = []
    at = 0
    for part in _parts(fields)[:MOST_PARTS]:
        start = body.find(part, at)
        if start < 0:
            continue
        if start > at:
            pieces.append(body[at:start])
        pieces.append(part)
        at = start + len(part)
    if at < len(body):
        pieces.append(body[at:])
    return tuple(pieces)


def _parts(fields: dict[str, msgspec.Raw]) -> list[bytes]:
    parts: list[bytes] = []
    for name, raw in fields.items():
        value = bytes(raw)
        if name in LISTS and value.startswith(b"["):
            parts += [bytes(element) for element in _elements(value)]
        elif name in WHOLES:
            parts.append(value)
    return [part for part in parts if len(part) >= SMALLEST]


def _elements(value: bytes) -> list[msgspec.Raw]:
    try:
        return _array(value)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return []
