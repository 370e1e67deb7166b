"""What the events of a run have in common, told from its first event: the bytes around the values that may vary.

A form takes nothing on trust. What stands between two texts is one regular expression, all of whose bytes are given but
for the values that vary; in one pass over many events it is replaced by a mark. They are alike just if marks and
insides of JSON strings are all that remains. PCRE2 makes that pass: it makes no object for an event.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec
import pcre2

from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
NUMBER = rb"(0|[1-9][0-9]{0,14}+)"
PADDING = rb'"([A-Za-z0-9_-]*+)"'
_PLAIN = rb"[\x20\x21\x23-\x5b\x5d-\x7f]*+"
_PLAIN_OR_MARK = rb"[\x01\x02\x20\x21\x23-\x5b\x5d-\x7f]*+"
_ESCAPE = rb"""\\ (?: ["\\/bfnrt] | u (?! [dD][89a-fA-F] ) [0-9a-fA-F]{4}
    | u [dD][89abAB][0-9a-fA-F]{2} \\u [dD][c-fC-F][0-9a-fA-F]{2} )"""
_UTF_8 = rb"""[\xc2-\xdf][\x80-\xbf] | \xe0[\xa0-\xbf][\x80-\xbf] | \xed[\x80-\x9f][\x80-\xbf]
    | [\xe1-\xec\xee\xef][\x80-\xbf]{2} | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf3][\x80-\xbf]{3}
    | \xf4[\x80-\x8f][\x80-\xbf]{2}"""
_TEXT = rb"((?x: %b (?: (?: %b | %b ) %b )*+ ))" % (_PLAIN, _ESCAPE, _UTF_8, _PLAIN)
"""The inside of a JSON string that can be joined with others: without half an escape, half a character, or half a
surrogate pair."""
_MARK, _NUMBER_END = b"\x01", b"\x02"
"""Of each gap between two texts remains the first, or both with a number between them."""
_TEXTS = pcre2.compile(rb"\x02[^\x01]*+\x01?+")
"""What is between two numbers. Without a group, which takes longer."""
_NUMBERED = pcre2.compile(rb"\x01[0-9]++\x02")
_TAIL = re.compile(rb"( *+)\}\n++\Z")
_MOST_TEXTS = 16
"""That come in turn. Taking them apart takes a pass for each."""


class Role(Enum):
    """What a value that varies says."""

    LAST = 1
    """Nothing, or what only the last one says."""
    RISES = 2
    """A number that is one more with each event."""
    WHOSE = 3
    """A number that says to which of several texts, which come in turn, an event belongs."""


_MARKS = {Role.LAST: b"\x01", Role.RISES: b"\x01$1\x02", Role.WHOSE: b"\x01$1\x02"}
_MARKED = pcre2.compile(rb"(?x: \A %b (?: (?: %b | %b ) %b )*+ )" % (_PLAIN_OR_MARK, _ESCAPE, _UTF_8, _PLAIN_OR_MARK))
"""Marks and insides of JSON strings, from the beginning. To be searched for: `match` does without the JIT compiler."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What may vary within a run. It is the dialect's word that reading the run as one event loses nothing else."""

    grows: Callable[[dict[str, Json], str], str | None]
    """(JSON of an event, its type): the key of the text that comes in pieces; None if the event has to stand alone."""
    varies: Mapping[str, bytes] = field(default_factory=dict)
    """By key, patterns (each with one group) of values of which only the last counts, or none."""
    rises: str | None = None
    """The key of a number that is one more with each event."""
    whose: str | None = None
    """The key of a number that says to which text an event belongs. The run is one event for each text then."""
    padded: bool = False
    """Whether the spaces before the last brace vary."""


@dataclass(frozen=True, slots=True, order=True)
class _Value:
    """Where a value stands in an event, and what it may be in others."""

    start: int
    end: int
    pattern: bytes
    role: Role = field(default=Role.LAST, compare=False)


