"""Masks, in the raw bytes of a stream, a secret that it carries in pieces, a few characters an event. Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache

import pcre2

_FIELD = rb'"(?:content|text|delta|arguments|partial_json|reasoning|reasoning_content|refusal)": ?"'
_OTHER = rb"(?:(?!" + _FIELD + rb")[^\r\n])*+"  # the rest of a line up to a field that carries text
_END = rb"(?:\r\n|\r|\n)"
# What follows that rest, to the start of the next event's text, over comments and the lines that name an event.
_NEXT = _END + rb"(?:(?:(?:event|id|retry)?:[^\r\n]*)?" + _END + rb")*data: ?" + _OTHER + _FIELD
# Matches where it is searched from: `match` does without the JIT compiler.
_REST_AND_NEXT = pcre2.compile(rb'\G"' + _OTHER + rb"(" + _NEXT + rb")?+")
_JUNK = re.compile(rb'(?>"' + _OTHER + _NEXT + rb")")
_PIECE_BYTES = 64
_A_LOOK = 16
"""What looking at no byte costs, in bytes."""
LEAST_STEPS = 1_000_000
STEPS_A_BYTE = 4
"""How much is looked at, in bytes, before it is given up: a stream can almost say a secret very often."""


class MaskError(Exception):
    """It takes too long to see whether secrets are in a stream in pieces."""


class _Steps:
    """How much more may be looked at."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise MaskError("secrets take too long to be looked for")


def mask(stream: bytes, secrets: Iterable[bytes]) -> bytes:
    """The stream with every character of these secrets replaced by `x`, whatever events it was split over. Raises
    MaskError."""
    for secret in secrets:
        stream = _mask_one(stream, secret, _Steps(LEAST_STEPS + STEPS_A_BYTE * len(stream)))
    return stream


def _mask_one(stream: bytes, secret: bytes, steps: _Steps) -> bytes:
    begin = _compile(secret[:2])
    parts: list[bytes] = []
    done = 0
    found = begin.search(stream)
    while found:
        end = _follow(stream, found.start(), secret, steps)
        if end is not None:
            parts += (stream[done : found.start()], _cross_out(stream[found.start() : end]))
            done = end
        found = begin.search(stream, found.start() + 1 if end is None else end)
    return b"".join([*parts, stream[done:]])


@lru_cache(maxsize=256)
def _compile(begin: bytes) -> re.Pattern[bytes]:
    """Where a secret may begin: its second character follows, or the end of a text."""
    ahead = b'(?=["' + re.escape(begin[1:]) + b"])" if len(begin) > 1 else b""
    return re.compile(re.escape(begin[:1]) + ahead)


def _follow(stream: bytes, at: int, secret: bytes, steps: _Steps) -> int | None:
    """Where a secret ends that begins at this offset; None if it does not."""
    place = 0
    while place < len(secret):
        steps.take(_A_LOOK)
        piece = secret[place : place + _PIECE_BYTES]
        if not stream.startswith(piece, at):
            at = _skip_junk(stream, at, steps) if place else at
            piece = piece[:1]
            if not stream.startswith(piece, at):
                return None
        steps.take(len(piece))
        at += len(piece)
        place += len(piece)
    return at


def _skip_junk(stream: bytes, at: int, steps: _Steps) -> int:
    """Where the next event's text begins, if a text ends at this offset; else the same offset."""
    found = _REST_AND_NEXT.search(stream, at)
    if found is None:
        return at
    end: int = found.end(1)
    steps.take((found.end() if end < 0 else end) - at)
    return at if end < 0 else end


def _cross_out(said: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    for junk in _JUNK.finditer(said):
        parts += (b"x" * (junk.start() - at), junk[0])
        at = junk.end()
    parts.append(b"x" * (len(said) - at))
    return b"".join(parts)
