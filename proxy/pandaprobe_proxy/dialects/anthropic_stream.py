"""The answer of an Anthropic stream: a message that starts, blocks that start and grow, a message that is completed.

`ping` says nothing. A stream that starts another message has begun anew: those before are kept in the extra `earlier`.
"""

from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects import anthropic_usage
from pandaprobe_proxy.dialects.anthropic_block_stream import BlockStream, find_growing, imply_block
from pandaprobe_proxy.dialects.anthropic_blocks import is_use, read_type
from pandaprobe_proxy.dialects.anthropic_bodies import read_answer
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_value
from pandaprobe_proxy.dialects.openai_fields import merge_field, without_nulls
from pandaprobe_proxy.model.call import CallError
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_OF_EVENT = frozenset({"type", "delta", "usage", "message", "index", "content_block"})


def _grows(value: dict[str, Json], kind: str) -> str | None:
    """A delta of a text to a block of a known index, and nothing beside it."""
    if value.keys() != {"type", "index", "delta"} or value["type"] != "content_block_delta":
        return None
    known = isinstance(value["index"], int) and isinstance(value["delta"], dict)
    return find_growing(value["delta"]) if known else None


ALIKE = Alike(_grows, padded=True)


class MessageStream:
    """One stream, taken in once."""

    def __init__(self) -> None:
        self.lossy = False
        self._fields: dict[str, Json] = {}
        self._usage: dict[str, Json] = {}
        self._blocks: list[tuple[int, BlockStream]] = []
        self._by_index: dict[int, BlockStream] = {}
        self._extra: dict[str, Json] = {}
        self._error: CallError | None = None
        self._done = False
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def read(self, events: Iterable[StreamEvent]) -> Answered:
        """The answer that the events give, whole or as far as they go."""
        for event in events:
            if event.data.startswith("[DONE]"):
                self._done = True
                break
            self._take_event(event)
        return self.finish()

    def _take_event(self, event: StreamEvent) -> None:
        try:
            value = read_value(event)
        except ValueError:
            self._take_text(event.data.strip())
            return
        if isinstance(value, dict):
            self._take(value, read_type(value) or event.event, event.end)
        else:
            self.lossy = True

    def _take_text(self, text: str) -> None:
        """Data that is not JSON: a plain sentence is an error of the server, a broken object is a loss."""
        if text.startswith(("{", "[")):
            self.lossy = True
        elif text:
            self._error = self._error or read_error(text)

    def _take(self, value: dict[str, Json], kind: str, end: int) -> None:
        if kind == "content_block_delta":
            self._grow(value, end)
        elif kind == "content_block_start":
            self._start_block(value, end)
        elif kind == "message_start":
            self._start(value)
        elif kind == "message_delta":
            self._complete(value)
        elif kind == "message_stop":
            self._done = True
            self._keep_rest(value)
        elif kind == "error" or "error" in value:
            self._fail(value)
        elif kind not in {"ping", "content_block_stop"}:
            self._extra.setdefault("events", []).append(value)

    def _start(self, value: dict[str, Json]) -> None:
        message = value.get("message")
        if not isinstance(message, dict):
            self.lossy = True
            return
        if self._fields or self._blocks:
            self._extra.setdefault("earlier", []).append(self.message())
            self._blocks, self._by_index = [], {}
        self._fields = dict(message)
        usage, content = self._fields.pop("usage", None), self._fields.pop("content", None)
        self._usage = anthropic_usage.merge({}, usage) if isinstance(usage, dict) else {}
        for index, block in enumerate(content if isinstance(content, list) else ()):
            self._add_block(index, block)
        self._keep_rest(value)

    def _start_block(self, value: dict[str, Json], end: int) -> None:
        block = value.get("content_block")
        if not self._add_block(value.get("index"), block) or not isinstance(block, dict):
            return
        if block.get("type") == "fallback":
            self._name_model(block.get("to"))
        if self._first_tool is None and is_use(block):
            self._first_tool = end
        if self._first_content is None and block.get("text"):
            self._first_content = end

    def _name_model(self, target: Json) -> None:
        """Another model took over: it is the one that answers."""
        if isinstance(target, dict) and isinstance(target.get("model"), str):
            self._fields["model"] = target["model"]

    def _add_block(self, index: Json, block: Json) -> bool:
        if not isinstance(block, dict):
            self.lossy = True
            return False
        place = index if isinstance(index, int) else len(self._blocks)
        stream = self._by_index[place] = BlockStream(block)
        self._blocks.append((place, stream))
        return True

    def _grow(self, value: dict[str, Json], end: int) -> None:
        delta, index = value.get("delta"), value.get("index")
        if not isinstance(delta, dict):
            self.lossy = True
            return
        held = self._by_index.get(index) if isinstance(index, int) else None
        if held is None and not isinstance(index, int) and self._blocks:
            held = self._blocks[-1][1]
        if held is None:
            self._add_block(index, imply_block(delta))
            held = self._blocks[-1][1]
        if self._first_content is None and delta.get("text"):
            self._first_content = end
        if not held.add(delta):
            self.lossy = True

    def _complete(self, value: dict[str, Json]) -> None:
        delta, usage = value.get("delta"), value.get("usage")
        if isinstance(delta, dict):
            self._fields |= without_nulls(delta)
        if isinstance(usage, dict):
            self._usage |= without_nulls(usage)
        self._keep_rest(value)

    def _keep_rest(self, value: dict[str, Json]) -> None:
        """What stands beside the known fields of an event is of the message."""
        for key, item in value.items():
            if key not in _OF_EVENT and item is not None:
                merge_field(self._fields, key, item)

    def _fail(self, value: dict[str, Json]) -> None:
        self._error = self._error or read_error(value.get("error", value))
        self._extra |= {key: item for key, item in value.items() if key != "type"}

    def message(self) -> dict[str, Json]:
        """The message so far, as an answer in one piece has it."""
        blocks = [block.finish() for block in self._ordered()]
        return self._fields | {"content": blocks, "usage": self._usage}

    def _ordered(self) -> list[BlockStream]:
        """The blocks by index, those of one index as they came."""
        return [stream for _, stream in sorted(self._blocks, key=lambda placed: placed[0])]

    def finish(self) -> Answered:
        whole = self._done or bool(self._fields.get("stop_reason"))
        if not self._fields and not self._blocks:
            lossy = self.lossy or bool(self._extra and self._error is None)
            return Answered(error=self._error, extra=self._extra, finished=self._done, lossy=lossy)
        written = {place: block.written for place, block in enumerate(self._ordered())}
        read = read_answer(self.message(), whole, written)
        return Answered(
            model=read.model,
            response_id=read.response_id,
            messages=read.messages,
            usage=read.usage,
            error=self._error or read.error,
            extra=read.extra | self._extra,
            finished=whole,
            lossy=self.lossy or read.lossy,
            first_content=self._first_content,
            first_tool=self._first_tool,
        )
