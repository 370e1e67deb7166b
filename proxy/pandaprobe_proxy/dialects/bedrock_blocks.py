"""Messages of Bedrock's Converse format, which Nova's own bodies share: blocks named by their one key.

Blocks stay as they are, in their order. Results of tools that the client ran stand in the next user message: each is a
message of its own here, before the rest of that one.
"""

from collections.abc import Mapping
from typing import Any

from pandaprobe_proxy.dialects.anthropic_blocks import NOTHING, write_arguments
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.bedrock_usage import read_usage
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
_SERVER = "server_tool_use"


def read_request(body: dict[str, Json], model: str | None, stream: bool) -> Asked:
    """What a request asks."""
    rest = dict(body)
    system = rest.pop("system", None)
    messages = pop_typed(rest, "messages", list) or []
    config = dict(pop_typed(rest, "toolConfig", dict) or {})
    tools = pop_typed(config, "tools", list) or []
    return Asked(
        model=model,
        messages=((Message("system", system),) if system else ())
        + tuple(part for message in messages for part in read_message(message)),
        tools=tuple(tools),
        parameters=rest | ({"toolConfig": config} if config else {}),
        stream=stream,
    )


def read_message(value: Json) -> tuple[Message, ...]:
    """A message of a request: the tool results in it, then the rest. Those in an answer are of the provider's tools."""
    if not isinstance(value, dict):
        return (Message(role="", content=value),)
    rest = dict(value)
    role: str = pop_typed(rest, "role", str) or ""
    content = rest.pop("content", None)
    results = [block for block in content if read_inner(block, "toolResult")] if isinstance(content, list) else []
    if role == "assistant" or not results:
        return (make_message(role, content, extra=without_nulls(rest)),)
    others = [block for block in content if not read_inner(block, "toolResult")]
    read = tuple(_read_result(block["toolResult"]) for block in results)
    return (*read, make_message(role, others, extra=without_nulls(rest))) if others else read


def make_message(
    role: str,
    content: Json,
    finish_reason: str | None = None,
    written: Mapping[int, str] = NOTHING,
    extra: dict[str, Json] | None = None,
) -> Message:
    """A message of that content. `written` has the arguments of tool uses as they were streamed, by place."""
    blocks = content if isinstance(content, list) else []
    uses = ((place, read_inner(block, "toolUse")) for place, block in enumerate(blocks))
    return Message(
        role=role,
        content=[_show_text(block) for block in blocks] if isinstance(content, list) else content,
        tool_calls=tuple(_read_call(use, written.get(place)) for place, use in uses if use),
        reasoning=_read_reasoning(blocks) or None,
        finish_reason=finish_reason,
        extra=extra or {},
    )


def read_inner(block: Json, key: str) -> dict[str, Json]:
    """What a block of that name holds; empty if it is another."""
    inner = block.get(key) if isinstance(block, dict) else None
    return inner if isinstance(inner, dict) else {}


def _show_text(block: Json) -> Json:
    """A text with citations has its text where that of others is, too."""
    parts = read_inner(block, "citationsContent").get("content")
    if parts is None or "text" in block:
        return block
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    text = "".join(text for text in texts if isinstance(text, str))
    return {"text": text} | block if text else block


def _read_result(result: dict[str, Json]) -> Message:
    rest = without_nulls(result)
    identifier = pop_typed(rest, "toolUseId", str)
    return Message("tool", rest.pop("content", None), tool_call_id=identifier, extra=rest)


def _read_call(use: dict[str, Json], written: str | None) -> ToolCall:
    rest = without_nulls(use)
    identifier, name = pop_typed(rest, "toolUseId", str) or "", pop_typed(rest, "name", str) or ""
    given = write_arguments(rest.pop("input", None))
    kind = rest.pop("type", None)
    return ToolCall(identifier, name, written or given, _SERVER if kind == _SERVER else "function", rest)


def _read_reasoning(blocks: list[Json]) -> str:
    inner = (read_inner(read_inner(block, "reasoningContent"), "reasoningText").get("text") for block in blocks)
    return "\n\n".join(text for text in inner if isinstance(text, str) and text)


def read_answer(body: dict[str, Json], written: Mapping[int, str] = NOTHING) -> Answered:
    """What an answer says."""
    rest = without_nulls(body)
    message = read_inner(rest.get("output"), "message")
    content = message.get("content")
    if not isinstance(content, list):
        return Answered(extra=rest, lossy=True)
    del rest["output"]
    role = message.get("role")
    usage = pop_typed(rest, "usage", dict) or {}
    reason = pop_typed(rest, "stopReason", str) or None
    return Answered(
        messages=(make_message(role if isinstance(role, str) else "assistant", content, reason, written),),
        usage=read_usage(usage),
        extra=rest,
    )
