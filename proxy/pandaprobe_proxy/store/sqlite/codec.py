"""Bytes as the store keeps them: compressed with a shared dictionary, cut bodies as recipes. Pure but for zstd's state.

A recipe is the list of a body's pieces: each a reference to a row of `pieces`, or, where a row is not worth it, the
bytes themselves. References are written as differences, since the pieces of a history lie one after another.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import zstandard

INLINE_BYTES = 64
"""Pieces shorter than this lie in the recipe itself."""
LEVEL = 6
LARGE_BYTES = 1024 * 1024
"""From here on a piece is compressed at the quickest level, five times as fast, so that no commit waits for it."""
_RAW, _ZSTD = b"\x00", b"\x01"

_pack = msgspec.msgpack.encode
_unpack = msgspec.msgpack.decode

Part = int | bytes
"""A part of a recipe: the key of a piece, or bytes."""


class Codec:
    """Compression with one dictionary, which the store holds."""

    def __init__(self, dictionary: bytes) -> None:
        shared = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self._compressor = _compressor(shared, LEVEL)
        self._quick = _compressor(shared, 1)
        self._decompressor = zstandard.ZstdDecompressor(dict_data=shared)

    def shrink(self, data: bytes) -> bytes:
        """The shortest form of these bytes; empty stays empty."""
        if not data:
            return b""
        small = (self._compressor if len(data) < LARGE_BYTES else self._quick).compress(data)
        return _ZSTD + small if len(small) < len(data) else _RAW + data

    def grow(self, data: bytes) -> bytes:
        """What was shrunk."""
        return self._decompressor.decompress(data[1:]) if data[:1] == _ZSTD else data[1:]

    def write_recipe(self, parts: Iterable[Part]) -> bytes:
        return self.shrink(b"".join(_write_parts(parts)))

    def read_recipe(self, data: bytes) -> list[Part]:
        return list(_read_parts(self.grow(data)))

    def write_json(self, value: Any) -> bytes:
        return self.shrink(msgspec.json.encode(value))

    def read_json(self, data: bytes | None) -> Any:
        return msgspec.json.decode(self.grow(data)) if data else None


def _compressor(shared: zstandard.ZstdCompressionDict, level: int) -> zstandard.ZstdCompressor:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, write_content_size=True, write_checksum=False, write_dict_id=False
    )
    return zstandard.ZstdCompressor(dict_data=shared, compression_params=parameters)


def _write_parts(parts: Iterable[Part]) -> Iterator[bytes]:
    last = 0
    for part in parts:
        if isinstance(part, bytes):
            yield _varint(len(part) << 1)
            yield part
        else:
            step = part - last
            yield _varint((((step << 1) ^ (step >> 63)) << 1) | 1)
            last = part


def _read_parts(data: bytes) -> Iterator[Part]:
    at = last = 0
    while at < len(data):
        number, at = _read_varint(data, at)
        if number & 1:
            zigzag = number >> 1
            last += (zigzag >> 1) ^ -(zigzag & 1)
            yield last
        else:
            yield data[at : at + (number >> 1)]
            at += number >> 1


def _varint(number: int) -> bytes:
    if number < 128:
        return bytes((number,))
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def write_chunks(codec: Codec, chunks: Sequence[tuple[int, int]], request: Sequence[tuple[int, int]]) -> bytes | None:
    """(ns, length) pairs as steps of whole microseconds; nothing for none."""
    if not chunks and not request:
        return None
    return codec.shrink(_pack([_steps(chunks), _steps(request)] if request else [_steps(chunks)]))


def _steps(chunks: Sequence[tuple[int, int]]) -> list[int]:
    flat: list[int] = []
    last = 0
    for at_ns, length in chunks:
        at = at_ns // 1000
        flat += (at - last, length)
        last = at
    return flat


def read_chunks(codec: Codec, data: bytes | None) -> list[tuple[tuple[int, int], ...]]:
    """Response pieces and request pieces, (ns, length) each, to the microsecond."""
    lists = _unpack(codec.grow(data)) if data else []
    found = [tuple(_pairs(steps)) for steps in lists]
    return found + [()] * (2 - len(found))


def _pairs(steps: Sequence[int]) -> Iterator[tuple[int, int]]:
    at = 0
    for step, length in zip(steps[::2], steps[1::2], strict=True):
        at += step
        yield at * 1000, length


def to_text(value: Any) -> str | None:
    """JSON text for a column that people may read; None stays NULL."""
    try:
        return None if value is None else _write(value).decode()
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):  # what only the slower one can write
        return _write_any(value)


_write = msgspec.json.Encoder(enc_hook=repr).encode
_write_any = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode


def from_text(text: str | None, default: Any = None) -> Any:
    return default if text is None else json.loads(text)
