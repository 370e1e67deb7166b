"""The steps of a Gemini interaction as messages, and a step gathered from the deltas of a stream.

A `model_output` is its contents, a `function_result` a message of its own; thoughts, calls and the results of tools
that run at the provider's are parts of what the model said, as they are.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_fields import merge_field
from pandaprobe_proxy.dialects.openai_messages import write_arguments
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
_OURS = frozenset({"user_input", "function_result"})
_ROLES = {"model": "assistant"}
_GROWING = frozenset({"text", "data"})


def read_input(value: Json, system: Json = None) -> Iterator[Message]:
    """The messages of an `input`: a text, contents, steps, or turns with a role."""
    if system is not None:
        yield Message("system", system)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    for who, group in groupby(listed, key=_who):
        items = [*group]
        if who == "model":
            yield read_output(items)
        elif who == "user":
            yield _read_user(items)
        else:
            yield from (_read_result(item) if who == "result" else _read_turn(item) for item in items)


def _who(item: Json) -> str:
    """Whose an item of an input is."""
    if not isinstance(item, dict):
        return "user"
    if isinstance(item.get("role"), str):
        return "turn"
    kind = str(item.get("type"))
    if kind == "function_result":
        return "result"
    return "model" if kind in {"thought", "model_output"} or kind.endswith(("_call", "_result")) else "user"


def _read_user(items: list[Json]) -> Message:
    if len(items) == 1 and isinstance(items[0], str):
        return Message("user", items[0])
    inner = [item["content"] if _has(item, "user_input") else [item] for item in items]
    contents = [content if isinstance(content, list) else [content] for content in inner]
    return Message("user", [_as_part(part) for content in contents for part in content])


def _has(item: Json, kind: str) -> bool:
    return isinstance(item, dict) and item.get("type") == kind and item.get("content") is not None


def _as_part(value: Json) -> Json:
    return {"type": "text", "text": value} if isinstance(value, str) else value


def _read_turn(item: dict[str, Json]) -> Message:
    rest = {key: value for key, value in item.items() if key not in {"role", "content"}}
    role = str(item["role"])
    return Message(_ROLES.get(role, role), item.get("content"), extra=rest)


def _read_result(item: dict[str, Json]) -> Message:
    rest = {key: value for key, value in item.items() if key not in {"type", "result", "call_id", "name"}}
    result, name, identifier = item.get("result"), item.get("name"), item.get("call_id")
    readable = isinstance(result, str | list)
    return Message(
        "tool",
        result if readable else json.dumps(result, ensure_ascii=False),
        name=name if isinstance(name, str) else None,
        tool_call_id=identifier if isinstance(identifier, str) else None,
        extra=rest,
    )


def read_output(steps: list[Json], finish_reason: str | None = None) -> Message:
    """What the model said in these steps."""
    parts = [part for step in steps for part in _read_step(step)]
    calls = [part for part in parts if isinstance(part, dict) and part.get("type") == "function_call"]
    thoughts = "".join(_read_thought(part) for part in parts if isinstance(part, dict))
    return Message(
        "assistant",
        parts or None,
        tool_calls=tuple(_read_call(call) for call in calls),
        reasoning=thoughts or None,
        finish_reason=finish_reason,
    )


def _read_step(step: Json) -> list[Json]:
    content = step.get("content") if _has(step, "model_output") else None
    if content is None:
        return [] if isinstance(step, dict) and step.get("type") == "model_output" else [step]
    return [_as_part(part) for part in (content if isinstance(content, list) else [content])]


def _read_thought(part: dict[str, Json]) -> str:
    summary = part.get("summary") if part.get("type") == "thought" else None
    texts = (item.get("text") for item in summary if isinstance(item, dict)) if isinstance(summary, list) else ()
    return "".join(text for text in texts if isinstance(text, str))


def _read_call(part: dict[str, Json]) -> ToolCall:
    identifier, name = part.get("id"), part.get("name")
    return ToolCall(
        identifier if isinstance(identifier, str) else "",
        name if isinstance(name, str) else "",
        write_arguments(part.get("arguments")),
    )


class StepFold:
    """One step so far. A `model_output` gathers contents; of any other step the fields."""

    def __init__(self, step: dict[str, Json]) -> None:
        self._step = dict(step)
        self._arguments: list[str] = []
        self._texts: dict[str, list[str]] = {}
        self._contents: list[StepFold] = []
        self._outputs = step.get("type") == "model_output"
        self._summary: list[StepFold] = []
        held = self._step.pop("content", None) if self._outputs else None
        for content in held if isinstance(held, list) else []:
            self.add(content)

    def add(self, delta: Json) -> bool:
        """Takes in a delta; False if it is no object."""
        if not isinstance(delta, dict):
            return False
        kind = delta.get("type")
        if kind == "arguments_delta":
            self._arguments.append(write_arguments(delta.get("arguments")))
        elif kind == "thought_summary" and isinstance(delta.get("content"), dict):
            _join(self._summary, delta["content"])
        elif self._outputs:
            self._add_content(delta)
        else:
            self._merge(delta)
        return True

    def _add_content(self, delta: dict[str, Json]) -> None:
        if delta.get("type") != "text_annotation_delta":
            _join(self._contents, delta)
        elif self._contents:
            self._contents[-1]._merge(delta)
        else:
            self._contents.append(StepFold(delta | {"type": "text"}))

    def _merge(self, delta: dict[str, Json]) -> None:
        for key, value in delta.items():
            held = self._step.get(key)
            if key in _GROWING and isinstance(value, str):
                self._texts.setdefault(key, [held] if isinstance(held, str) else []).append(value)
            elif isinstance(held, list) and isinstance(value, list):
                held.extend(value)
            elif key != "type":
                merge_field(self._step, key, [*value] if isinstance(value, list) else value)

    @property
    def kind(self) -> str:
        return str(self._step.get("type"))

    def finish(self) -> dict[str, Json]:
        step = self._step | {key: "".join(texts) for key, texts in self._texts.items()}
        if self._outputs:
            step["content"] = [content.finish() for content in self._contents]
        if self._summary:
            before = step.get("summary")
            step["summary"] = [*(before if isinstance(before, list) else ()), *(one.finish() for one in self._summary)]
        if self._arguments:
            step["arguments"] = _read_arguments("".join(self._arguments))
        return step


def _read_arguments(text: str) -> Json:
    """Arguments as the object that they are when they are whole."""
    try:
        return parse_json(text)
    except ValueError:
        return text


def _join(contents: list[StepFold], delta: dict[str, Json]) -> None:
    """Adjacent pieces of one kind are one content."""
    if contents and contents[-1].kind == str(delta.get("type")):
        contents[-1]._merge(delta)
    else:
        contents.append(StepFold(delta))
