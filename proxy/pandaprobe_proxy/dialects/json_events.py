"""The JSON objects that the events of a stream hold, one by one."""

from collections.abc import Iterable, Iterator
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any


def read_objects(events: Iterable[StreamEvent]) -> Iterator[tuple[dict[str, Json] | None, StreamEvent]]:
    """(object, its event), up to `[DONE]` if there is one; None in place of an object where an event holds none."""
    for event in events:
        if event.data.startswith("[DONE]"):
            return
        yield event.value or read_object(event.data), event


def read_value(event: StreamEvent) -> Json:
    """The JSON value of an event, or of a run. Raises ValueError."""
    return parse_json(event.data) if event.value is None else event.value


def read_object(data: str) -> dict[str, Json] | None:
    """The object that a text holds; None if it holds none."""
    try:
        value = parse_json(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
