"""Content-codings undone within bounds: gzip, deflate, br, zstd and chains of them (RFC 9110 §8.4, RFC 9659).

Nothing grows past its bound: neither the whole, nor the whole against its input, nor the number of members that a
body is made of. Bytes that end early give what came, marked as not complete.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import brotli
import zstandard

from pandaprobe_proxy.wire.errors import WireError

LIMIT_BYTES = 16 * 1024 * 1024
RATIO = 100
FREE_BYTES = 1024 * 1024
"""Up to here the ratio is not looked at: short repetitive texts compress better than bombs."""
MAX_MEMBERS = 10_000
MAX_CODINGS = 4
_SLICE = 4096  # how much input a member sees at once: what it leaves is copied, so this keeps many members linear
_PART = 64 * 1024
_ZSTD_SLICE = 128  # one slice of zstd holds at most 32 blocks of 128 KiB, which is all that can pass the bound
_ZSTD_WINDOW = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Decoded:
    data: bytes
    complete: bool
    """False if the coded bytes broke off."""


class _Stage(Protocol):
    """One coding. `feed` yields output in pieces that are small against the bound."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def is_complete(self) -> bool: ...


class _Member(Protocol):
    """What zlib's objects have."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _ZstdMember:
    """A zstd frame with the manners of zlib's objects."""

    unconsumed_tail = b""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        return self._frame.decompress(data)


class _Members:
    """A body of one or more members, each undone by a fresh object."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._slice = _ZSTD_SLICE if coding == "zstd" else _SLICE
        self._member: _Member | None = None
        self._count = 0
        self._waiting = b""

    def is_complete(self) -> bool:
        return not self._waiting and (self._member is None or self._member.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        data = self._waiting + data
        self._waiting = b""
        if self._coding == "deflate" and self._member is None and len(data) < 2:
            self._waiting = data  # two bytes tell whether a zlib header is there
            return
        for at in range(0, len(data), self._slice):
            yield from self._feed_slice(data[at : at + self._slice])

    def _feed_slice(self, data: bytes) -> Iterator[bytes]:
        full = False
        while data or full:
            if self._member is None or self._member.eof:
                self._member = self._begin(data)
            part = self._member.decompress(data, _PART)
            full = len(part) == _PART and not self._member.eof  # then more may be waiting inside, with no input left
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            yield part

    def _begin(self, data: bytes) -> _Member:
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise WireError(f"a {self._coding} body has more than {MAX_MEMBERS} members")
        if self._coding == "zstd":
            return _ZstdMember()
        if self._coding == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        if self._count > 1:
            raise WireError("a deflate body goes on after its end")
        wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()
        self._begun = False

    def is_complete(self) -> bool:
        return not self._begun or bool(self._decompressor.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), _SLICE):
            self._begun = True
            part = self._decompressor.process(data[at : at + _SLICE], output_buffer_limit=_PART)
            yield part
            while part and not self._decompressor.is_finished():  # more may be waiting inside, whatever it says
                part = self._decompressor.process(b"", output_buffer_limit=_PART)
                yield part


class _Bounded:
    """A coding that counts what goes in and out."""

    def __init__(self, coding: str, limit_bytes: int, ratio: int) -> None:
        self._coding = coding
        self._limit = limit_bytes
        self._ratio = ratio
        self._taken = self._given = 0
        self._stage: _Stage = _Brotli() if coding == "br" else _Members(coding)

    def is_complete(self) -> bool:
        return self._stage.is_complete()

    def feed(self, data: bytes) -> bytes:
        self._taken += len(data)
        bound = min(self._limit, max(FREE_BYTES, self._ratio * self._taken))
        parts = []
        try:
            for part in self._stage.feed(data):
                self._given += len(part)
                if self._given > bound:
                    raise WireError(f"a {self._coding} body unpacks to more than {bound} bytes")
                parts.append(part)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise WireError(f"a {self._coding} body is not what it claims: {error}") from error
        return b"".join(parts)


class ContentDecoder:
    """Undoes `coding`, the value of a Content-Encoding header, of bytes fed in any cuts. Raises WireError."""

    def __init__(self, coding: str, limit_bytes: int = LIMIT_BYTES, ratio: int = RATIO) -> None:
        self._stages = [_Bounded(name, limit_bytes, ratio) for name in reversed(read_codings(coding))]

    def feed(self, data: bytes) -> bytes:
        """What these bytes add."""
        for stage in self._stages:
            data = stage.feed(data)
        return data

    def is_complete(self) -> bool:
        """Whether the bytes so far are a whole; no bytes at all are."""
        return all(stage.is_complete() for stage in self._stages)


def read_codings(coding: str) -> tuple[str, ...]:
    """The codings in the order in which they were applied, without `identity`. Raises WireError for an unknown one."""
    names = [name.strip().lower().removeprefix("x-") for name in coding.split(",")]
    names = [name for name in names if name not in {"", "identity"}]
    unknown = [name for name in names if name not in {"gzip", "deflate", "br", "zstd"}]
    if unknown:
        raise WireError(f"the content-coding {unknown[0]!r} is not known")
    if len(names) > MAX_CODINGS:
        raise WireError(f"a body is coded more than {MAX_CODINGS} times")
    return tuple(names)


def decode(data: bytes, coding: str, limit_bytes: int = LIMIT_BYTES, ratio: int = RATIO) -> Decoded:
    """A whole body with its content-coding undone. Raises WireError when it cannot be, or a bound is passed."""
    decoder = ContentDecoder(coding, limit_bytes, ratio)
    plain = decoder.feed(data)
    return Decoded(plain, decoder.is_complete())
