"""The arguments of a Gemini function call that are streamed value by value, each named by a path (RFC 9535).

`{"jsonPath": "$.recipe.steps[0]", "stringValue": "Pre", "willContinue": true}`: texts of one path grow, other values
are set. What no path can place is told by `placed`.
"""

import re
from itertools import pairwise
from typing import Any

Json = Any
Token = str | int
MAX_TOKENS = 100
_TOKEN = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BESIDE = frozenset({"jsonPath", "willContinue"})


class _Node(dict[Token, Json]):
    """An object or a list that is still being put together: what a path leads through, not what it leads to."""


class _Texts(list[str]):
    """A text that grows."""


class PartialArguments:
    """The arguments of one call so far."""

    def __init__(self) -> None:
        self.placed = True
        self._values: dict[str, Json] = {}

    def add(self, values: Json) -> None:
        """Takes in the `partialArgs` of one chunk."""
        for item in values if isinstance(values, list) else [values]:
            path = item.get("jsonPath") if isinstance(item, dict) else None
            if isinstance(path, str):
                self._add_value(path, item)
            else:
                self.placed = False

    def _add_value(self, path: str, item: dict[str, Json]) -> None:
        key = next((key for key in item if key not in _BESIDE), None)
        value = None if key == "nullValue" or key is None else item[key]
        if isinstance(value, str):
            texts = self._values.get(path)
            texts = texts if isinstance(texts, _Texts) else _Texts()
            texts.append(value)
            value = texts
        self._values[path] = value

    def finish(self) -> dict[str, Json]:
        """The arguments, as far as they came."""
        root = _Node()
        for path, value in self._values.items():
            whole = "".join(value) if isinstance(value, _Texts) else value
            if not _place(root, _read_path(path), whole):
                self.placed = False
        return {str(key): self._close(item) for key, item in root.items()}

    def _close(self, value: Json) -> Json:
        if not isinstance(value, _Node):
            return value
        if not all(isinstance(key, int) for key in value):
            return {str(key): self._close(item) for key, item in value.items()}
        ordered = sorted(value.items())
        if [key for key, _ in ordered] != list(range(len(ordered))):
            self.placed = False
        return [self._close(item) for _, item in ordered]


def _read_path(path: str) -> list[Token]:
    """The names and indexes that a path goes through; empty if it is none that can be followed."""
    tokens: list[Token] = []
    at = 1
    while at < len(path):
        found = _TOKEN.match(path, at)
        if found is None or len(tokens) == MAX_TOKENS:
            return []
        plain, index, single, double = found.groups()
        quoted = single if single is not None else double
        tokens.append(int(index) if index else plain or _ESCAPED.sub(r"\1", quoted))
        at = found.end()
    return tokens if path.startswith("$") else []


def _place(root: _Node, tokens: list[Token], value: Json) -> bool:
    """Puts a value where the path leads; False if it leads nowhere, or through a value."""
    if not tokens:
        return False
    node = root
    for token, _ in pairwise(tokens):
        inner = node.setdefault(token, _Node())
        if not isinstance(inner, _Node):
            return False
        node = inner
    if isinstance(node.get(tokens[-1]), _Node):
        return False
    node[tokens[-1]] = value
    return True
