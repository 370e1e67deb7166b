"""Texts of models that complete one: Titan, Llama, Mistral, Cohere and old Claude, whole or in a stream.

A chunk of a stream looks like a small answer, so both are taken in alike: texts grow, the last reason counts.
"""

from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bedrock_usage import read_usage
from pandaprobe_proxy.dialects.openai_fields import merge_field, without_nulls
from pandaprobe_proxy.model.call import Message

Json = Any
_LISTS = ("results", "outputs", "generations")
_TEXTS = ("outputText", "generation", "text", "completion")
_REASONS = ("completionReason", "stop_reason", "finish_reason")
_COUNTS = (
    "inputTextTokenCount",
    "totalOutputTextTokenCount",
    "prompt_token_count",
    "generation_token_count",
)


class _Text:
    """One text so far."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.reason: str | None = None
        self.extra: dict[str, Json] = {}

    def add(self, item: dict[str, Json]) -> bool:
        """Takes in an item; True if it has a text that is not empty."""
        said = False
        for key, value in item.items():
            if key in _TEXTS and isinstance(value, str):
                self.pieces.append(value)
                said = said or bool(value)
            elif key in _REASONS and isinstance(value, str):
                self.reason = value or self.reason
            elif key != "index":
                merge_field(self.extra, key, value)
        return said

    def finish(self) -> Message:
        return Message("assistant", "".join(self.pieces), finish_reason=self.reason, extra=self.extra)


class NativeTexts:
    """The texts of one answer, by index."""

    def __init__(self) -> None:
        self.lossy = False
        self._texts: dict[int, _Text] = {}
        self._usage: dict[str, Json] = {}
        self._extra: dict[str, Json] = {}
        self._first_content: int | None = None

    def take(self, body: dict[str, Json], end: int | None = None) -> bool:
        """Takes in an answer or a piece of one; False if there is no text in it: then nothing is taken."""
        rest = without_nulls(body)
        name = next((key for key in _LISTS if isinstance(rest.get(key), list)), None)
        items = rest.pop(name) if name else [rest]
        if not any(_is_text(item) for item in items):
            return False
        self._take_counts(rest)
        for place, item in enumerate(items):
            self._add(item, place, end)
        if name:
            for key, value in rest.items():
                merge_field(self._extra, key, value)
        return True

    def take_event(self, value: dict[str, Json], end: int) -> None:
        """Takes in a chunk of a stream; one without a text is kept in the extra `events`, nothing at all is a loss."""
        if self.take(value, end):
            return
        if value:
            self._extra.setdefault("events", []).append(value)
        else:
            self.lossy = True

    def _take_counts(self, rest: dict[str, Json]) -> None:
        self._usage |= {key: rest.pop(key) for key in _COUNTS if key in rest}

    def _add(self, item: Json, place: int, end: int | None) -> None:
        if not isinstance(item, dict):
            self.lossy = True
            return
        index = item.get("index")
        text = self._texts.setdefault(index if isinstance(index, int) else place, _Text())
        if text.add(without_nulls(item)) and self._first_content is None:
            self._first_content = end

    def finish(self, streamed: bool = False) -> Answered:
        """What was taken in; a stream is whole when each text has a reason to end."""
        messages = tuple(text.finish() for _, text in sorted(self._texts.items()))
        ended = bool(messages) and all(message.finish_reason for message in messages)
        return Answered(
            messages=messages,
            usage=read_usage(self._usage),
            extra=self._extra,
            finished=ended or not streamed,
            lossy=self.lossy,
            first_content=self._first_content,
        )


def _is_text(item: Json) -> bool:
    """Whether an item holds a text, or ends one."""
    return isinstance(item, dict) and any(isinstance(item.get(key), str) for key in (*_TEXTS, *_REASONS))
