"""The entries of a Mistral conversation as messages, and an entry gathered from the events of a stream."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pandaprobe_proxy.dialects.openai_content import ContentFold
from pandaprobe_proxy.dialects.openai_fields import merge_field
from pandaprobe_proxy.dialects.openai_messages import read_thinking, write_arguments
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
_OURS = frozenset({"message.input", "function.result"})


def read_inputs(inputs: Json) -> Iterator[Message]:
    """The messages of `inputs`: a text, or entries. Those of the model in a row are one message."""
    listed = inputs if isinstance(inputs, list) else [] if inputs is None else [inputs]
    for is_ours, group in groupby(listed, key=_is_ours):
        if is_ours:
            yield from (_read_input(entry) for entry in group)
        else:
            yield read_outputs([*group])


def _is_ours(entry: Json) -> bool:
    if not isinstance(entry, dict):
        return True
    return str(entry.get("type")) in _OURS or ("type" not in entry and entry.get("role") != "assistant")


def _read_input(entry: Json) -> Message:
    if not isinstance(entry, dict):
        return Message("user", entry)
    rest = {key: value for key, value in entry.items() if key not in {"type", "object"} and value is not None}
    role, content = rest.pop("role", "user"), rest.pop("content", None)
    if entry.get("type") != "function.result":
        return Message(str(role), content, extra=rest)
    result, identifier = rest.pop("result", None), rest.pop("tool_call_id", None)
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return Message("tool", text, tool_call_id=identifier if isinstance(identifier, str) else None, extra=rest)


def read_outputs(entries: list[dict[str, Json]]) -> Message:
    """What the model said in these entries: contents, calls, and what tools and agents did at the provider's."""
    said = [entry for entry in entries if entry.get("type", "message.output") == "message.output"]
    calls = [entry for entry in entries if entry.get("type") == "function.call"]
    content = [part for entry in entries for part in _read_parts(entry)]
    alone = len(entries) == 1 and content and content[0].keys() == {"type", "text"}
    beside = [{key: value for key, value in entry.items() if key not in {"content", "type"}} for entry in said]
    return Message(
        "assistant",
        content[0]["text"] if alone and len(content) == 1 else content or None,
        tool_calls=tuple(_read_call(call) for call in calls),
        reasoning=read_thinking(content) or None,
        extra={"outputs": beside} if any(beside) else {},
    )


def _read_parts(entry: dict[str, Json]) -> list[dict[str, Json]]:
    kind = entry.get("type", "message.output")
    if kind == "function.call":
        return []
    content = entry.get("content") if kind == "message.output" else entry
    listed = content if isinstance(content, list) else [] if content is None else [content]
    texts = ({"type": "text", "text": part} if isinstance(part, str) else part for part in listed)
    return [part if isinstance(part, dict) else {"type": "unknown", "value": part} for part in texts]


def _read_call(entry: dict[str, Json]) -> ToolCall:
    rest = {key: value for key, value in entry.items() if key not in {"type", "object"} and value is not None}
    identifier, name = rest.pop("tool_call_id", None), rest.pop("name", None)
    arguments = write_arguments(rest.pop("arguments", None))
    known = identifier if isinstance(identifier, str) else ""
    return ToolCall(known, name if isinstance(name, str) else "", arguments, extra=rest)


class EntryFold:
    """One entry so far: its content and its arguments grow, the rest is set."""

    def __init__(self, kind: str) -> None:
        self._content = ContentFold()
        self._arguments: list[str] = []
        self._fields: dict[str, Json] = {"type": kind}

    def add(self, event: dict[str, Json]) -> None:
        """Takes in an event of the entry."""
        for key, value in event.items():
            if key == "content" and value is not None:
                self._content.add([value] if isinstance(value, dict) else value)
            elif key == "arguments" and value is not None:
                self._arguments.append(write_arguments(value))
            elif key not in {"type", "output_index", "content_index"}:
                merge_field(self._fields, key, value)

    def finish(self) -> dict[str, Json]:
        content = self._content.finish()
        entry = {key: value for key, value in self._fields.items() if value is not None}
        if self._arguments:
            entry["arguments"] = "".join(self._arguments)
        return entry | ({} if content is None else {"content": content})
