"""What the events of a run have in common, told from its first event: the bytes around the values that may vary.

A form takes nothing on trust. What stands between two texts is one regular expression, all of whose bytes are given but
for the values that vary; in one pass over many events it is taken out. They are alike just if what remains is the
inside of one JSON string, since what is no such thing has a quote or a line end too many. PCRE2 makes that pass: it
makes no object for an event. Texts that have to be told apart by numbers become a JSON list of both.
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
TIME = rb'"([0-9TZ:.+-]*+)"'
_TEXT = rb"((?s:[^\"\\]*+(?:\\.[^\"\\]*+)*+))"
"""The inside of a JSON string."""
_NUMBERED = b'",$1,"'
_HALF = (rb"\\u", rb"\\u.", rb"\\u..", rb"\\u...", rb"\\u[dD][89abAB]..")
_PAIRS = rb"(?:(?<!\\)|(?<=(?<!\\)\\\\)|(?<=(?<!\\)\\\\\\\\))"
_WHOLE_BEFORE = _PAIRS + b"".join(b"(?<!%b)" % half for half in _HALF)
"""Where a text ends without half an escape or half a surrogate pair, which another one could complete."""
_WHOLE_AFTER = rb"(?![\x80-\xbf])"
"""Where a text begins without half a character."""
_TAIL = re.compile(rb"( *+)\}\n++\Z")
_MOST_TRIED = 8
"""Events that end as those of the run do, and are not alike."""
_MOST_NESTED = 50
"""What has more brackets may be nested too deeply for those who read it, and stands alone."""
_decode = msgspec.json.Decoder().decode


class Role(Enum):
    """What a value that varies says."""

    LAST = 1
    """Nothing, or what only the last one says."""
    RISES = 2
    """A number that is one more with each event."""
    WHOSE = 3
    """A number that says to which of several texts, which come in turn, an event belongs."""


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

    def __init__(self, first: StreamEvent, raw: bytes, begin: int, key: str, values: Sequence[_Value]) -> None:
        """`raw` are the bytes of the first event, whose JSON begins at `begin`, `values` what varies in them, in order;
        the text is that of `key`.

        Raises pcre2.LibraryError if a regular expression cannot be as long.
        """
        starts, ends = [value.start for value in values], [value.end for value in values]
        self._first = first
        self._begin = begin
        self._key = key
        self._constants = [raw[start:end] for start, end in zip([0, *ends], [*starts, len(raw)], strict=True)]
        self._longest = max(self._constants, key=len)
        self._values = values
        self._pattern = _compile(tuple(map(len, self._constants)), tuple(value.pattern for value in values))
        self._growing = next(at for at, value in enumerate(values) if value.pattern is _TEXT)
        self._number = next((at for at, value in enumerate(values) if value.role is not Role.LAST), -1)
        self._role = Role.LAST if self._number < 0 else values[self._number].role
        self._risen = 0 if self._number < 0 else int(raw[starts[self._number] : ends[self._number]])
        self._head, self._tail = raw[: starts[self._growing]], raw[ends[self._growing] :]
        self._lines = raw.count(b"\n")
        self._turns = False
        """Whether texts have come in turn."""
        self._gap = pcre2.compile(self._write_gap())

    def _write_gap(self) -> bytes:
        """What stands between two texts, with a number that matters as its group."""
        constants = [rb"\Q%b\E" % constant for constant in self._constants]
        patterns = [b"(?:" + value.pattern[1:] if value.role is Role.LAST else value.pattern for value in self._values]
        if self._role is Role.WHOSE and not self._turns:
            patterns[self._number] = b"%d" % self._risen
        parts = [*chain(*zip(constants, patterns, strict=False)), constants[-1]]
        text = 2 * self._growing + 1
        return b"".join((_WHOLE_BEFORE, *parts[text + 1 :], *parts[:text], _WHOLE_AFTER))

    def find_last(self, body: bytes, start: int, end: int) -> tuple[int, tuple[bytes, ...]]:
        """(where it ends, its values) of the last event between these offsets that may be alike; at `start` if none."""
        longest, last, found = self._longest, self._constants[-1], end
        for _ in range(_MOST_TRIED if body.startswith(self._constants[0], start) else 0):
            found = body.rfind(longest, start, found)
            if found < 0:
                break
            finish = body.find(last, found if longest is last else found + len(longest), end) + len(last)
            values = self._read_values(body, start, finish) if finish >= len(last) else None
            if values:
                return finish, values.groups()
        return start, ()

    def _read_values(self, body: bytes, start: int, end: int) -> re.Match[bytes] | None:
        """The values of the event that ends at `end`."""
        at = end - 1
        for _ in range(self._lines):
            at = body.rfind(b"\n", start, at)
        return self._pattern.fullmatch(body, max(at + 1, start), end)

    def read(self, body: bytes, start: int, end: int, last: Sequence[bytes]) -> list[StreamEvent]:
        """The events between these offsets, in as few as can be, of which the last has these values; none if they are
        not all alike."""
        try:
            texts = self._read_texts(b"".join((self._tail, memoryview(body)[start:end], self._head)))
        except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError):
            texts = []
        if texts or self._role is not Role.WHOSE or self._turns:
            return [self._tell(last, number, text, end, events) for number, text, events in texts]
        self._turns = True
        self._gap = pcre2.compile(self._write_gap())
        return self.read(body, start, end, last)

    def _read_texts(self, data: bytes) -> list[tuple[int, str, int]]:
        """(number, text, how many events) of each text; none if not all are alike. Raises what `read` catches."""
        if self._role is Role.RISES or self._turns:
            inside, gaps = self._gap.subn(_NUMBERED, data)
            items = _decode(b'["%b"]' % inside)
            numbers = items[1:-2:2] if self._number < self._growing else items[3::2]
            return self._part(numbers, items[2:-1:2]) if len(items) == 2 * gaps + 1 else []
        inside, gaps = self._gap.subn(b"", data)
        return [(self._risen, _decode(b'"%b"' % inside), gaps - 1)]

    def _part(self, numbers: list[int], texts: list[str]) -> list[tuple[int, str, int]]:
        """The same of the number and the text of each event."""
        if self._role is Role.RISES:
            risen = self._risen + len(texts)
            if numbers != list(range(self._risen + 1, risen + 1)):
                return []
            self._risen = risen
            return [(risen, "".join(texts), len(texts))]
        return _group(numbers, texts)

    def _tell(self, last: Sequence[bytes], number: int, text: str, end: int, events: int) -> StreamEvent:
        """The events with this text, or with that and this number, as one: of other values it has the last ones."""
        values = list(last)
        values[self._growing] = b""
        if self._number >= 0:
            values[self._number] = b"%d" % number
        raw = b"".join(chain(*zip(self._constants, [*values, b""], strict=True)))
        value = _decode(raw[self._begin :])
        _place(value, self._key, text)
        return self._first._replace(data="", end=end, events=events, value=value)


def _group(numbers: list[int], texts: list[str]) -> list[tuple[int, str, int]]:
    """(number, its text, how many events) of each number; none if one is no number."""
    if set(map(type, numbers)) != {int}:
        return []
    kinds, count = len(set(numbers)), len(numbers)
    parts: dict[int, list[str]] = {}
    if numbers == (numbers[:kinds] * (count // kinds + 1))[:count]:
        parts = {number: texts[at::kinds] for at, number in enumerate(numbers[:kinds])}
    else:
        for number, text in zip(numbers, texts, strict=True):
            parts.setdefault(number, []).append(text)
    return [(number, "".join(part), len(part)) for number, part in parts.items()]


def _place(value: Json, key: str, text: str) -> None:
    """Sets what is held under a key that is there once, somewhere in the value."""
    if key in value and isinstance(value, dict):
        value[key] = text
        return
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _place(inner, key, text)


@lru_cache(maxsize=256)
def _compile(lengths: tuple[int, ...], values: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Of an event that is known to be alike, by the lengths of its constants."""
    skips = [b"(?s:.{%d})" % length for length in lengths]
    return re.compile(b"".join(map(b"".join, zip(skips, (*values, b""), strict=True))))


