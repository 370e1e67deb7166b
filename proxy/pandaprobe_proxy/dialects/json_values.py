"""JSON as it is met on the wire: parsed tolerantly, within a depth that every later reader can bear.

Tolerated: a byte order mark, invalid UTF-8, raw control characters, NaN and Infinity (null), lone surrogates (`mend`).
"""

import json
import re
from codecs import getincrementaldecoder
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec
import pcre2

Json = Any
MAX_DEPTH = 200
_NESTED = frozenset({dict, list})
_SOUND = frozenset({bool, int, float})
"""What there is nothing to mend in, as in what is empty."""
PIECE_BYTES = 1024 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = pcre2.compile(rb"\\u[dD]")
_decode = msgspec.json.Decoder().decode
_decode_loosely = json.JSONDecoder(strict=False, parse_constant=lambda _: None).decode


def parse_json(data: bytes | str) -> Json:
    """The value of a JSON text; of a repeated key the last one counts. Raises ValueError."""
    try:
        value = _decode(data)
    except (msgspec.MsgspecError, UnicodeError):
        value = _parse_loosely(data)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    if len(data) > 2 * MAX_DEPTH and _is_deep(data, value):
        raise ValueError("JSON is nested too deeply")
    return value


def _parse_loosely(data: bytes | str) -> Json:
    text = data if isinstance(data, str) else _read_text(data)
    try:
        return _decode_loosely(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error


def _read_text(data: bytes) -> str:
    """A piece at a time: each invalid byte costs, and other threads have to wait while one piece is read."""
    decoder = getincrementaldecoder("utf-8")("replace")
    pieces = [decoder.decode(data[at : at + PIECE_BYTES]) for at in range(0, len(data), PIECE_BYTES)]
    return "".join(pieces) + decoder.decode(b"", final=True)


def _is_deep(data: bytes | str, value: Json) -> bool:
    if type(value) not in _NESTED:
        return False
    if isinstance(data, bytes) and data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_DEPTH):
        children = (item.values() if isinstance(item, dict) else item for item in level)
        level = [child for inner in children for child in inner if child and type(child) in _NESTED]
        if not level:
            return False
    return True


def may_need_mending(data: bytes) -> bool:
    """Whether a JSON text holds escapes that may be halves of a character."""
    return b"\\" in data and _HALF.search(data) is not None


def mend(value: Json) -> Json:
    """The same value with surrogate pairs joined and lone ones replaced, so that it can be written as UTF-8."""
    kind = type(value)
    if kind is str:
        return _mend_text(value)
    if kind is dict:
        return {
            _mend_text(key): item if type(item) in _SOUND or not item else mend(item) for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return kind([item if type(item) in _SOUND or not item else mend(item) for item in value])
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: mend(getattr(value, field.name)) for field in fields(value)})
    return value


def _mend_text(text: str) -> str:
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
