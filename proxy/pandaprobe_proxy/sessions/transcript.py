"""A fingerprint of a message that stays the same when an agent sends an answer back as history.

What clients change on the way (empty content, a text as a part, spacing of arguments, cache marks, reasoning, who had a
tool run, unknown fields) is not part of it; what was said is. A tool use counts once, as a tool call.
"""

import json
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.call import Call, Message, ToolCall

Json = Any
VERSION = "message-1"
"""Part of what is hashed: a change of the form below needs another one."""
REMEMBERED = 16_384
REMEMBERED_CHARS = 1000
"""Only short messages, which bounds what remembering takes."""
_TEXTS = frozenset({"text", "input_text", "output_text"})
_UNSAID = frozenset({"thinking", "redacted_thinking", "reasoning", "thought"})
_UNSAID_KEYS = frozenset({"reasoningContent", "cachePoint", "toolCall", "toolResponse"})
"""What names such a part where parts have no type; the last two are what Gemini's own tools did, which clients fill in
from elsewhere."""
_MARKS = frozenset({"cache_control", "id", "annotations", "logprobs", "thoughtSignature", "signature"})
_ITEMS = ("_call", "_output", "_request", "_list_tools", "program")
"""How the types of items end that a provider's own tools make; clients drop their status and what is null in them."""

_OF_CLIENT = _MARKS | {"caller", "citations"}
_STANDARD = str.maketrans("-_", "+/", "=")
"""Both alphabets of base64 are one: clients write again what they have parsed."""


def digest(message: Message) -> bytes:
    """16 bytes (BLAKE2b) that are equal for equal messages."""
    content = message.content
    if not (content is None or isinstance(content, str)) or message.refusal or "audio" in message.extra:
        return _hash(message)
    chars = len(content or "")
    calls: _Calls = ()
    if message.tool_calls:
        calls = tuple((call.id, call.name, call.arguments) for call in message.tool_calls)
        chars += sum(len(arguments) for _, _, arguments in calls)
    if chars > REMEMBERED_CHARS:
        return _hash(message)
    return _remember(message.role, content, message.name, message.tool_call_id, calls)


def name_messages(call: Call) -> list[bytes]:
    """The digests of a call's input and output, in order. Both its evidence and a search go by them."""
    return [digest(message) for message in (*call.input, *call.output)]


_Calls = tuple[tuple[str, str, str], ...]


@lru_cache(REMEMBERED)
def _remember(role: str, content: str | None, name: str | None, tool_call_id: str | None, calls: _Calls) -> bytes:
    """Agents send their whole history with every call, so the same messages come again and again."""
    made = tuple(ToolCall(*call) for call in calls)
    return _hash(Message(role, content, name=name, tool_call_id=tool_call_id, tool_calls=made))


def _hash(message: Message) -> bytes:
    return blake2b(_write_form(message).encode(), digest_size=16).digest()


def _write_form(message: Message) -> str:
    form = [
        VERSION,
        message.role,
        message.name,
        message.tool_call_id,
        _parts(message),
        [_call(call) for call in message.tool_calls],
    ]
    return _write(form)


_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def _parts(message: Message) -> list[Json]:
    content = message.content
    listed = content if isinstance(content, list) else [content]
    calls = {call.id for call in message.tool_calls}
    parts = [_part(part) for part in listed if not _is_unsaid(part) and not _is_call(part, calls)]
    beside = [["refusal", message.refusal]] if message.refusal and not _refuses(listed) else []
    audio = message.extra.get("audio")
    if isinstance(audio, dict) and audio.get("id"):
        beside.append(["audio", audio["id"]])  # all that an answer in audio is sent back as
    return [part for part in parts if part not in (None, "", ["text", ""], {})] + beside


def _refuses(parts: list[Json]) -> bool:
    return any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)


def _is_unsaid(part: Json) -> bool:
    if not isinstance(part, dict):
        return False
    return str(part.get("type")) in _UNSAID or bool(part.get("thought")) or not _UNSAID_KEYS.isdisjoint(part)


def _is_call(part: Json, calls: set[str]) -> bool:
    """A part that is one of the tool calls, which count on their own."""
    if not calls or not isinstance(part, dict):
        return False
    return _read_use(part) in calls or "functionCall" in part or part.get("type") == "function_call"


def _read_use(part: dict[str, Json]) -> str | None:
    """The id of the tool call that a part is."""
    inner = part.get("toolUse")
    identifier = inner.get("toolUseId") if isinstance(inner, dict) else None
    if str(part.get("type")).endswith("tool_use"):
        identifier = part.get("id")
    return identifier if isinstance(identifier, str) else None


def _part(part: Json) -> Json:
    if isinstance(part, str):
        return ["text", part]
    if not isinstance(part, dict):
        return part
    if str(part.get("type", "text")) in _TEXTS and isinstance(part.get("text"), str):
        return ["text", part["text"]]
    if part.get("type") == "refusal":
        return ["refusal", part.get("refusal")]
    kind = str(part.get("type"))
    if kind == "item_reference":
        return part
    if kind.endswith(("_tool_result", "compaction")):
        return _without_nulls({key: value for key, value in part.items() if key not in _OF_CLIENT})
    said = {key: _blob(value) if key == "inlineData" else value for key, value in part.items() if key not in _MARKS}
    if not kind.endswith(_ITEMS):
        return said
    return {key: value for key, value in said.items() if key != "status" and value is not None}


def _blob(value: Json) -> Json:
    if not isinstance(value, dict) or not isinstance(value.get("data"), str):
        return value
    return value | {"data": value["data"].translate(_STANDARD)}


def _without_nulls(value: Json) -> Json:
    """What clients that write every field of their types add is gone."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _call(call: ToolCall) -> list[Json]:
    """Arguments that are JSON count by their value: clients parse them and write them again."""
    try:
        arguments = parse_json(call.arguments or "{}")
    except ValueError:
        arguments = ["text", call.arguments]
    return [call.id, call.name, arguments]
