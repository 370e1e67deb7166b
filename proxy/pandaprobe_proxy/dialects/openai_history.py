"""Items of a history as they are sent to OpenAI's state endpoints: messages, function calls and their outputs."""

import json
from typing import Any

from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
_CALLS = ("function_call", "custom_tool_call")
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


def read_items(items: Json) -> tuple[Message, ...]:
    """One message per item; a text is the user's."""
    if isinstance(items, list):
        return tuple(read_item(item) for item in items)
    return (Message("user", items),) if isinstance(items, str) else ()


def read_item(item: Json) -> Message:
    """An item as a message. What has no name in a Message is kept as an extra."""
    if not isinstance(item, dict):
        return Message("", item)
    rest = without_nulls(item)
    kind = rest.get("type")
    if kind in _CALLS:
        return _read_call(rest)
    if kind in _OUTPUTS:
        call, output = pop_typed(rest, "call_id", str), rest.pop("output", None)
        return Message("tool", output, tool_call_id=call, extra=rest)
    if kind == "message":
        del rest["type"]
    role, content = pop_typed(rest, "role", str) or "", rest.pop("content", None)
    return Message(role, content, extra=rest)


def _read_call(rest: dict[str, Json]) -> Message:
    kind = rest.pop("type")
    call, name = pop_typed(rest, "call_id", str) or "", pop_typed(rest, "name", str) or ""
    arguments = rest.pop("arguments", rest.pop("input", ""))
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return Message("assistant", tool_calls=(ToolCall(call, name, text, kind, rest),))
