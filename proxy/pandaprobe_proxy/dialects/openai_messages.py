"""One message of the chat format, in either direction and whole."""

import json
from typing import Any

from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any


def read_message(value: Json) -> Message:
    """A message as it was sent. What has no name in a Message, or a type that it cannot have, is kept as an extra."""
    if not isinstance(value, dict):
        return Message(role="", content=value)
    rest = dict(value)
    calls = _pop_calls(rest)
    content = rest.pop("content", None)
    reasoning = _pop_reasoning(rest) or read_thinking(content) or read_details(rest.get("reasoning_details"))
    return Message(
        role=pop_typed(rest, "role", str) or "",
        content=content,
        name=pop_typed(rest, "name", str),
        tool_calls=calls,
        tool_call_id=pop_typed(rest, "tool_call_id", str),
        refusal=pop_typed(rest, "refusal", str),
        reasoning=reasoning or None,
        extra=without_nulls(rest),
    )


def read_choice(choice: dict[str, Json]) -> Message:
    """A whole choice of an answer: its message, with what stands beside it."""
    beside = {key: item for key, item in choice.items() if key not in {"index", "message"} and item is not None}
    finish_reason = pop_typed(beside, "finish_reason", str) or None
    message = read_message(choice.get("message") or {})
    extra = message.extra | {key if key not in message.extra else f"choice.{key}": item for key, item in beside.items()}
    return Message(
        role=message.role or "assistant",
        content=message.content,
        name=message.name,
        tool_calls=message.tool_calls,
        tool_call_id=message.tool_call_id,
        refusal=message.refusal,
        reasoning=message.reasoning,
        finish_reason=finish_reason,
        extra=extra,
    )


def _pop_calls(rest: dict[str, Json]) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    entries = rest.get("tool_calls")
    if entries is None or (isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)):
        rest.pop("tool_calls", None)
        calls += [read_tool_call(entry) for entry in entries or ()]
    old = pop_typed(rest, "function_call", dict)
    if old:
        calls.append(read_tool_call({"type": "function_call", "function": old}))
    return tuple(calls)


def read_tool_call(entry: dict[str, Json]) -> ToolCall:
    """A whole tool call: `function` with arguments, `custom` with input."""
    rest = without_nulls(entry)
    rest.pop("index", None)
    kind = pop_typed(rest, "type", str)
    inner = dict(pop_typed(rest, "function", dict) or pop_typed(rest, "custom", dict) or {})
    name = pop_typed(inner, "name", str) or ""
    arguments = inner.pop("arguments", inner.pop("input", ""))
    if inner:
        rest["function"] = inner
    identifier = pop_typed(rest, "id", str) or ""
    return ToolCall(identifier, name, write_arguments(arguments), kind or "function", rest)


def write_arguments(arguments: Json) -> str:
    """Arguments as text; some providers send them as an object."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json.dumps(arguments, ensure_ascii=False)


def _pop_reasoning(rest: dict[str, Json]) -> str | None:
    first: str | None = pop_typed(rest, "reasoning_content", str)
    second: str | None = pop_typed(rest, "reasoning", str)
    if first and second and first != second:
        rest["reasoning"] = second
    return first or second


def read_thinking(content: Json) -> str:
    """The text of the `thinking` parts of a content."""
    parts = content if isinstance(content, list) else []
    return "".join(_thinking(part["thinking"]) for part in parts if isinstance(part, dict) and part.get("thinking"))


def _thinking(value: Json) -> str:
    if isinstance(value, str):
        return value
    return read_details(value)


def read_details(details: Json) -> str:
    """The readable text of reasoning details; encrypted ones have none."""
    entries = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
    texts = (entry.get("text") or entry.get("summary") for entry in entries)
    return "".join(text for text in texts if isinstance(text, str))
