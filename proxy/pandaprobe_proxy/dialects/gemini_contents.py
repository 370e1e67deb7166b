"""The contents of a Gemini request as messages: what the model said, what the user said, and results of functions.

Clients that streamed send each chunk of an answer back as a content of its own: those in a row are one message again.
A result answers the id of its call, or the name of its function where there are no ids.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pandaprobe_proxy.dialects.gemini_parts import PartFold, camelise, read_calls, read_thoughts
from pandaprobe_proxy.model.call import Message

Json = Any
ROLES = {"model": "assistant", "": "user"}
"""Names of roles that are others here."""


def read_contents(contents: Json) -> Iterator[Message]:
    """The messages of `contents`."""
    listed = contents if isinstance(contents, list) else [contents] if contents else []
    for role, group in groupby(listed, key=_role):
        if role == "model":
            yield read_model([*group])
        else:
            for content in group:
                yield from _read_turn(content, ROLES.get(role, role))


def _role(content: Json) -> str:
    role = content.get("role") if isinstance(content, dict) else None
    return role if isinstance(role, str) else ""


def _parts(content: dict[str, Json]) -> list[Json]:
    parts = content.get("parts")
    return parts if isinstance(parts, list) else [] if parts is None else [parts]


def read_model(contents: list[dict[str, Json]]) -> Message:
    """What the model said, in one content or in several."""
    fold = PartFold()
    for content in contents:
        for part in _parts(content):
            fold.add(part)
    parts, _ = fold.finish()
    return Message(
        "assistant",
        parts or None,
        tool_calls=read_calls(parts),
        reasoning=read_thoughts(parts),
        extra={key: value for content in contents for key, value in content.items() if key not in {"role", "parts"}},
    )


def read_system(instruction: Json) -> tuple[Message, ...]:
    """The system instruction: a content, or a text."""
    if not instruction:
        return ()
    return (Message("system", _parts(instruction) if isinstance(instruction, dict) else instruction),)


def _read_turn(content: Json, role: str) -> Iterator[Message]:
    if not isinstance(content, dict):
        yield Message(role, content)
        return
    parts = [camelise(part) for part in _parts(content)]
    extra = {key: value for key, value in content.items() if key not in {"role", "parts"}}
    for is_result, group in groupby(parts, key=_is_result):
        if is_result:
            yield from (_read_result(part) for part in group)
        else:
            yield Message(role, [*group], extra=extra)
    if not parts:
        yield Message(role, None, extra=extra)


def _is_result(part: Json) -> bool:
    return isinstance(part, dict) and isinstance(part.get("functionResponse"), dict)


def _read_result(part: dict[str, Json]) -> Message:
    beside = {key: value for key, value in part.items() if key != "functionResponse"}
    result = dict(part["functionResponse"])
    name, identifier = result.pop("name", None), result.pop("id", None)
    text = {"text": json.dumps(result.pop("response", None), ensure_ascii=False)}
    media = result.pop("parts", None)
    known = identifier or name
    return Message(
        "tool",
        [text, *media] if isinstance(media, list) else [text],
        name=name if isinstance(name, str) else None,
        tool_call_id=known if isinstance(known, str) else None,
        extra=result | beside,
    )
