"""The output items of a response, rebuilt from the events of its stream.

Items are known by `output_index`, their parts by `content_index` and the like, never by `item_id`: GitHub Copilot gives
another one with every event. A finished item counts for what was said of it before.
"""

from typing import Any

Json = Any
Path = tuple[str | int, ...]
TEXTS: dict[str, tuple[str, str, Path]] = {
    "output_text": ("message", "text", ("content", "content_index", "text")),
    "refusal": ("message", "refusal", ("content", "content_index", "refusal")),
    "reasoning_text": ("reasoning", "text", ("content", "content_index", "text")),
    "reasoning_summary_text": ("reasoning", "text", ("summary", "summary_index", "text")),
    "function_call_arguments": ("function_call", "arguments", ("arguments",)),
    "custom_tool_call_input": ("custom_tool_call", "input", ("input",)),
    "mcp_call_arguments": ("mcp_call", "arguments", ("arguments",)),
    "code_interpreter_call_code": ("code_interpreter_call", "code", ("code",)),
    "apply_patch_call_operation_diff": ("apply_patch_call", "diff", ("operation", "diff")),
    "shell_call_command": ("shell_call", "command", ("action", "commands", "command_index")),
}
"""Of events `response.X.delta` and `.done`: the item they are of, where the whole text is, and where it belongs."""
PART_TYPES: dict[str, dict[str, Json]] = {
    "output_text": {"type": "output_text", "text": "", "annotations": []},
    "refusal": {"type": "refusal", "refusal": ""},
    "reasoning_text": {"type": "reasoning_text", "text": ""},
    "reasoning_summary_text": {"type": "summary_text", "text": ""},
}
_PARTS = {"content_part": "content", "reasoning_summary_part": "summary"}
_NUMBERED = frozenset({"content", "summary", "commands", "output"})


def read_index(event: dict[str, Json], key: str) -> int | None:
    """A place in a list; None if it is not told. Raises TypeError for what is no place."""
    index = event.get(key)
    if index is None:
        return None
    if not isinstance(index, int) or isinstance(index, bool):
        raise TypeError(f"{key} is no number")
    return index


class _Item:
    """One item so far."""

    __slots__ = ("announced", "begun", "done", "fields", "lists", "parts", "texts")

    def __init__(self) -> None:
        self.begun: dict[str, Json] = {}
        self.announced = False
        self.done: dict[str, Json] | None = None
        self.fields: dict[str, Json] = {}
        self._clear()

    def _clear(self) -> None:
        self.parts: dict[Path, dict[str, Json]] = {}
        self.texts: dict[Path, list[str]] = {}
        self.lists: dict[Path, list[Json]] = {}

    def begin(self, value: dict[str, Json]) -> None:
        """Takes in the item as it is announced; what is announced again begins again."""
        if self.announced:
            self._clear()
        self.begun, self.announced = value, True

    def set_part(self, path: Path, part: dict[str, Json]) -> None:
        """Takes in a part as a whole, which counts for what was said of it before."""
        self.parts[path] = part
        self.texts = {inner: texts for inner, texts in self.texts.items() if inner[:2] != path}
        self.lists = {inner: entries for inner, entries in self.lists.items() if inner[:2] != path}

    def expect(self, path: Path, part: dict[str, Json]) -> None:
        """Makes room for a part that nobody announced."""
        if path not in self.parts and _look(self.begun, path) is None:
            self.parts[path] = part

    def grow(self, path: Path, text: str) -> None:
        held = self.texts.get(path)
        if held is None:
            part = self.parts.get(path[:-1])
            known = _look(self.begun, path) if part is None else _look(part, path[-1:])
            held = self.texts[path] = [known] if isinstance(known, str) else []
        held.append(text)

    def finish(self) -> dict[str, Json]:
        """The item as it was finished, or its beginning with all that came after."""
        if self.done is not None:
            return self.done
        item = _to_places(self.begun)
        for path, part in self.parts.items():
            _set(item, path, dict(part))
        for path, texts in self.texts.items():
            _set(item, path, "".join(texts))
        for path, entries in self.lists.items():
            _set(item, path, [*_list(item, path), *entries])
        return _to_lists(item) | self.fields


