"""One output item of a response, rebuilt from its beginning, its parts and the pieces of its texts.

Where a piece belongs is told by a path: names of fields, and places in lists. A far place costs nothing.
"""

from typing import Any

Json = Any
Path = tuple[str | int, ...]
_NUMBERED = frozenset({"content", "summary", "commands", "output"})


class ItemFold:
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
        self.texts: dict[Path, dict[str | int, list[str]]] = {}
        self.lists: dict[Path, dict[str | int, list[Json]]] = {}

    def begin(self, value: dict[str, Json]) -> None:
        """Takes in the item as it is announced; what is announced again begins again."""
        if self.announced:
            self._clear()
        self.begun, self.announced = value, True

    def set_part(self, path: Path, part: dict[str, Json]) -> None:
        """Takes in a part as a whole, which counts for what was said of it before."""
        self.parts[path] = part
        self.texts.pop(path, None)
        self.lists.pop(path, None)

    def expect(self, path: Path, part: dict[str, Json]) -> None:
        """Makes room for a part that nobody announced."""
        if path not in self.parts and _look(self.begun, path) is None:
            self.parts[path] = part

    def grow(self, path: Path, text: str) -> list[str]:
        """Takes in the next piece of a text, and returns all of its pieces."""
        place = self.texts.setdefault(path[:-1], {})
        held = place.get(path[-1])
        if held is None:
            part = self.parts.get(path[:-1])
            known = _look(self.begun, path) if part is None else part.get(str(path[-1]))
            held = place[path[-1]] = [known] if isinstance(known, str) else []
        held.append(text)
        return held

    def extend(self, path: Path, entries: list[Json]) -> None:
        """Takes in more of a list."""
        self.lists.setdefault(path[:-1], {}).setdefault(path[-1], []).extend(entries)

    def finish(self) -> dict[str, Json]:
        """The item as it was finished, or its beginning with all that came after."""
        if self.done is not None:
            return self.done
        item = _to_places(self.begun)
        for path, part in self.parts.items():
            _set(item, path, dict(part))
        for path, texts in self.texts.items():
            for leaf, pieces in texts.items():
                _set(item, (*path, leaf), "".join(pieces))
        for path, lists in self.lists.items():
            for leaf, entries in lists.items():
                _set(item, (*path, leaf), [*_list(item, (*path, leaf)), *entries])
        return _to_lists(item) | self.fields


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
