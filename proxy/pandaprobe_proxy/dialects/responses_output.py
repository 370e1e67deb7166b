"""The output items of a response, rebuilt from the events of its stream.

Items are known by `output_index`, their parts by `content_index` and the like, never by `item_id`: GitHub Copilot gives
another one with every event. A finished item counts for what was said of it before.
"""

from typing import Any

from pandaprobe_proxy.dialects.responses_item import ItemFold, Path

Json = Any
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
_INDEXES = {
    what: next((str(step) for step in path if str(step).endswith("_index")), "") for what, (_, _, path) in TEXTS.items()
}
_PARTS = {"content_part": "content", "reasoning_summary_part": "summary"}


def read_index(event: dict[str, Json], key: str) -> int | None:
    """A place in a list; None if it is not told. Raises TypeError for what is no place."""
    index = event.get(key)
    if index is None:
        return None
    if not isinstance(index, int) or isinstance(index, bool):
        raise TypeError(f"{key} is no number")
    return index


class OutputFold:
    """Takes in the events that bring items and what they are made of."""

    def __init__(self) -> None:
        self._items: dict[int, ItemFold] = {}
        self._last = 0
        self._growing: dict[tuple[str, Json, Json], list[str]] = {}
        """The texts that the next deltas are likely to be of, by (what, output index, inner index)."""

    def add(self, name: str, event: dict[str, Json]) -> bool:
        """Takes in the event `response.{name}`; False if it is none of an item. Raises TypeError, ValueError."""
        what, _, step = name.rpartition(".")
        if step == "delta" and what in TEXTS:
            self._add_delta(what, event)
            return True
        self._growing.clear()
        if what == "output_item":
            self._add_item(step, event)
        elif what in TEXTS:
            self._add_whole(what, event)
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

    def _find(self, event: dict[str, Json], kind: str = "") -> ItemFold:
        index = read_index(event, "output_index")
        self._last = self._last if index is None else index
        item = self._items.get(self._last)
        if item is None:
            item = self._items[self._last] = ItemFold()
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

    def _add_delta(self, what: str, event: dict[str, Json]) -> None:
        text: Json = event.get("delta")
        output_index: Json = event.get("output_index")
        key = (what, output_index, event.get(_INDEXES[what]))
        held = self._growing.get(key)
        if held is not None and isinstance(text, str) and not event.get("logprobs"):
            held.append(text)
            self._last = output_index
        elif text is not None:
            item, path = self._find_text(what, event, text)
            held = item.grow(path, text)
            logprobs = event.get("logprobs")
            if logprobs and isinstance(logprobs, list):
                item.extend((*path[:-1], "logprobs"), logprobs)
            if output_index is not None:
                self._growing[key] = held

    def _add_whole(self, what: str, event: dict[str, Json]) -> None:
        text = event.get(TEXTS[what][1])
        if text is not None:
            item, path = self._find_text(what, event, text)
            item.texts.setdefault(path[:-1], {})[path[-1]] = [text]

    def _find_text(self, what: str, event: dict[str, Json], text: Json) -> tuple[ItemFold, Path]:
        if not isinstance(text, str):
            raise TypeError(f"{what} is no text")
        kind, _, places = TEXTS[what]
        item = self._find(event, kind)
        path = tuple(read_index(event, place) or 0 if place == _INDEXES[what] else place for place in places)
        if what in PART_TYPES:
            item.expect(path[:-1], PART_TYPES[what])
        return item, path

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
        item.extend((*path, "annotations"), [event.get("annotation")])

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