class OutputFold:
    """Takes in the events that bring items and what they are made of."""

    def __init__(self) -> None:
        self._items: dict[int, _Item] = {}
        self._last = 0

    def add(self, name: str, event: dict[str, Json]) -> bool:
        """Takes in the event `response.{name}`; False if it is none of an item. Raises TypeError, ValueError."""
        what, _, step = name.rpartition(".")
        if what == "output_item":
            self._add_item(step, event)
        elif what in TEXTS:
            self._add_text(what, step, event)
        elif what in _PARTS:
            self._add_part(what, event)
        elif name == "output_text.annotation.added":
            self._add_annotation(event)
        elif what == "shell_call_output_content":
            self._add_shell_output(event)
        elif name == "image_generation_call.partial_image":
            self._add_image(event)
        else:
            return False
        return True

    def _find(self, event: dict[str, Json], kind: str = "") -> _Item:
        index = read_index(event, "output_index")
        self._last = self._last if index is None else index
        item = self._items.get(self._last)
        if item is None:
            item = self._items[self._last] = _Item()
        if kind and not item.begun:
            item.begun = _begin(kind)
        return item

    def _add_item(self, step: str, event: dict[str, Json]) -> None:
        value = event.get("item")
        if value is None:
            return  # announced, and not yet told
        if not isinstance(value, dict):
            raise TypeError("an item is no object")
        item = self._find(event)
        if step == "done":
            item.done = value
        else:
            item.begin(value)

    def _add_text(self, what: str, step: str, event: dict[str, Json]) -> None:
        kind, whole, places = TEXTS[what]
        text = event.get("delta" if step == "delta" else whole)
        if text is None:
            return
        if not isinstance(text, str):
            raise TypeError(f"a {step} of {what} is no text")
        item = self._find(event, kind)
        path = tuple(read_index(event, str(place)) or 0 if str(place).endswith("_index") else place for place in places)
        if what in PART_TYPES:
            item.expect(path[:-1], PART_TYPES[what])
        if step == "delta":
            item.grow(path, text)
            logprobs = event.get("logprobs")
            if logprobs and isinstance(logprobs, list):
                item.lists.setdefault((*path[:-1], "logprobs"), []).extend(logprobs)
        else:
            item.texts[path] = [text]

    def _add_part(self, what: str, event: dict[str, Json]) -> None:
        part = event.get("part")
        if not isinstance(part, dict):
            raise TypeError("a part is no object")
        key = _PARTS[what]
        item = self._find(event, "reasoning" if key == "summary" or part.get("type") == "reasoning_text" else "message")
        item.set_part((key, read_index(event, f"{key}_index") or 0), part)

    def _add_annotation(self, event: dict[str, Json]) -> None:
        path = ("content", read_index(event, "content_index") or 0)
        item = self._find(event, "message")
        item.expect(path, PART_TYPES["output_text"])
        item.lists.setdefault((*path, "annotations"), []).append(event.get("annotation"))

    def _add_shell_output(self, event: dict[str, Json]) -> None:
        item = self._find(event, "shell_call_output")
        path = ("output", read_index(event, "command_index") or 0)
        whole, delta = event.get("output"), event.get("delta")
        if isinstance(whole, list) and len(whole) == 1 and isinstance(whole[0], dict):
            item.set_part(path, whole[0])
        elif isinstance(whole, list):
            item.fields["output"] = whole
        elif isinstance(delta, dict):
            for key, text in delta.items():
                if isinstance(text, str):
                    item.grow((*path, key), text)
        else:
            raise TypeError("the output of a shell is no object")

    def _add_image(self, event: dict[str, Json]) -> None:
        item = self._find(event, "image_generation_call")
        known = {"type", "sequence_number", "output_index", "item_id", "stream_id"}
        item.fields |= {key: value for key, value in event.items() if key not in known and value is not None}

    def finish(self) -> list[dict[str, Json]]:
        """The items by their place."""
        return [item.finish() for _, item in sorted(self._items.items())]


def _begin(kind: str) -> dict[str, Json]:
    """An item that nobody announced: the stream is resumed in the midst of it."""
    return {"type": kind} | ({"role": "assistant"} if kind == "message" else {})


def _to_places(value: dict[str, Json]) -> dict[str, Json]:
    """A copy whose numbered lists are objects by place, so that a far place costs nothing."""
    copy = dict(value)
    for key, inner in value.items():
        if key in _NUMBERED and inner and isinstance(inner, list):
            copy[key] = {at: dict(entry) if isinstance(entry, dict) else entry for at, entry in enumerate(inner)}
        elif isinstance(inner, dict):
            copy[key] = _to_places(inner)
    return copy


def _to_lists(value: dict[str, Json]) -> dict[str, Json]:
    return {key: _to_list(key, inner) if isinstance(inner, dict) else inner for key, inner in value.items()}


def _to_list(key: str, value: dict[Any, Json]) -> Json:
    if key in _NUMBERED and value and all(isinstance(place, int) for place in value):
        return [_to_list("", entry) if isinstance(entry, dict) else entry for _, entry in sorted(value.items())]
    return _to_lists(value)


def _look(value: Json, path: Path) -> Json:
    """What stands at a path; None if nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _set(value: dict[Any, Json], path: Path, leaf: Json) -> None:
    for step in path[:-1]:
        inner = value.get(step)
        if not isinstance(inner, dict):
            inner = value[step] = {}
        value = inner
    value[path[-1]] = leaf


def _list(value: Json, path: Path) -> list[Json]:
    held = _look(value, path)
    return held if isinstance(held, list) else []
