"""Mistral's completions of code and of agents: `…/fim/completions`, `…/agents/completions`, answered as chat is."""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.openai_answers import read_answer
from pandaprobe_proxy.dialects.openai_chat_stream import ALIKE, ChatStream
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.dialects.openai_messages import read_message
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)(fim|agents)/completions/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    found = _PATH.search(path)
    fills = found is not None and found[1] == "fim"
    messages = pop_typed(rest, "messages", list) or []
    return Asked(
        model=pop_typed(rest, "model", str),
        messages=(*(read_message(message) for message in messages), *read_prompts(rest.pop("prompt", None))),
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is True,
        operation="text_completion" if fills else None,
    )


def answered(body: Json) -> Answered:
    return read_answer(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return ChatStream().read(events)


DIALECT = Dialect(
    "mistral_completions",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=("POST /v1/fim/completions", "POST /v1/agents/completions"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
