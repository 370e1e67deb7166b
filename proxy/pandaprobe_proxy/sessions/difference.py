"""What changed from one call to the next: messages, tools and parameters, and what that did to the prompt cache. Pure.

Providers cache a prompt by its beginning, which is the tools, then the system prompt, then the messages: the first
difference there is where the cache ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.sessions.transcript import digest

Json = Any
_INSTRUCTIONS = frozenset({"system", "developer"})


class Op(StrEnum):
    SAME = "same"
    ADDED = "added"
    CHANGED = "changed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class MessageChange:
    op: Op
    role: str
    before: Message | None
    after: Message | None
    index_before: int | None
    index_after: int | None


@dataclass(frozen=True, slots=True)
class NamedChange:
    """Of a tool or a parameter."""

    op: Op
    name: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class CacheBreak:
    """The first thing that the later call sends otherwise."""

    what: str
    """`tools`, `system` or `message`."""
    index: int
    """Which of the later call's."""


@dataclass(frozen=True, slots=True)
class Cache:
    shared_messages: int
    """How many messages both begin with."""
    broken_at: CacheBreak | None
    """None if the later call only goes on from the earlier one."""
    cached_tokens_before: int | None
    cached_tokens_after: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Difference:
    messages: Sequence[MessageChange]
    tools: Sequence[NamedChange]
    parameters: Sequence[NamedChange]
    cache: Cache


def compare(before: Call, after: Call) -> Difference:
    """What `after` asks otherwise than `before` did. The answer to `before` counts as what was added to the history."""
    old, new = before.input, after.input
    tools = tuple(_compare_named(_name_tools(before.tools), _name_tools(after.tools)))
    return Difference(
        messages=tuple(_compare_messages(old, new)),
        tools=tools,
        parameters=tuple(_compare_named(before.parameters, after.parameters)),
        cache=_find_cache(before, after, any(change.op is not Op.SAME for change in tools)),
    )


def _compare_messages(old: Sequence[Message], new: Sequence[Message]) -> Iterator[MessageChange]:
    names = [digest(message) for message in old], [digest(message) for message in new]
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if tag == "equal":
            for at, other in zip(range(old_from, old_to), range(new_from, new_to), strict=True):
                yield MessageChange(Op.SAME, new[other].role, old[at], new[other], at, other)
            continue
        yield from _pair(old, new, range(old_from, old_to), range(new_from, new_to))


def _pair(old: Sequence[Message], new: Sequence[Message], left: range, right: range) -> Iterator[MessageChange]:
    """Of a stretch that differs: those of the same role at the same place are one message that has changed."""
    for step in range(max(len(left), len(right))):
        at = left[step] if step < len(left) else None
        other = right[step] if step < len(right) else None
        if at is not None and other is not None and old[at].role == new[other].role:
            yield MessageChange(Op.CHANGED, new[other].role, old[at], new[other], at, other)
            continue
        if at is not None:
            yield MessageChange(Op.DROPPED, old[at].role, old[at], None, at, None)
        if other is not None:
            yield MessageChange(Op.ADDED, new[other].role, None, new[other], None, other)


def _name_tools(tools: Sequence[Json]) -> dict[str, Json]:
    """By name; those that have none by their type and place."""
    named: dict[str, Json] = {}
    for at, tool in enumerate(tools):
        told = tool if isinstance(tool, dict) else {}
        function = told.get("function")
        name = (function.get("name") if isinstance(function, dict) else None) or told.get("name")
        key = str(name or f"{told.get('type', 'tool')} {at + 1}")
        named[key if key not in named else f"{key} ({at + 1})"] = tool
    return named


def _compare_named(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[NamedChange]:
    for name in {**old, **new}:
        if name not in new:
            yield NamedChange(Op.DROPPED, name, old[name], None)
        elif name not in old:
            yield NamedChange(Op.ADDED, name, None, new[name])
        else:
            op = Op.SAME if old[name] == new[name] else Op.CHANGED
            yield NamedChange(op, name, old[name], new[name])


def _find_cache(before: Call, after: Call, tools_changed: bool) -> Cache:
    old, new = ([digest(message) for message in call.input] for call in (before, after))
    shared = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    shared = min(len(old), len(new)) if shared is None else shared
    broken = None
    if tools_changed:
        broken = CacheBreak("tools", 0)
    elif shared < len(old):
        at = min(shared, len(new) - 1) if new else 0
        role = after.input[at].role if new else ""
        broken = CacheBreak("system" if role in _INSTRUCTIONS else "message", shared)
    cached = before.usage.cached, after.usage.cached
    return Cache(shared, broken, *cached, _say(broken, shared, len(old), cached[1]))


def _say(broken: CacheBreak | None, shared: int, whole: int, cached: int | None) -> str:
    told = "" if cached is None else f" {cached} tokens were read from the cache."
    if broken is None:
        return f"It begins with all {whole} messages of the call before, so their cache holds.{told}"
    if broken.what == "tools":
        return f"Its tools are others, so nothing of the prompt before can be read from the cache.{told}"
    what = "The system prompt" if broken.what == "system" else f"Message {broken.index + 1}"
    return f"{what} is another one, so the cache holds for the {shared} messages before it only.{told}"
