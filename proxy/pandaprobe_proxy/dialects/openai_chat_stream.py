"""The answer of a chat stream, gathered from its chunks, per choice and by the choice's index, never its position."""

from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.openai_content import AudioFold, ContentFold, ListFold
from pandaprobe_proxy.dialects.openai_fields import grow_field
from pandaprobe_proxy.dialects.openai_messages import read_details, read_thinking
from pandaprobe_proxy.dialects.openai_stream import ALIKE_COUNTS, ChunkFold, find_only_choice
from pandaprobe_proxy.dialects.openai_tool_calls import ToolCallFold, find_arguments
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.wire.run_forms import PADDING, Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_LISTS = frozenset({"annotations", "reasoning_details", "token_ids"})
_SET = frozenset({"channel", "name", "native_finish_reason", "stop_reason"})
"""Texts that a later one replaces. Any other text that differs from chunk to chunk is taken to be in pieces."""
_TYPED = frozenset({"audio", "function_call", "logprobs", "tool_calls", *_LISTS})

_GROWING = frozenset({"content", "reasoning", "reasoning_content", "refusal"})
_SAME = {"content_filter_results": dict, "finish_reason": str, "index": int}
"""What may stand beside a delta, and of which type it says nothing more when it is said again; nulls do not either."""


def _grows(chunk: dict[str, Json], kind: str) -> str | None:
    """One choice whose delta brings one text, beside fields that say nothing more when they are repeated."""
    choice = find_only_choice(chunk, kind) or {}
    beside = {key: value for key, value in choice.items() if key != "delta" and value is not None}
    if not all(key in _SAME and isinstance(value, _SAME[key]) for key, value in beside.items()):
        return None
    delta = choice.get("delta")
    return _find_growing(delta) if isinstance(delta, dict) else None


def _find_growing(delta: dict[str, Json]) -> str | None:
    said = {key: value for key, value in delta.items() if value not in (None, "", [])}
    role = said.pop("role", "")
    if len(said) != 1 or not isinstance(role, str):
        return None
    key, value = said.popitem()
    if key == "tool_calls":
        return find_arguments(value)
    return key if key in _GROWING and isinstance(value, str) else None


ALIKE = Alike(_grows, {"obfuscation": PADDING, **ALIKE_COUNTS}, whose="index")


class _Choice:
    """One choice so far."""

    def __init__(self) -> None:
        self.role = ""
        self.finish_reason: str | None = None
        self.content = ContentFold()
        self.texts: dict[str, list[str]] = {"refusal": [], "reasoning_content": [], "reasoning": []}
        self.tools = ToolCallFold()
        self.function = ToolCallFold()
        self.audio = AudioFold()
        self.logprobs = ListFold()
        self.lists = ListFold()
        self.pieces: dict[str, list[str]] = {}
        self.extra: dict[str, Json] = {}

    def add_beside(self, choice: dict[str, Json]) -> bool:
        """Takes in what stands beside the delta; False if something has a type that it cannot have."""
        placed = True
        for key, value in choice.items():
            if value is None or key in {"index", "delta", "message"}:
                continue
            if key == "finish_reason" and isinstance(value, str):
                self.finish_reason = value or self.finish_reason
            elif key == "logprobs" and isinstance(value, dict):
                self.logprobs.add(value)
            else:
                placed = self._keep(key, value) and placed
        return placed

    def add_delta(self, delta: dict[str, Json]) -> bool:
        """Takes in a delta; False if something has a type that it cannot have."""
        placed = True
        for key, value in delta.items():
            if value is not None:
                placed = self._take(key, value) and placed
        return placed

    def _take(self, key: str, value: Json) -> bool:
        if key == "content":
            return self.content.add(value)
        if isinstance(value, str):
            return self._take_text(key, value)
        if key == "tool_calls" and isinstance(value, list):
            return self.tools.add(value)
        if key == "function_call" and isinstance(value, dict):
            return self.function.add([{"type": "function_call", "index": 0, "function": value}])
        if key == "audio" and isinstance(value, dict):
            self.audio.add(value)
            return True
        return self._keep(key, value)

    def _take_text(self, key: str, value: str) -> bool:
        if key == "role":
            self.role = self.role or value
        elif key in self.texts:
            self.texts[key].append(value)
        else:
            return self._keep(key, value)
        return True

    def _keep(self, key: str, value: Json) -> bool:
        if key in _LISTS and isinstance(value, list):
            self.lists.add({key: value})
        elif isinstance(value, str) and key not in _SET:
            self.pieces.setdefault(key, []).append(value)
        else:
            grow_field(self.extra, key, value)
        return key not in _TYPED or (key in _LISTS and isinstance(value, list))

    def finish(self) -> Message:
        content = self.content.finish()
        refusal, first, second = ("".join(texts) for texts in self.texts.values())
        joined = {key: _join(texts) for key, texts in self.pieces.items()}
        extra = joined | self.extra | self.lists.finish()
        # Some providers send the same reasoning under both names.
        gathered = {
            "reasoning": second if first and second != first else "",
            "audio": self.audio.finish(),
            "logprobs": self.logprobs.finish(),
        }
        details = read_details(extra.get("reasoning_details"))
        return Message(
            role=self.role or "assistant",
            content=content,
            tool_calls=self.tools.finish() + self.function.finish(),
            refusal=refusal or None,
            reasoning=first or second or read_thinking(content) or details or None,
            finish_reason=self.finish_reason,
            extra=extra | {key: value for key, value in gathered.items() if value},
        )


def _join(texts: list[str]) -> str:
    """Some providers say the same with every chunk."""
    told = [text for text in texts if text]
    return told[0] if len(set(told)) == 1 else "".join(told)


def says(content: Json) -> bool:
    """Whether a content holds anything but thinking."""
    if isinstance(content, list):
        return any(not isinstance(part, dict) or part.get("type") != "thinking" for part in content)
    return bool(content)


class ChatStream:
    """One stream, taken in once."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def read(self, events: Iterable[StreamEvent]) -> Answered:
        """The answer that the events give, whole or as far as they go."""
        fold = ChunkFold(self._add)
        fold.read(events)
        messages = tuple(choice.finish() for _, choice in sorted(self._choices.items()))
        return fold.finish(messages, self._first_content, self._first_tool)

    def _find(self, index: int) -> _Choice | None:
        """The choice of an index; None if there are too many of them."""
        held = self._choices.get(index)
        if held is None and len(self._choices) < MOST_ANSWERS:
            held = self._choices[index] = _Choice()
        return held

    def _add(self, choice: dict[str, Json], position: int, end: int) -> bool:
        index = choice.get("index")
        held = self._find(index if isinstance(index, int) else position)
        delta = choice.get("delta") or choice.get("message") or {}
        placed = held is not None and held.add_beside(choice)
        if held is None or not isinstance(delta, dict):
            return False
        self._mark(delta, end)
        return held.add_delta(delta) and placed

    def _mark(self, delta: dict[str, Json], end: int) -> None:
        if self._first_content is None and (says(delta.get("content")) or delta.get("refusal") or delta.get("audio")):
            self._first_content = end
        if self._first_tool is None and (delta.get("tool_calls") or delta.get("function_call")):
            self._first_tool = end
