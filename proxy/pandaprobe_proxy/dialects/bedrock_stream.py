"""The answer of a Converse stream, whose events are named by their frame or, in Nova's own form, by their one key."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bedrock_block_stream import BlockStream
from pandaprobe_proxy.dialects.bedrock_blocks import read_answer
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_fields import merge_field, without_nulls
from pandaprobe_proxy.model.call import CallError
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
EVENTS = frozenset(
    {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
)
EXCEPTION = "exception:"
"""How the type of a frame begins that tells of an exception."""
_PADDING = frozenset({"p", "contentBlockIndex"})


class ConverseStream:
    """One stream, taken in once."""

    def __init__(self) -> None:
        self._lossy = False
        self._began = False
        self._role = ""
        self._blocks: list[tuple[int, BlockStream]] = []
        self._by_index: dict[int, BlockStream] = {}
        self._body: dict[str, Json] = {}
        self._events: list[Json] = []
        self._error: CallError | None = None
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def read(self, events: Iterable[StreamEvent]) -> Answered:
        """The answer that the events give, whole or as far as they go."""
        for event in events:
            self._take_event(event)
        return self.finish()

    def _take_event(self, event: StreamEvent) -> None:
        try:
            value = parse_json(event.data)
        except ValueError:
            value = event.data
        if event.event.startswith(EXCEPTION):
            self._error = self._error or read_exception(event.event, value)
        elif not isinstance(value, dict):
            self._lossy = True
        elif event.event in EVENTS:
            self._take(event.event, value, event.end)
        else:
            for name, inner in value.items():
                self._take(name, inner, event.end)

    def _take(self, name: str, value: Json, end: int) -> None:
        if name in EVENTS and not isinstance(value, dict):
            self._lossy = True
        elif name == "contentBlockDelta":
            self._grow(value, end)
        elif name == "contentBlockStart":
            self._start_block(value, end)
        elif name == "messageStart":
            self._began = True
            self._role = self._role or str(value.get("role") or "")
        elif name.endswith("Exception"):
            self._error = self._error or read_exception(name, value)
        elif name in EVENTS:
            self._keep(value)
        elif name != "p":
            self._events.append({name: value})

    def _find(self, value: dict[str, Json]) -> tuple[int, BlockStream | None]:
        index = value.get("contentBlockIndex")
        place = index if isinstance(index, int) else max(self._by_index, default=0)
        return place, self._by_index.get(place)

    def _add_block(self, place: int, start: dict[str, Json]) -> BlockStream:
        block = self._by_index[place] = BlockStream(start)
        self._blocks.append((place, block))
        return block

    def _start_block(self, value: dict[str, Json], end: int) -> None:
        start = value.get("start")
        if not isinstance(start, dict):
            self._lossy = True
            return
        self._add_block(self._find(value)[0], start)
        if self._first_tool is None and "toolUse" in start:
            self._first_tool = end

    def _grow(self, value: dict[str, Json], end: int) -> None:
        delta = value.get("delta")
        if not isinstance(delta, dict):
            self._lossy = True
            return
        place, block = self._find(value)
        if block is None:
            block = self._add_block(place, {})
        if self._first_content is None and delta.get("text"):
            self._first_content = end
        if not block.add(delta):
            self._lossy = True

    def _keep(self, value: dict[str, Json]) -> None:
        for key, item in value.items():
            if key not in _PADDING and item is not None:
                merge_field(self._body, key, item)

    def finish(self) -> Answered:
        finished = bool(self._body.get("stopReason"))
        extra = {"events": self._events} if self._events else {}
        if not (self._began or self._blocks or finished):
            lossy = self._lossy or bool((self._events or self._body) and self._error is None)
            return Answered(error=self._error, extra=extra | self._body, finished=False, lossy=lossy)
        streams = [stream for _, stream in sorted(self._blocks, key=lambda placed: placed[0])]
        blocks = [(stream.finish(), stream.written) for stream in streams]
        kept = [(block, written) for block, written in blocks if block]
        message = without_nulls({"role": self._role or None, "content": [block for block, _ in kept]})
        read = read_answer(
            self._body | {"output": {"message": message}},
            {place: written for place, (_, written) in enumerate(kept) if written},
        )
        return replace(
            read,
            error=self._error,
            extra=read.extra | extra,
            finished=finished,
            lossy=self._lossy or read.lossy,
            first_content=self._first_content,
            first_tool=self._first_tool,
        )


def read_exception(name: str, value: Json) -> CallError:
    """An exception in the middle of a stream."""
    error = read_error(value)
    return error if error.type else replace(error, type=name.removeprefix(EXCEPTION))
