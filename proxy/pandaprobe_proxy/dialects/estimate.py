"""Tokens by length, where the provider said none: four bytes of UTF-8 to the token."""

import json
from collections.abc import Iterable

from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.model.call import Message, Usage, UsageSource

BYTES_PER_TOKEN = 4


def estimate_usage(asked: Asked, answered: Answered) -> Usage:
    """Of the texts, tool definitions and tool calls in, and of the texts and tool calls out."""
    tools = json.dumps(asked.tools, ensure_ascii=False, default=str) if asked.tools else ""
    reasoning = _count(message.reasoning or "" for message in answered.messages)
    return Usage(
        input=_count([*_texts(asked.messages), tools]),
        output=_count(_texts(answered.messages)),
        reasoning=reasoning or None,
        source=UsageSource.ESTIMATED,
    )


def _texts(messages: Iterable[Message]) -> Iterable[str]:
    for message in messages:
        yield from (message.text, message.refusal or "", message.reasoning or "")
        for call in message.tool_calls:
            yield from (call.name, call.arguments)


def _count(texts: Iterable[str]) -> int:
    length = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return -(-length // BYTES_PER_TOKEN)
