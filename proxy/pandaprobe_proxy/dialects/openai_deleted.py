"""A history without the items that were deleted from the conversation which OpenAI holds.

An item is known by the id that the answer which brought it, or which took it in, has given it.
"""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.model.call import Call, Message

Json = Any
_ITEM = re.compile(r"(?:^|/)conversations/[^/]+/items/([^/?]+)/?$")


def find_deleted(paths: Iterable[str]) -> frozenset[str]:
    """The ids of the items that successful DELETE requests to these paths took away."""
    return frozenset(found[1] for path in paths if (found := _ITEM.search(path)))


def name_added(call: Call) -> tuple[Message, ...]:
    """What a call put into a conversation, each message with the id of its item, as far as the answer tells them."""
    data = call.extra.get("data")
    if not isinstance(data, list) or len(data) != len(call.input):
        return call.input
    ids = [item.get("id") if isinstance(item, dict) else None for item in data]
    named = zip(call.input, ids, strict=True)
    return tuple(replace(message, extra={"id": name} | message.extra) for message, name in named)


def without_items(messages: Iterable[Message], deleted: Set[str]) -> tuple[Message, ...]:
    """The messages without these items. A message of several items loses what came with those."""
    if not deleted:
        return tuple(messages)
    kept = (_without(message, deleted) for message in messages if message.extra.get("id") not in deleted)
    return tuple(message for message in kept if message is not None)


def _without(message: Message, deleted: Set[str]) -> Message | None:
    calls = tuple(call for call in message.tool_calls if call.extra.get("id") not in deleted)
    content = message.content
    if isinstance(content, list):
        content = [part for part in _drop_texts(content, message, deleted) if _name(part) not in deleted] or None
    if content == message.content and calls == message.tool_calls:
        return message
    return replace(message, content=content, tool_calls=calls) if content or calls or message.reasoning else None


def _drop_texts(parts: Sequence[Json], message: Message, deleted: Set[str]) -> list[Json]:
    """Texts have no id of their own: the items that they came with are told in order, if there were several."""
    items = message.extra.get("items")
    names = [_name(item) for item in items] if isinstance(items, list) else []
    texts = [at for at, part in enumerate(parts) if _name(part) is None]
    if len(names) != len(texts):
        return list(parts)
    gone = {at for at, name in zip(texts, names, strict=True) if name in deleted}
    return [part for at, part in enumerate(parts) if at not in gone]


def _name(item: Json) -> str | None:
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None
