"""Items of a realtime conversation as messages (OpenAI realtime API, "conversation items")."""

from typing import Any

from pandaprobe_proxy.dialects.openai_messages import write_arguments
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
MAX_PARTS = 1000
_NAMED = frozenset({"id", "object", "type", "role", "content", "status", "call_id", "name", "arguments", "output"})


class Item:
    """One item of the conversation so far; its transcript may come long after it."""

    __slots__ = ("data", "texts")

    def __init__(self, data: dict[str, Json]) -> None:
        self.data = data
        self.texts: dict[tuple[int, str], list[str]] = {}

    def set(self, data: dict[str, Json]) -> None:
        """A later and fuller telling of the same item."""
        self.data = {**self.data, **{key: value for key, value in data.items() if value not in (None, [], "")}}

    def grow(self, index: int, field: str, text: str) -> None:
        """Adds a delta to a text of a part."""
        self.texts.setdefault((index, field), []).append(text)

    def finish(self, index: int, field: str, text: str) -> None:
        """The whole of a text of a part."""
        self.texts[index, field] = [text]

    def message(self) -> Message:
        """The item as a message."""
        kind = self.data.get("type")
        extra = {key: value for key, value in self.data.items() if key not in _NAMED and value is not None}
        extra |= {"id": self.data["id"]} if isinstance(self.data.get("id"), str) else {}
        if kind == "function_call":
            return Message("assistant", tool_calls=(self._call(),), extra=extra)
        if kind == "function_call_output":
            content = write_arguments(self.data.get("output"))
            return Message("tool", content, tool_call_id=_text(self.data.get("call_id")), extra=extra)
        if kind in ("message", None):
            return Message(_text(self.data.get("role")) or "user", self._parts(), extra=extra)
        return Message("assistant", [self.data], extra=extra)

    def _call(self) -> ToolCall:
        arguments = _text(self.data.get("arguments")) or "".join(self.texts.get((0, "arguments"), ()))
        return ToolCall(_text(self.data.get("call_id")), _text(self.data.get("name")), arguments)

    def _parts(self) -> list[Json]:
        content = self.data.get("content")
        parts = [part if isinstance(part, dict) else {"type": "text", "text": part} for part in content or ()]
        for (index, field), texts in self.texts.items():
            while len(parts) <= index < MAX_PARTS:
                parts.append({"type": "output_audio" if field == "transcript" else "output_text"})
            if index < len(parts) and not parts[index].get(field):
                parts[index] = parts[index] | {field: "".join(texts)}
        return [_readable(part) for part in parts]


def _readable(part: dict[str, Json]) -> dict[str, Json]:
    """A part of audio reads as its transcript."""
    transcript = part.get("transcript")
    return part | {"text": transcript} if isinstance(transcript, str) and "text" not in part else part


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
