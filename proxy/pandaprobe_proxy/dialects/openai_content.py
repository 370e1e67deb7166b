"""Parts of a message gathered from a stream: content (a text or a list of parts), lists, and audio."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pandaprobe_proxy.dialects.openai_fields import merge_field

Json = Any


class ContentFold:
    """The content of one choice. Some providers stream texts, some lists of parts, some both in turn."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[Json] = []

    def add(self, value: Json) -> bool:
        """Takes in one delta; False if it is neither a text nor a list, in which case it is kept as a part."""
        if isinstance(value, list):
            self._parts += value
            return True
        self._parts.append(value)
        return isinstance(value, str)

    def finish(self) -> Json:
        """A text if all deltas were texts, else parts with their texts joined; None if there was no delta."""
        if not self._parts:
            return None
        if all(isinstance(part, str) for part in self._parts):
            return "".join(self._parts)
        return list(_join(self._parts))


def _join(parts: list[Json]) -> Iterator[Json]:
    typed = ({"type": "text", "text": part} if isinstance(part, str) else part for part in parts)
    for kind, group in groupby(typed, key=_kind):
        alike = list(group)
        if kind == "text":
            yield {"type": "text", "text": "".join(part["text"] for part in alike)}
        elif kind == "thinking":
            inner = [item for part in alike for item in part["thinking"]]
            yield {**alike[-1], "thinking": list(_join(inner))}
        else:
            yield from alike


def _kind(part: Json) -> str:
    """`text` or `thinking` for a part that can be joined with its neighbours of the same kind."""
    if not isinstance(part, dict):
        return ""
    if part.keys() == {"type", "text"} and part["type"] == "text" and isinstance(part["text"], str):
        return "text"
    return "thinking" if part.get("type") == "thinking" and isinstance(part.get("thinking"), list) else ""


class ListFold:
    """An object whose lists grow from chunk to chunk."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[str, Json] = {}

    def add(self, lists: dict[str, Json]) -> None:
        for key, value in lists.items():
            held = self._held.get(key)
            if not isinstance(value, list):
                merge_field(self._held, key, value)
            elif isinstance(held, list):
                held.extend(value)
            else:
                self._held[key] = list(value)

    def finish(self) -> dict[str, Json]:
        return self._held


class AudioFold:
    """An audio answer: its data and transcript grow, the rest is set."""

    __slots__ = ("_held", "_texts")

    def __init__(self) -> None:
        self._held: dict[str, Json] = {}
        self._texts: dict[str, list[str]] = {}

    def add(self, audio: dict[str, Json]) -> None:
        for key, value in audio.items():
            if key in {"data", "transcript"} and isinstance(value, str):
                self._texts.setdefault(key, []).append(value)
            else:
                merge_field(self._held, key, value)

    def finish(self) -> dict[str, Json]:
        return self._held | {key: "".join(texts) for key, texts in self._texts.items()}