class Form:
    """The form of one run, and how far its number has risen."""

    def __init__(self, first: StreamEvent, raw: bytes, inside: slice, values: Sequence[_Value]) -> None:
        """`raw` are the bytes of the first event, its JSON those of `inside`; `values` are what varies, in order.

        Raises pcre2.LibraryError if a regular expression cannot be as long.
        """
        starts, ends = [value.start for value in values], [value.end for value in values]
        self._first = first
        self._inside = inside
        self._constants = [raw[start:end] for start, end in zip([0, *ends], [*starts, len(raw)], strict=True)]
        self._pattern = _compile(tuple(map(len, self._constants)), tuple(value.pattern for value in values))
        self._growing = next(at for at, value in enumerate(values) if value.pattern is _TEXT)
        self._numbered = next((at for at, value in enumerate(values) if value.role is not Role.LAST), -1)
        self._role = Role.LAST if self._numbered < 0 else values[self._numbered].role
        self._risen = 0 if self._numbered < 0 else int(raw[starts[self._numbered] : ends[self._numbered]])
        self._head, self._tail = raw[: starts[self._growing]], raw[ends[self._growing] :]
        self._lines = raw.count(b"\n")
        self._gap = pcre2.compile(self._write_gap(values))

    def _write_gap(self, values: Sequence[_Value]) -> bytes:
        """What stands between two texts, with a number that matters as its group."""
        constants = [rb"\Q%b\E" % constant for constant in self._constants]
        patterns = [b"(?:" + value.pattern[1:] if value.role is Role.LAST else value.pattern for value in values]
        patterns[self._growing] = b""
        parts = [*chain(*zip(constants, patterns, strict=False)), constants[-1]]
        between = 2 * self._growing + 1
        return b"".join([*parts[between:], *parts[:between]])

    def find_end(self, body: bytes, start: int, end: int) -> int:
        """Where the last of the events that may be between these offsets ends; `start` if there can be none."""
        longest, last = max(self._constants, key=len), self._constants[-1]
        found = body.rfind(longest, start, end)
        while found >= 0:
            finish = body.find(last, found if longest is last else found + len(longest), end)
            if finish >= 0:
                return finish + len(last)
            found = body.rfind(longest, start, found)
        return start

    def read(self, body: bytes, start: int, end: int) -> list[StreamEvent]:
        """The events from `start` on that are alike, in as few as can be; the last may end at `end`."""
        count, marked = self._mark(body, start, end)
        if not marked:
            return self.read(body, start, _find_line(body, start, end, count * self._lines)) if count else []
        texts = self._part(marked, count)
        self._risen += count
        last = self._read_last(body, start, end)
        return [self._tell(last, number, text, end, events) for number, text, events in texts]

    def _mark(self, body: bytes, start: int, end: int) -> tuple[int, bytes]:
        """(how many events are alike, their texts with a mark before and after each), without texts if not all are."""
        if body.find(_MARK, start, end) >= 0 or body.find(_NUMBER_END, start, end) >= 0:
            return 0, b""
        data = b"".join((self._tail, memoryview(body)[start:end], self._head))
        reduced, gaps = self._gap.subn(_MARKS[self._role], data)
        marked = _MARKED.search(reduced).end()
        whole = marked == len(reduced)
        alike = max(0, (gaps if whole else reduced.count(_MARK, 0, marked)) - 1)
        risen = self._count_rising(reduced[:marked], alike) if self._role is Role.RISES and alike else alike
        return risen, reduced if whole and risen == alike else b""

    def _count_rising(self, marked: bytes, count: int) -> int:
        """How many of the numbers, from the first on, rise as they should."""
        numbers: bytes = _TEXTS.sub(b",", marked[1:])
        if self._numbered > self._growing:
            numbers = numbers.partition(b",")[2]  # a mark has the number of the event before it
        expected = range(self._risen + 1, self._risen + 1 + count)
        if numbers.startswith(msgspec.json.encode(list(expected))[1:-1] + b","):
            return count
        told = map(int, numbers.split(b",")[:count])
        return next(at for at, number in enumerate(told) if number != expected[at])

    def _part(self, marked: bytes, count: int) -> list[tuple[bytes, bytes, int]]:
        """(number, text, how many events) of each text."""
        if self._role is Role.LAST:
            return [(b"", marked.replace(_MARK, b""), count)]
        if self._role is Role.RISES:
            return [(b"", _NUMBERED.sub(b"", marked), count)]
        texts: list[tuple[bytes, bytes, int]] = []
        rest = marked[: marked.rindex(_MARK)]
        while rest and len(texts) < _MOST_TEXTS:
            number = rest[1 : rest.index(_NUMBER_END)]
            mine, others = _compile_parts(number)
            text = mine.sub(b"$1", rest)
            rest, events = others.subn(b"", rest)
            texts.append((number, text, events))
        return [] if rest else texts

    def _tell(self, last: list[bytes], number: bytes, text: bytes, end: int, events: int) -> StreamEvent:
        """The events with this text, or with that and this number, as one: of other values it has the last ones."""
        values = list(last)
        values[self._growing] = text
        if number:
            values[self._numbered] = number
        return self._first._replace(data=self._write(values)[self._inside].decode(), end=end, events=events)

    def _write(self, values: Sequence[bytes]) -> bytes:
        """The bytes of an event with these values."""
        return b"".join(chain(*zip(self._constants, [*values, b""], strict=True)))

    def _read_last(self, body: bytes, start: int, end: int) -> list[bytes]:
        """The values of the event that ends at `end`."""
        at = end - 1
        for _ in range(self._lines):
            at = body.rfind(b"\n", start, at)
        found = next(self._pattern.finditer(body, max(at + 1, start), end))
        return list(found.groups())


