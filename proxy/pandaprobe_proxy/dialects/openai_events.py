"""The fold of OpenAI streams whose events have a type: errors, the end, and the events that a dialect does not know."""

from collections.abc import Callable, Iterable
from typing import Any

from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_value
from pandaprobe_proxy.model.call import CallError
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
Take = Callable[[str, dict[str, Json], int], bool]
"""(type, fields, offset where the event ends): False if the dialect does not know it, or it has another shape."""


class EventFold:
    """Takes the events of one stream in."""

    def __init__(self, take: Take) -> None:
        self.done = False
        self.lossy = False
        self.error: CallError | None = None
        self.unknown: list[Json] = []
        self._take = take

    def read(self, events: Iterable[StreamEvent]) -> None:
        """Takes in the events up to `[DONE]`."""
        for event in events:
            if event.data.startswith("[DONE]"):
                self.done = True
                return
            self._add(event)

    def _add(self, event: StreamEvent) -> None:
        try:
            value = read_value(event)
        except ValueError:
            value = event.data
        if not isinstance(value, dict):
            self.lossy = True
            self.unknown.append({"type": event.event, "data": value})
            return
        kind = value.get("type")
        kind = kind if isinstance(kind, str) and event.event == "message" else event.event
        if kind == "error" or (value.get("error") and not value.get("object")):
            self.error = self.error or read_error(value)
        elif not self._take(kind, value, event.end):
            self.unknown.append(value if kind == value.get("type") else {"event": kind} | value)

    def extra(self) -> dict[str, Json]:
        """The unknown events as they were sent."""
        return {"events": self.unknown} if self.unknown else {}
