"""The parts of a Gemini content: texts, thoughts, function calls and all that is neither, whole or in pieces.

Adjacent texts of equal `thought` are one part, a signature stays with its text, and a call that is streamed in pieces
becomes one. Field names are those of protobuf JSON in camel case, since either form of a name means the same.
"""

import re
from typing import Any

from pandaprobe_proxy.dialects.gemini_arguments import PartialArguments
from pandaprobe_proxy.dialects.openai_messages import write_arguments
from pandaprobe_proxy.model.call import ToolCall

Json = Any
_TEXT = frozenset({"text", "thought", "thoughtSignature"})
_FREE = frozenset({"args", "response", "partialArgs"})
"""Fields whose own fields are the app's."""
_UNDERSCORE = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")


def camelise(value: Json) -> Json:
    """The same value with the names of its fields in camel case."""
    if isinstance(value, list):
        return [camelise(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = ((_UNDERSCORE.sub(lambda found: found[1].upper(), key), item) for key, item in value.items())
    return {key: item if key in _FREE else camelise(item) for key, item in named}


def find_growing(part: Json) -> str | None:
    """The key of the text of a part that is a text or a thought and nothing else."""
    plain = isinstance(part, dict) and part.keys() <= {"text", "thought"}
    return "text" if plain and part.get("text") and isinstance(part["text"], str) else None


class _Text:
    """Texts that are one part."""

    def __init__(self, part: dict[str, Json]) -> None:
        self.thought = bool(part.get("thought"))
        self.signature = part.get("thoughtSignature")
        self.texts = [part["text"]]

    def join(self, other: "_Text") -> bool:
        """Takes in the text that comes next; False if it is a part of its own."""
        if self.thought != other.thought or (self.signature and other.signature):
            return False
        self.texts += other.texts
        self.signature = self.signature or other.signature
        return True

    def finish(self) -> dict[str, Json]:
        part: dict[str, Json] = {"text": "".join(self.texts)}
        if self.thought:
            part["thought"] = True
        return part | ({"thoughtSignature": self.signature} if self.signature else {})


class _Call:
    """A function call whose arguments are streamed."""

    def __init__(self, part: dict[str, Json]) -> None:
        self.arguments = PartialArguments()
        self._part: dict[str, Json] = {}
        self._call: dict[str, Json] = {}
        self._given: dict[str, Json] = {}
        self.add(part)

    def add(self, part: dict[str, Json]) -> None:
        self._part |= {key: value for key, value in part.items() if key != "functionCall"}
        for key, value in part["functionCall"].items():
            if key == "partialArgs":
                self.arguments.add(value)
            elif key == "args" and isinstance(value, dict):
                self._given |= value
            elif key != "willContinue":
                self._call[key] = value

    def finish(self) -> dict[str, Json]:
        return {"functionCall": self._call | {"args": self._given | self.arguments.finish()}} | self._part


class PartFold:
    """The parts of one content so far."""

    def __init__(self) -> None:
        self._parts: list[_Text | _Call | Json] = []
        self._open: _Call | None = None

    def add(self, part: Json) -> bool:
        """Takes in a part, whole or a piece of one; False if it is no object, in which case it is kept as it is."""
        if not isinstance(part, dict):
            self._parts.append(part)
            return False
        part = part if part.keys() == {"text"} else camelise(part)
        if isinstance(part.get("text"), str) and part.keys() <= _TEXT:
            self._add_text(_Text(part))
        elif isinstance(part.get("functionCall"), dict):
            self._add_call(part)
        else:
            self._parts.append(part)
        return True

    def _add_text(self, text: _Text) -> None:
        if not text.texts[0] and not text.signature:
            return
        last = self._parts[-1] if self._parts else None
        if not isinstance(last, _Text) or not last.join(text):
            self._parts.append(text)

    def _add_call(self, part: dict[str, Json]) -> None:
        """A name begins a call, `willContinue` leaves it open, and the first piece without it is its last one."""
        call = part["functionCall"]
        goes_on = bool(call.get("willContinue"))
        if self._open is not None and not call.get("name"):
            self._open.add(part)
            self._open = self._open if goes_on else None
        elif goes_on or "partialArgs" in call:
            begun = _Call(part)
            self._parts.append(begun)
            self._open = begun if goes_on else None
        else:
            self._parts.append(part)
            self._open = None

    def finish(self) -> tuple[list[Json], bool]:
        """(the parts, whether everything in them was placed)."""
        parts = [part.finish() if isinstance(part, _Text | _Call) else part for part in self._parts]
        return parts, all(part.arguments.placed for part in self._parts if isinstance(part, _Call))


def read_calls(parts: list[Json]) -> tuple[ToolCall, ...]:
    """The function calls among the parts. A call without an id has none here either: its name is all it has."""
    calls = (part["functionCall"] for part in parts if is_call(part))
    return tuple(_read_call(call) for call in calls)


def is_call(part: Json) -> bool:
    return isinstance(part, dict) and isinstance(part.get("functionCall"), dict)


def _read_call(call: dict[str, Json]) -> ToolCall:
    identifier, name = call.get("id"), call.get("name")
    rest = {key: value for key, value in call.items() if key not in {"id", "name", "args"}}
    return ToolCall(
        identifier if isinstance(identifier, str) else "",
        name if isinstance(name, str) else "",
        write_arguments(call.get("args") or {}),
        extra=rest,
    )


def read_thoughts(parts: list[Json]) -> str | None:
    """The readable text of the thoughts among the parts."""
    thoughts = (part.get("text") for part in parts if isinstance(part, dict) and part.get("thought"))
    return "".join(text for text in thoughts if isinstance(text, str)) or None


def says(part: Json) -> bool:
    """Whether a part is something to see: no thought, no call, and no empty text."""
    if not isinstance(part, dict) or part.get("thought") or "functionCall" in part or "function_call" in part:
        return False
    return part.get("text") != "" and bool(part.keys() - {"thoughtSignature"})
