"""What the events of a run have in common, told from its first event: the bytes around the values that may vary.

A form takes nothing on trust: it finds the values of many events at once, writes the events again from them, and has
found only what is the same bytes then.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import msgspec

from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
Column = Sequence[bytes]
"""One value of each event."""
NUMBER = rb"(0|[1-9][0-9]{0,14}+)"
PADDING = rb'"([A-Za-z0-9_-]*+)"'
_TEXT = rb"""((?x: [^"\\\x00-\x1f]*+ (?: \\ (?: ["\\/bfnrt]
    | u (?! [dD][89a-fA-F] ) [0-9a-fA-F]{4}
    | u [dD][89abAB][0-9a-fA-F]{2} \\u [dD][c-fC-F][0-9a-fA-F]{2} )
    [^"\\\x00-\x1f]*+ )*+ ))"""
"""The inside of a JSON string that can be joined with others: without half an escape, or half a surrogate pair."""
_SPACES = re.compile(rb"( *+)\}\n++\Z")


@dataclass(frozen=True, slots=True)
class Alike:
    """What may vary within a run. It is the dialect's word that reading the run as one event loses nothing else."""

    grows: Callable[[dict[str, Json], str], str | None]
    """(JSON of an event, its type): the key of the text that comes in pieces; None if the event has to stand alone."""
    varies: Mapping[str, bytes] = field(default_factory=dict)
    """By key, patterns (each with one group) of values of which only the last counts, or none."""
    rises: str | None = None
    """The key of a number, one of `varies`, that is one more with each event."""
    padded: bool = False
    """Whether the spaces before the last brace vary."""


@dataclass(frozen=True, slots=True, order=True)
class _Value:
    """Where a value stands in an event, and what it may be in others."""

    start: int
    end: int
    pattern: bytes
    rises: bool = False


class Form:
    """The form of one run, and how far its number has risen."""

    def __init__(self, first: StreamEvent, raw: bytes, inside: slice, values: Sequence[_Value]) -> None:
        """`raw` are the bytes of the first event, its JSON those of `inside`; `values` are what varies, in order."""
        starts, ends = [value.start for value in values], [value.end for value in values]
        self._first = first
        self._inside = inside
        self._constants = [raw[start:end] for start, end in zip([0, *ends], [*starts, len(raw)], strict=True)]
        self._pattern = _compile(tuple(map(len, self._constants)), tuple(value.pattern for value in values))
        self._growing = next(at for at, value in enumerate(values) if value.pattern is _TEXT)
        self._rising = next((at for at, value in enumerate(values) if value.rises), None)
        self._risen = 0 if self._rising is None else int(raw[starts[self._rising] : ends[self._rising]])

    def is_plain(self) -> bool:
        """Whether every key is written as it is; otherwise a value may not be that of the key it seems to have."""
        return not any(b"\\" in constant for constant in self._constants)

    def cut(self, body: bytes, start: int, end: int) -> bytes:
        """What may be whole events between these offsets."""
        last = self._constants[-1]
        found = body.rfind(last, start, end)
        return body[start : found + len(last)] if found >= 0 else b""

    def read(self, data: bytes) -> StreamEvent | None:
        """The events that `data` begins with as one, which ends where they do; None if there are none."""
        columns = self._split(data)
        count = min(self._count_texts(columns[self._growing]), self._count_rising(columns))
        if not count:
            return None
        columns = [column[:count] for column in columns]
        joined = [b"".join(column) for column in columns]
        length = count * sum(map(len, self._constants)) + sum(map(len, joined))
        whole = [[joined[at] if at == self._growing else column[-1]] for at, column in enumerate(columns)]
        self._risen += count
        return self._first._replace(data=self._write(whole)[self._inside].decode(), end=length, events=count)

    def _split(self, data: bytes) -> list[Column]:
        """The values of the events that `data` begins with."""
        parts = self._pattern.split(data)
        width = self._pattern.groups + 1
        end = len(parts) if parts[-2] is not None else -width
        columns: list[Column] = [parts[at:end:width] for at in range(1, width)]
        if self._write(columns) == data:
            return columns

        def is_beyond(count: int) -> bool:
            return not data.startswith(self._write([column[:count] for column in columns]))

        count = bisect_left(range(1, len(columns[0]) + 1), True, key=is_beyond)
        return [column[:count] for column in columns]

    def _write(self, columns: Sequence[Column]) -> bytes:
        """The bytes of events with these values."""
        first, *inner, last = self._constants
        count, width = len(columns[0]), 2 * len(columns)
        parts = [first, *[last + first] * (width * count)]
        for at, column in enumerate(columns):
            parts[2 * at + 1 :: width] = column
        for at, constant in enumerate(inner):
            parts[2 * at + 2 :: width] = [constant] * count
        parts[-1] = last
        return b"".join(parts)

    def _count_texts(self, texts: Column) -> int:
        """How many of the texts, from the first on, are UTF-8 by themselves."""
        joined = b"\n".join(texts)
        try:
            joined.decode()
        except UnicodeDecodeError as error:
            return joined.count(b"\n", 0, error.start)
        return len(texts)

    def _count_rising(self, columns: list[Column]) -> int:
        """How many of the numbers, from the first on, rise as they should."""
        if self._rising is None:
            return len(columns[0])
        numbers = list(map(int, columns[self._rising]))
        expected = range(self._risen + 1, self._risen + 1 + len(numbers))
        if numbers == list(expected):
            return len(numbers)
        return next(at for at, number in enumerate(expected) if numbers[at] != number)


@lru_cache(maxsize=256)
def _compile(lengths: tuple[int, ...], values: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Of an event, by the lengths of its constants. Where none begins the rest matches: nothing is looked at twice."""
    skips = [b"(?s:.{%d})" % length for length in lengths]
    return re.compile(b"".join(map(b"".join, zip(skips, (*values, b""), strict=True))) + b"|(?s:.++)")


def learn(raw: bytes, first: StreamEvent, alike: Alike, whole: re.Pattern[bytes]) -> Form | None:
    """The form of the run that an event may begin; None if the event has to stand alone.

    `raw` are its bytes; `whole` matches those of an event, and has its JSON as a group.
    """
    found = whole.fullmatch(raw)
    if found is None:
        return None
    try:
        value = msgspec.json.decode(found[1])
    except (msgspec.MsgspecError, UnicodeError):
        return None
    key = alike.grows(value, first.event)
    text = _find(raw, key, b'"' + _TEXT + b'"') if key else None
    if text is None:
        return None
    beside = [_find(raw, key, pattern, key == alike.rises) for key, pattern in alike.varies.items()]
    spaces = [_Value(*found.span(1), b"( *+)") for found in _SPACES.finditer(raw)] if alike.padded else []
    values = sorted([replace(text, pattern=_TEXT), *filter(None, beside), *spaces])
    form = Form(first, raw, slice(found.start(1), found.end(1) - len(raw)), values)
    return form if form.is_plain() else None


def _find(raw: bytes, key: str, pattern: bytes, rises: bool = False) -> _Value | None:
    """The value of a key that is there once, if it is like the pattern."""
    name = b'"%b"' % key.encode()
    found = re.search(re.escape(name) + rb": ?" + pattern, raw) if raw.count(name) == 1 else None
    return found and _Value(*found.span(1), pattern.strip(b'"'), rises)
