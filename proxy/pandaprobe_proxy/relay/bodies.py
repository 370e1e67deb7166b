"""Message bodies, sans-IO: how the bytes that arrive are un-framed, and framed again (RFC 9112 §6 and §7).

Each body is fed what arrives and gives what of it is content. Strict on purpose: whatever two readers could understand
in two ways is a FramingError. Nothing is held back but an unfinished chunk-size line, a CR, or unfinished trailers.
"""

import re

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.model.hops import for_trailers
from pandaprobe_proxy.relay import headers as fields

MAX_LINE = 4096
MAX_TRAILERS = 16_384

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?")
_PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_TRAILER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")


class FramingError(Exception):
    """A body that cannot be what its head claims. One clause, to be put into a sentence."""


class Sized:
    """A body of a length told beforehand; of length 0 it is done at once."""

    __slots__ = ("_left", "done", "rest")
    trailers: Headers = ()

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """The content in `data`; what follows the body's end is kept as `rest`."""
        over = len(data) - self._left
        if over < 0:
            self._left = -over
            return data
        self._left = 0
        self.done = True
        if over == 0:
            return data
        self.rest = data[-over:]
        return data[:-over]


class Unbounded:
    """A body that ends with its connection, and either direction of an upgraded one."""

    __slots__ = ("done", "rest")
    trailers: Headers = ()

    def __init__(self) -> None:
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        return data


class Chunked:
    """A body in chunks. Extensions are read over; trailers are kept."""

    __slots__ = ("_ending", "_held", "_left", "done", "rest", "trailers")

    def __init__(self) -> None:
        self._left = 0  # of the running chunk, the CRLF behind it included
        self._held = b""
        self._ending = False
        self.done = False
        self.rest = b""
        self.trailers: Headers = ()

    def feed(self, data: bytes) -> bytes:
        """The content in `data`. Raises FramingError."""
        if not (self._left or self._held or self._ending) and (content := _read_one(data)):
            return content
        if self._held:
            data, self._held = self._held + data, b""
        pieces: list[bytes] = []
        at, end = 0, len(data)
        while at < end and not self.done:
            if self._left:
                at = self._read_chunk(data, at, pieces)
            elif self._ending:
                at = self._read_trailers(data, at)
            else:
                at = self._read_size(data, at)
        if at < end:
            self.rest = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_size(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n", at)
        if (end if end >= 0 else len(data)) - at > MAX_LINE:
            raise FramingError("a chunk-size line is too long")
        if end < 0:
            if b"\n" in data[at:]:
                raise FramingError("a chunk-size line ends with a bare LF")
            self._held = data[at:]
            return len(data)
        match = _SIZE.fullmatch(data, at, end)
        if match is None:
            raise FramingError("a chunk size is not a hexadecimal number")
        size = int(match[1], 16)
        self._left = size + 2 if size else 0
        self._ending = size == 0
        return end + 2

    def _read_chunk(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        stop = at + self._left
        if stop <= len(data):
            if data[stop - 2 : stop] != b"\r\n":
                raise FramingError("a chunk is not as long as it says")
            if stop - at > 2:
                pieces.append(data[at : stop - 2])
            self._left = 0
            return stop
        piece = data[at : stop - 2]
        if piece:
            pieces.append(piece)
            self._left -= len(piece)
        self._held = data[at + len(piece) :]
        if self._held not in (b"", b"\r"):
            raise FramingError("a chunk is not as long as it says")
        return len(data)

    def _read_trailers(self, data: bytes, at: int) -> int:
        if data.startswith(b"\r\n", at):
            self.done = True
            return at + 2
        end = data.find(b"\r\n\r\n", at)
        if (end if end >= 0 else len(data)) - at > MAX_TRAILERS:
            raise FramingError("the trailers are too large")
        if end < 0:
            self._held = data[at:]
            return len(data)
        self.trailers = tuple(_trailer(line) for line in data[at:end].split(b"\r\n"))
        self.done = True
        return end + 4


Body = Sized | Unbounded | Chunked


def _read_one(data: bytes) -> bytes:
    """The content of what is exactly one chunk that has some, as most events of streams come; empty if it is not."""
    size = _PLAIN_SIZE.match(data)
    if size is None or len(data) - size.end() - 2 != int(size[1], 16) or not data.endswith(b"\r\n"):
        return b""
    return data[size.end() : -2]


def _trailer(line: bytes) -> tuple[bytes, bytes]:
    match = _TRAILER.fullmatch(line)
    if match is None:
        raise FramingError("a trailer is malformed")
    return match[1], match[2]


def chunk(data: bytes) -> bytes:
    """`data`, which is not empty, as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Headers = ()) -> bytes:
    """The end of a chunked body."""
    return b"0\r\n%b\r\n" % fields.write(for_trailers(trailers))


def rechunk(content: bytes, body: Body) -> bytes:
    """`content`, just fed out of `body`, as a chunk; with the end if `body` is done."""
    framed = chunk(content) if content else b""
    return framed + last_chunk(body.trailers) if body.done else framed
