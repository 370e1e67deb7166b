"""OpenAI chat completions, which most providers speak: `POST …/chat/completions`, JSON and SSE."""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.openai_answers import read_answer
from pandaprobe_proxy.dialects.openai_chat_stream import ALIKE, ChatStream
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.dialects.openai_messages import read_message
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)chat/completions/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    messages = pop_typed(rest, "messages", list) or []
    tools = (pop_typed(rest, "tools", list) or []) + (pop_typed(rest, "functions", list) or [])
    return Asked(
        model=pop_typed(rest, "model", str) or read_deployment(path),
        messages=tuple(read_message(message) for message in messages),
        tools=tuple(tools),
        parameters=rest,
        stream=rest.get("stream") is True,
    )


def answered(body: Json) -> Answered:
    return read_answer(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return ChatStream().read(events)


DIALECT = Dialect(
    "openai_chat",
    2,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=("POST /v1/chat/completions",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
