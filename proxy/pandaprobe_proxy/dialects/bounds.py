"""How many entries of a body are decoded: hundreds of thousands go into little space, and each takes its time.

What is beyond is left out of the call, which is lossy then; the bytes are kept all the same.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
MOST_ENTRIES = 5_000
"""Of all lists of messages, parts, calls and the like together."""
MOST_SMALL = 2_100
"""Of one list whose entries have less than 32 bytes each: what says something has more. 2,048 texts are embedded."""
_ENTRY_BYTES = 32
MOST_ANSWERS = 1_000
"""Of alternatives to one answer."""
MOST_TINY = 5_000
LEAST_BYTES = 48
"""Beyond so many events, each has to have so many bytes on average: what says something has more."""
_SMALL = 2 * MOST_ANSWERS
"""Less text than that has no room for too many entries."""
_ANSWERS = frozenset({"choices", "candidates"})
_LISTS = _ANSWERS | {"content", "contents", "input", "messages", "output", "parts", "prompt", "system", "tool_calls"}
_TOKENS = frozenset({"input", "prompt"})
"""Lists that may be numbers, as many as there are."""
_WHOLE = frozenset({"args", "arguments", "input", "logprobs", "logprobsResult", "metadata", "parameters"})
"""Objects that are kept as they are, so that what is in them costs little."""


def may_exceed(data: bytes | str) -> bool:
    """Whether a JSON text is such that there may be too many entries in it."""
    if len(data) < _SMALL:
        return False
    return (data.count(",") if isinstance(data, str) else data.count(b",")) >= MOST_ANSWERS


def trim(body: Json, size: int) -> bool:
    """Shortens the lists in a body of so many bytes to what is decoded, inner ones before outer ones. True if there was
    more."""
    left, trimmed = MOST_ENTRIES, False
    level = [body]
    while level:
        inner: list[Json] = []
        for key, value in ((key, value) for item in level for key, value in item.items()):
            if isinstance(value, dict) and key not in _WHOLE:
                inner.append(value)
            elif isinstance(value, list) and key in _LISTS and not (key in _TOKENS and _is_numbers(value)):
                most = min(left, MOST_ANSWERS if key in _ANSWERS else _limit(value, size))
                trimmed = trimmed or len(value) > most
                del value[most:]
                left -= len(value)
                inner += [entry for entry in value if isinstance(entry, dict)]
        level = inner
    return trimmed


def _limit(entries: list[Json], size: int) -> int:
    return MOST_ENTRIES if len(entries) * _ENTRY_BYTES <= size else MOST_SMALL


def _is_numbers(entries: list[Json]) -> bool:
    return all(type(entry) in (int, float) for entry in entries)


class BoundedEvents:
    """The events of a stream, each with no more entries than are decoded; until there are very many tiny ones."""

    def __init__(self, events: Iterable[StreamEvent]) -> None:
        self.trimmed = False
        """Whether there was more."""
        self._events = events

    def __iter__(self) -> Iterator[StreamEvent]:
        for count, event in enumerate(self._events):
            if count > MOST_TINY and event.end < count * LEAST_BYTES:
                self.trimmed = True
                return
            # A run is one long text, and has no more entries than the event that it began with.
            yield event if event.events > 1 or len(event.data) < _SMALL else self._trim(event)

    def _trim(self, event: StreamEvent) -> StreamEvent:
        if not may_exceed(event.data):
            return event
        try:
            value = parse_json(event.data)
        except ValueError:
            return event
        if not isinstance(value, dict):
            return event
        if not trim(value, len(event.data)):
            return event._replace(value=value)
        self.trimmed = True
        return event._replace(data=json.dumps(value), value=value)