def _find_line(body: bytes, start: int, end: int, lines: int) -> int:
    """Where so many lines end."""
    return end - len(body[start:end].split(b"\n", lines)[-1])


@lru_cache(maxsize=256)
def _compile(lengths: tuple[int, ...], values: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Of an event that is known to be alike, by the lengths of its constants."""
    skips = [b"(?s:.{%d})" % length for length in lengths]
    return re.compile(b"".join(map(b"".join, zip(skips, (*values, b""), strict=True))))


@lru_cache(maxsize=4 * _MOST_TEXTS)
def _compile_parts(number: bytes) -> tuple[pcre2.Pattern, pcre2.Pattern]:
    """Of texts with numbered marks: to keep those of one number as `$1`, and to drop them."""
    mine = rb"\x01%b\x02([^\x01]*+)" % number
    return pcre2.compile(mine + rb"|\x01[^\x01]*+"), pcre2.compile(mine)


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
    if text is None or b"\\" in raw[: text.start] + raw[text.end :]:
        return None  # with an escape in it, a value may not be that of the key it seems to have
    values = sorted([replace(text, pattern=_TEXT), *_find_beside(raw, alike, text)])
    try:
        return Form(first, raw, slice(found.start(1), found.end(1) - len(raw)), values)
    except pcre2.LibraryError:
        return None


def _find_beside(raw: bytes, alike: Alike, text: _Value) -> Iterator[_Value]:
    """What varies beside the text."""
    for key, pattern in alike.varies.items():
        role = Role.RISES if key == alike.rises else Role.LAST
        value = _find(raw, key, pattern, role)
        if value is not None:
            yield value
    turn = _find(raw, alike.whose, NUMBER, Role.WHOSE) if alike.whose else None
    if turn is not None and turn < text:
        yield turn
    if alike.padded:
        yield from (_Value(*found.span(1), b"( *+)") for found in _TAIL.finditer(raw))


def _find(raw: bytes, key: str, pattern: bytes, role: Role = Role.LAST) -> _Value | None:
    """The value of a key that is there once, if it is like the pattern."""
    name = b'"%b"' % key.encode()
    found = re.search(re.escape(name) + rb": ?" + pattern + rb"(?=[ ,\]}])", raw) if raw.count(name) == 1 else None
    return found and _Value(*found.span(1), pattern.strip(b'"'), role)
