"""One content block of an Anthropic stream: the block that its start gave, and what its deltas add."""

from typing import Any

from pandaprobe_proxy.dialects.anthropic_blocks import read_type
from pandaprobe_proxy.dialects.json_values import parse_json

Json = Any
_GROWING = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}
"""The field that a delta makes longer, by the delta's type."""
_SETTING = frozenset({"signature_delta", "compaction_delta"})
_IMPLIED = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
    "compaction_delta": "compaction",
}


def find_growing(delta: dict[str, Json]) -> str | None:
    """The key of the text that a delta brings, if it brings nothing else."""
    key = _GROWING.get(read_type(delta))
    return key if key and delta.keys() == {"type", key} and isinstance(delta[key], str) and delta[key] else None


class BlockStream:
    """One block so far."""

    __slots__ = ("_cited", "_texts", "fields")

    def __init__(self, start: dict[str, Json]) -> None:
        self.fields = dict(start)
        self._cited = False
        self._texts: dict[str, list[str]] = {}

    def add(self, delta: dict[str, Json]) -> bool:
        """Takes in a delta; False if it is of no known type or shape: then it is kept under `deltas`."""
        kind = read_type(delta)
        key = _GROWING.get(kind)
        if key is not None and isinstance(delta.get(key), str):
            self._grow(key, delta)
        elif kind == "citations_delta" and "citation" in delta:
            self._cite(delta["citation"])
        elif kind in _SETTING:
            self._set(delta)
        else:
            self.fields.setdefault("deltas", []).append(delta)
            return False
        return True

    def _grow(self, key: str, delta: dict[str, Json]) -> None:
        held = self._texts.get(key)
        if held is None:
            held = self._texts[key] = []
        held.append(delta[key])
        if len(delta) > 2:
            self._sum({name: value for name, value in delta.items() if name not in {"type", key}})

    def _sum(self, beside: dict[str, Json]) -> None:
        """Numbers beside a text, as `estimated_tokens`, are increments; of other fields the last value counts."""
        for name, value in beside.items():
            held = self.fields.get(name)
            if isinstance(held, int) and isinstance(value, int):
                self.fields[name] = held + value
            elif value is not None:
                self.fields[name] = value

    def _cite(self, citation: Json) -> None:
        if not self._cited:
            held = self.fields.get("citations")
            self.fields["citations"] = list(held) if isinstance(held, list) else []
            self._cited = True
        self.fields["citations"].append(citation)

    def _set(self, delta: dict[str, Json]) -> None:
        self.fields |= {key: value for key, value in delta.items() if key != "type" and value is not None}

    @property
    def written(self) -> str:
        """The input of a tool as the model wrote it."""
        return "".join(self._texts.get("partial_json", ()))

    def finish(self) -> dict[str, Json]:
        """The whole block. An input that is no JSON, as one that broke off, stays a text, `partial_json`."""
        block = dict(self.fields)
        for key, texts in self._texts.items():
            if key != "partial_json":
                held = block.get(key)
                block[key] = (held if isinstance(held, str) else "") + "".join(texts)
        if self.written:
            self._finish_input(block)
        return block

    def _finish_input(self, block: dict[str, Json]) -> None:
        try:
            block["input"] = parse_json(self.written)
        except ValueError:
            block["partial_json"] = self.written


def imply_block(delta: dict[str, Json]) -> dict[str, Json]:
    """The start of a block that a delta belongs to, where none came."""
    return {"type": _IMPLIED.get(read_type(delta), "unknown")}
