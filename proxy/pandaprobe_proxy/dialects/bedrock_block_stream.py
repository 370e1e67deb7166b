"""One content block of a Converse stream: what its start gave, and what its deltas add to it."""

from typing import Any

from pandaprobe_proxy.dialects.anthropic_blocks import write_arguments
from pandaprobe_proxy.dialects.json_values import parse_json

Json = Any


class BlockStream:
    """One block so far."""

    __slots__ = ("_lists", "_start", "_texts")

    def __init__(self, start: dict[str, Json]) -> None:
        self._start = start
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[Json]] = {}

    def add(self, delta: dict[str, Json]) -> bool:
        """Takes in a delta; False if something of it is of no known type or shape: then it is kept under `deltas`."""
        placed = True
        for key, value in delta.items():
            if not self._take(key, value):
                self._lists.setdefault("deltas", []).append({key: value})
                placed = False
        return placed

    def _take(self, key: str, value: Json) -> bool:
        if key == "text" and isinstance(value, str):
            self._grow("text", value)
        elif key == "toolUse" and isinstance(value, dict):
            self._grow("input", write_arguments(value.get("input", "")))
        elif key == "reasoningContent" and isinstance(value, dict):
            return self._reason(value)
        elif key == "citation":
            self._lists.setdefault("citations", []).append(value)
        elif key == "toolResult" and isinstance(value, list):
            self._lists.setdefault("results", []).extend(value)
        else:
            return False
        return True

    def _grow(self, name: str, text: str) -> None:
        self._texts.setdefault(name, []).append(text)

    def _reason(self, content: dict[str, Json]) -> bool:
        known = {"text", "signature", "redactedContent"}
        for key, value in content.items():
            if key in known and isinstance(value, str):
                self._grow(f"reasoning.{key}", value)
        return content.keys() <= known and all(isinstance(value, str) for value in content.values())

    @property
    def written(self) -> str:
        """The input of a tool as the model wrote it."""
        return "".join(self._texts.get("input", ()))

    def finish(self) -> dict[str, Json]:
        """The whole block, as an answer in one piece has it; empty if there was nothing in it."""
        block = dict(self._start)
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        if "text" in texts:
            block["text"] = texts["text"]
        self._finish_use(block)
        self._finish_reasoning(block, texts)
        self._finish_lists(block)
        return block

    def _finish_use(self, block: dict[str, Json]) -> None:
        """An input that is no JSON, as one that broke off, stays a text, `partialInput`."""
        use = block.get("toolUse")
        if not isinstance(use, dict) and "input" not in self._texts:
            return
        inner: dict[str, Json] = {"input": {}}
        try:
            inner["input"] = parse_json(self.written) if self.written else {}
        except ValueError:
            block["partialInput"] = self.written
        block["toolUse"] = (use if isinstance(use, dict) else {}) | inner

    def _finish_reasoning(self, block: dict[str, Json], texts: dict[str, str]) -> None:
        names = ("text", "signature")
        inner = {name: texts[f"reasoning.{name}"] for name in names if f"reasoning.{name}" in texts}
        redacted = texts.get("reasoning.redactedContent")
        if inner or redacted is not None:
            block["reasoningContent"] = ({"reasoningText": inner} if inner else {}) | (
                {} if redacted is None else {"redactedContent": redacted}
            )

    def _finish_lists(self, block: dict[str, Json]) -> None:
        if "citations" in self._lists:
            content = [{"text": block.get("text", "")}]
            block["citationsContent"] = {"content": content, "citations": self._lists["citations"]}
        if "results" in self._lists:
            held = block.get("toolResult")
            block["toolResult"] = (held if isinstance(held, dict) else {}) | {"content": self._lists["results"]}
        if "deltas" in self._lists:
            block["deltas"] = self._lists["deltas"]
