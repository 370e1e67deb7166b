"""Tool calls gathered from the fragments of a stream.

A fragment names its call by index, else by id, else by where it stands. Providers differ: some send no index, some
send index 0 for every call, some repeat the id or the name with each fragment, some change from one to the other.
So each call learns every name that it goes by, and a fragment with another id and a name of its own begins a new one.
"""

from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_fields import merge_field, pop_typed
from pandaprobe_proxy.dialects.openai_messages import write_arguments
from pandaprobe_proxy.model.call import ToolCall

Json = Any
_LOOKED_CHARS = 100_000
"""So much of arguments is looked at in one answer to see whether they are whole; beyond, they are taken to go on."""


class _Call:
    """One call so far."""

    __slots__ = ("arguments", "extra", "id", "index", "name", "type")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.type = ""
        self.arguments: list[str] = []
        self.extra: dict[str, Json] = {}

    def add(self, entry: dict[str, Json]) -> None:
        """Id, type and name are set once; arguments grow."""
        rest = dict(entry)
        pop_typed(rest, "index", int)
        self.id = self.id or pop_typed(rest, "id", str) or ""
        self.type = self.type or pop_typed(rest, "type", str) or ""
        inner = pop_typed(rest, "function", dict) or pop_typed(rest, "custom", dict) or {}
        for key, value in inner.items():
            if key == "name" and isinstance(value, str):
                self.name = self.name or value
            elif key in {"arguments", "input"}:
                self.arguments.append(write_arguments(value))
            else:
                merge_field(self.extra, "function", {key: value})
        for key in rest.keys() - {"id", "type"}:
            merge_field(self.extra, key, rest[key])

    def finish(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.arguments), self.type or "function", self.extra)


def find_arguments(entries: Json) -> str | None:
    """The key of the text, if the fragments of a chunk are one, which brings a text to the call of an index."""
    entry = entries[0] if isinstance(entries, list) and len(entries) == 1 else None
    if not isinstance(entry, dict) or not entry.keys() <= {"index", "function", "type"}:
        return None
    inner, index = entry.get("function"), entry.get("index")
    if not isinstance(inner, dict) or inner.keys() != {"arguments"} or type(index) is not int:
        return None
    return "arguments" if inner["arguments"] and isinstance(inner["arguments"], str) else None


class ToolCallFold:
    """The tool calls of one choice."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._last: _Call | None = None
        self._looked_chars = 0

    def add(self, entries: list[Json]) -> bool:
        """Takes in the fragments of one chunk; False if one is no object."""
        fragments = [entry for entry in entries if isinstance(entry, dict)]
        for position, entry in enumerate(fragments):
            self._add(entry, position if len(fragments) > 1 else None)
        return len(fragments) == len(entries)

    def _add(self, entry: dict[str, Json], position: int | None) -> None:
        index, identifier = entry.get("index"), entry.get("id")
        index = index if isinstance(index, int) and not isinstance(index, bool) else None
        identifier = identifier if isinstance(identifier, str) else ""
        call = self._find(index, identifier, _name(entry), position)
        if call is None:
            call = _Call(index)
            self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
            call.index = index if call.index is None else call.index
        if identifier:
            self._by_id.setdefault(identifier, call)
        self._last = call
        call.add(entry)

    def _find(self, index: int | None, identifier: str, name: str, position: int | None) -> _Call | None:
        if index is not None:
            return self._find_indexed(index, identifier, name)
        if identifier:
            return self._by_id.get(identifier)
        call = self._last
        if position is not None:
            call = self._calls[position] if position < len(self._calls) else None
        if call is None or (name and call.name and not self._continues(call, name)):
            return None
        return call

    def _find_indexed(self, index: int, identifier: str, name: str) -> _Call | None:
        call = self._by_index.get(index)
        if call is None:
            known = self._by_id.get(identifier) or self._unnumbered(index, identifier, name)
            return known if known is not None and known.index is None else None
        if identifier and call.id and identifier != call.id and name:
            same = self._by_id.get(identifier)
            return same if same is not None and same.index == index else None
        return call

    def _unnumbered(self, index: int, identifier: str, name: str) -> _Call | None:
        """The call that began without an index and whose rest comes with one."""
        if identifier or name or index >= len(self._calls) or index < 0:
            return None
        return self._calls[index]

    def _continues(self, call: _Call, name: str) -> bool:
        """Whether a fragment that repeats the name may belong to the call: not when its arguments are whole already."""
        if call.name != name:
            return False
        if self._looked_chars > _LOOKED_CHARS:
            return True
        arguments = "".join(call.arguments)
        self._looked_chars += len(arguments)
        try:
            parse_json(arguments)
        except ValueError:
            return True
        return False

    def finish(self) -> tuple[ToolCall, ...]:
        """The calls by index, those of one index (or none) as they came."""
        places = {id(call): place for place, call in enumerate(self._calls)}
        ordered = sorted(self._calls, key=lambda call: places[id(call)] if call.index is None else call.index)
        return tuple(call.finish() for call in ordered)


def _name(entry: dict[str, Json]) -> str:
    inner = entry.get("function") or entry.get("custom")
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""
