"""Messages of the Anthropic format, and the content blocks that they are made of.

Blocks stay as they are, in their order, tool uses among them. Results of tools that the client ran stand in the next
user message: each is a message of its own here, before the rest of that one.
"""

import json
from collections.abc import Mapping
from typing import Any

from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
USES = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_NAMED = frozenset({"type", "id", "name", "input", "partial_json"})
NOTHING: Mapping[int, str] = {}


def read_system(system: Json) -> tuple[Message, ...]:
    """The system prompt: a text or blocks of text."""
    return (Message("system", system),) if system else ()


def read_message(value: Json) -> tuple[Message, ...]:
    """A message of a request: the tool results in it, then the rest."""
    if not isinstance(value, dict):
        return (Message(role="", content=value),)
    rest = dict(value)
    role: str = pop_typed(rest, "role", str) or ""
    content = rest.pop("content", None)
    results = tuple(_read_result(block) for block in content if is_result(block)) if isinstance(content, list) else ()
    if results:
        content = [block for block in content if not is_result(block)]
        if not content:
            return results
    return (*results, make_message(role, content, extra=without_nulls(rest)))


def make_message(
    role: str,
    content: Json,
    finish_reason: str | None = None,
    written: Mapping[int, str] = NOTHING,
    extra: dict[str, Json] | None = None,
) -> Message:
    """A message of that content. `written` has the arguments of tool uses as they were streamed, by place."""
    return Message(
        role=role,
        content=content,
        tool_calls=_read_calls(content, written),
        reasoning=read_thinking(content) or None,
        finish_reason=finish_reason,
        extra=extra or {},
    )


def read_type(block: Json) -> str:
    """The type of a block or delta; empty if it has none."""
    kind = block.get("type") if isinstance(block, dict) else None
    return kind if isinstance(kind, str) else ""


def is_result(block: Json) -> bool:
    """Whether a block is the result of a tool that the client ran."""
    return read_type(block) == "tool_result"


def _read_result(block: dict[str, Json]) -> Message:
    rest = {key: value for key, value in block.items() if key != "type" and value is not None}
    identifier = pop_typed(rest, "tool_use_id", str)
    return Message("tool", rest.pop("content", None), tool_call_id=identifier, extra=rest)


def _read_calls(content: Json, written: Mapping[int, str]) -> tuple[ToolCall, ...]:
    blocks = content if isinstance(content, list) else []
    return tuple(_read_call(block, written.get(place)) for place, block in enumerate(blocks) if is_use(block))


def is_use(block: Json) -> bool:
    """Whether a block is the use of a tool, whoever runs it."""
    return read_type(block) in USES


def _read_call(block: dict[str, Json], written: str | None) -> ToolCall:
    identifier, name = block.get("id"), block.get("name")
    return ToolCall(
        id=identifier if isinstance(identifier, str) else "",
        name=name if isinstance(name, str) else "",
        arguments=written or write_arguments(block.get("input")),
        type="function" if block["type"] == "tool_use" else block["type"],
        extra={key: value for key, value in block.items() if key not in _NAMED and value is not None},
    )


def write_arguments(value: Json) -> str:
    """The input of a tool as text; none is an empty object."""
    if isinstance(value, str):
        return value
    return json.dumps({} if value is None else value, ensure_ascii=False)


def read_thinking(content: Json) -> str:
    """The readable text of the thinking in a content."""
    blocks = content if isinstance(content, list) else []
    texts = (block.get("thinking") for block in blocks if read_type(block) == "thinking")
    return "\n\n".join(text for text in texts if isinstance(text, str) and text)