def learn(raw: bytes, first: StreamEvent, alike: Alike, whole: re.Pattern[bytes]) -> Form | None:
    """The form of the run that an event may begin; None if the event has to stand alone.

    `raw` are its bytes; `whole` matches those of an event, and has its JSON as a group.
    """
    found = whole.fullmatch(raw)
    if found is None or raw.count(b"[") + raw.count(b"{") > _MOST_NESTED:
        return None
    try:
        value = msgspec.json.decode(found[1])
    except (msgspec.MsgspecError, UnicodeError):
        return None
    key = alike.grows(value, first.event)
    text = _find(raw, key, b'"' + _TEXT + b'"') if key else None
    if key is None or text is None or b"\\" in raw[: text.start] + raw[text.end :]:
        return None  # with an escape in it, a value may not be that of the key it seems to have
    values = sorted([replace(text, pattern=_TEXT), *_find_beside(raw, alike, text)])
    try:
        return Form(first, raw, found.start(1), key, values)
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
    name = re.escape(b'"%b"' % key.encode())
    once = len(re.findall(name + rb"\s*:", raw)) == 1  # as a value it may be there, too
    found = re.search(name + rb": ?" + pattern + rb"(?=[ ,\]}])", raw) if once else None
    return found and _Value(*found.span(1), pattern.strip(b'"'), role)
