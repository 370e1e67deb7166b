"""A fingerprint of a message that stays the same when an agent sends an answer back as history.

What clients change on the way (empty content, a text as a part, spacing of arguments, cache marks, reasoning, unknown
fields) is not part of it; what was said is.
"""

import json
from hashlib import blake2b
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.call import Message, ToolCall

Json = Any
VERSION = "message-1"
"""Part of what is hashed: a change of the form below needs another one."""
_TEXTS = frozenset({"text", "input_text", "output_text"})
_UNSAID = frozenset({"thinking", "redacted_thinking", "reasoning", "thought"})
_MARKS = frozenset({"cache_control", "id", "annotations", "logprobs", "thoughtSignature", "signature"})
_BEHIND = frozenset({"toolCall", "toolResponse"})
"""What Gemini's own tools did, which clients fill in from elsewhere."""
_STANDARD = str.maketrans("-_", "+/", "=")
"""Both alphabets of base64 are one: clients write again what they have parsed."""


def digest(message: Message) -> bytes:
    """16 bytes (BLAKE2b) that are equal for equal messages."""
    form = [
        VERSION,
        message.role,
        message.name,
        message.tool_call_id,
        _parts(message),
        [_call(call) for call in message.tool_calls],
    ]
    return blake2b(_write(form).encode(), digest_size=16).digest()


def _write(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _parts(message: Message) -> list[Json]:
    content = message.content
    listed = content if isinstance(content, list) else [content]
    told = bool(message.tool_calls)
    parts = [_part(part) for part in listed if not _is_unsaid(part) and not (told and _is_call(part))]
    beside = [["refusal", message.refusal]] if message.refusal else []
    audio = message.extra.get("audio")
    if isinstance(audio, dict) and audio.get("id"):
        beside.append(["audio", audio["id"]])  # all that an answer in audio is sent back as
    return [part for part in parts if part not in (None, "", ["text", ""], {})] + beside


def _is_unsaid(part: Json) -> bool:
    if not isinstance(part, dict):
        return False
    return str(part.get("type")) in _UNSAID or bool(part.get("thought")) or not _BEHIND.isdisjoint(part)


def _is_call(part: Json) -> bool:
    """A part that is one of the tool calls, which count on their own."""
    return isinstance(part, dict) and ("functionCall" in part or part.get("type") == "function_call")


def _part(part: Json) -> Json:
    if isinstance(part, str):
        return ["text", part]
    if not isinstance(part, dict):
        return part
    if str(part.get("type", "text")) in _TEXTS and isinstance(part.get("text"), str):
        return ["text", part["text"]]
    if part.get("type") == "refusal":
        return ["refusal", part.get("refusal")]
    return {key: _blob(value) if key == "inlineData" else value for key, value in part.items() if key not in _MARKS}


def _blob(value: Json) -> Json:
    if not isinstance(value, dict) or not isinstance(value.get("data"), str):
        return value
    return value | {"data": value["data"].translate(_STANDARD)}


def _call(call: ToolCall) -> list[Json]:
    """Arguments that are JSON count by their value: clients parse them and write them again."""
    try:
        arguments = parse_json(call.arguments or "{}")
    except ValueError:
        arguments = ["text", call.arguments]
    return [call.id, call.name, arguments]
