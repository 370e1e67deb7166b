"""Items of the OpenAI Responses API as messages, by one rule for both directions.

What the model's side made of one turn (message, reasoning, calls, the provider's own tools) is one assistant message,
so that an answer that is sent back as input is the same message again. What the app sends stands alone.
"""

from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_messages import write_arguments
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
TOOL_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that are tool calls of the app's own tools, and where their arguments are."""
_RESULTS = (
    "apply_patch_call_output",
    "computer_call_output",
    "custom_tool_call_output",
    "function_call_output",
    "local_shell_call_output",
    "mcp_approval_response",
)
_ORDERS = ("compaction_trigger", "configuration_update")


class _Turn:
    """The assistant message that items of one turn make."""

    def __init__(self) -> None:
        self.parts: list[Json] = []
        self.calls: list[ToolCall] = []
        self.items: list[dict[str, Json]] = []
        self.reasoning: list[str] = []

    def add(self, item: Json) -> None:
        kind = item.get("type") if isinstance(item, dict) else None
        if _is_message(item):
            self._add_message(item)
        elif isinstance(kind, str) and kind in TOOL_CALLS:
            self.calls.append(read_call(item))
        else:
            self.parts.append(item)
            if kind == "reasoning":
                self.reasoning += read_reasoning(item)

    def _add_message(self, item: dict[str, Json]) -> None:
        rest = without_nulls(item)
        content = rest.pop("content", None)
        self.parts += content if isinstance(content, list) else [] if content is None else [content]
        for key in ("type", "role"):
            rest.pop(key, None)
        if rest:
            self.items.append(rest)

    def finish(self) -> Message:
        return Message(
            role="assistant",
            content=_join(self.parts),
            tool_calls=tuple(self.calls),
            refusal=_read_refusal(self.parts),
            reasoning="\n\n".join(self.reasoning) or None,
            extra={"items": self.items} if self.items else {},
        )


def read_items(items: Iterable[Json]) -> tuple[Message, ...]:
    """The messages that items make, in their order."""
    messages: list[Message] = []
    turn: _Turn | None = None
    for item in items:
        if not _is_of_the_model(item):
            if turn is not None:
                messages.append(turn.finish())
                turn = None
            messages.append(_read_item(item))
            continue
        turn = turn or _Turn()
        turn.add(item)
    return (*messages, turn.finish()) if turn is not None else tuple(messages)


def _is_message(item: Json) -> bool:
    """A message need not say that it is one."""
    return isinstance(item, dict) and (item.get("type") == "message" or (not item.get("type") and "role" in item))


def _is_of_the_model(item: Json) -> bool:
    if not isinstance(item, dict):
        return False
    kind, role = item.get("type"), item.get("role")
    if role is not None or _is_message(item):
        return bool(role == "assistant")
    return kind not in _RESULTS and kind not in _ORDERS and not _is_result(item)


def _is_result(item: dict[str, Json]) -> bool:
    """Whether the app ran what these items tell the outcome of; the provider's own come with an id, or say so."""
    if item.get("type") == "shell_call_output":
        return not item.get("id")
    return item.get("type") == "tool_search_output" and item.get("execution") == "client"


def _read_item(item: Json) -> Message:
    """An item that is a message of its own. What has no name in a Message is kept as an extra."""
    if not isinstance(item, dict):
        return Message("user" if isinstance(item, str) else "", item)
    if _is_message(item):
        return _read_message(item)
    if item.get("role") is not None or item.get("type") in _ORDERS:
        role = item.get("role")
        return Message(role if isinstance(role, str) else "system", [item])
    return _read_result(item)


def _read_message(item: dict[str, Json]) -> Message:
    rest = without_nulls(item)
    rest.pop("type", None)
    content = rest.pop("content", None)
    role = pop_typed(rest, "role", str) or ""
    return Message(role, content, name=pop_typed(rest, "name", str), extra=rest)


def _read_result(item: dict[str, Json]) -> Message:
    rest = without_nulls(item)
    identifier = pop_typed(rest, "call_id", str) or pop_typed(rest, "approval_request_id", str)
    if "output" not in rest:
        return Message("tool", [item], tool_call_id=identifier)
    output = rest.pop("output")
    content = output if isinstance(output, str | list) else [output]
    return Message("tool", content, tool_call_id=identifier, extra=rest)


def read_call(item: dict[str, Json]) -> ToolCall:
    """A tool call: the id that its result will name, and the item's own id among the extras."""
    rest = without_nulls(item)
    kind = rest.pop("type")
    identifier = pop_typed(rest, "call_id", str) or ""
    name = pop_typed(rest, "name", str) or ""
    arguments = write_arguments(rest.pop(TOOL_CALLS[kind], None))
    return ToolCall(identifier, name, arguments, "function" if kind == "function_call" else "custom", rest)


def read_reasoning(item: dict[str, Json]) -> list[str]:
    """The readable texts of a reasoning item: what was thought, else its summary; what is encrypted has none."""
    return _texts(item.get("content")) or _texts(item.get("summary"))


def _texts(parts: Json) -> list[str]:
    if isinstance(parts, str):
        return [parts] if parts else []
    entries = parts if isinstance(parts, list) else []
    texts = (entry.get("text") if isinstance(entry, dict) else entry for entry in entries)
    return [text for text in texts if isinstance(text, str) and text]


def _join(parts: list[Json]) -> Json:
    """One text alone stays a text; beside other parts it becomes one."""
    if not parts:
        return None
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [{"type": "output_text", "text": part} if isinstance(part, str) else part for part in parts]


def _read_refusal(parts: list[Json]) -> str | None:
    refusals = (part.get("refusal") for part in parts if isinstance(part, dict) and part.get("type") == "refusal")
    return "\n".join(text for text in refusals if isinstance(text, str)) or None
