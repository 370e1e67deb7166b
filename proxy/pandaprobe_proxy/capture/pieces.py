"""Cuts a body where agents repeat themselves, so that a store can keep each message, image and sound once. Pure.

The pieces joined are always the body, byte for byte: what cannot be cut stays whole.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from pandaprobe_proxy.capture.redact_rules import FIELD_NAMES
from pandaprobe_proxy.wire.base64_runs import find_runs

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode

LISTS = frozenset({"messages", "input", "contents", "history", "chat_history"})
"""Fields whose elements are resent call after call, each a piece of its own."""
WHOLES = frozenset({"tools", "functions", "system", "instructions", "systemInstruction", "system_instruction"})
"""Fields that are resent unchanged, each one piece."""
NAME_BYTES = 512
"""So far before a string its field's name is looked for."""
SECRET_NAME = re.compile(rb"(?:^|(?:" + FIELD_NAMES.encode() + rb')\\*")$')
SMALLEST = 64
"""Bytes under which a piece is not worth its row."""
MOST_PARTS = 4000
"""What comes after so many is one piece: each costs a row."""
MOST_ELEMENTS = 16_000
"""So many of a list are looked at, most of which may be too small to be pieces."""


def cut(body: bytes) -> tuple[bytes, ...]:
    """The pieces of a body, in order; none for an empty one. Long base64 is a piece of its own, wherever it is."""
    return tuple(piece for piece in _cut_media(_cut_fields(body), body) if piece) if body else ()


def _cut_media(pieces: Sequence[bytes], body: bytes) -> Iterator[bytes]:
    runs = [run for run in reversed(find_runs(body)) if not _is_secret(body, run[0])]
    at = 0
    for piece in pieces:
        end = at + len(piece)
        while runs and runs[-1][1] <= end:
            start, stop = runs.pop()
            if start >= at:
                yield body[at:start]
                yield body[start:stop]
                at = stop
        yield body[at:end]
        at = end


def _is_secret(body: bytes, start: int) -> bool:
    """Whether a string is of a field whose name says secret: then it is searched together with that name."""
    before, _, _ = body[max(0, start - NAME_BYTES) : start].lower().rpartition(b'"')
    before = before.rstrip(b"\\").rstrip()
    if before.endswith(b":"):
        return SECRET_NAME.search(before[:-1].rstrip()) is not None
    return start > NAME_BYTES and not before


def _cut_fields(body: bytes) -> tuple[bytes, ...]:
    if not body.startswith(b"{"):
        return (body,)
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
        return _array(value)[:MOST_ELEMENTS]
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return []
