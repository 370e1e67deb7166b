"""OpenAI chat completions, which most providers speak: `POST …/chat/completions`, JSON and SSE."""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_chat_stream import ChatStream
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_messages import read_choice, read_message
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
    usage, rest = read_rest(body)
    choices = pop_typed(rest, "choices", list)
    whole = [choice for choice in choices or () if isinstance(choice, dict)]
    error = rest.get("error")
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=tuple(read_choice(choice) for choice in sorted(whole, key=_index)),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(whole) != len(choices or ()) or (choices is None and not error),
    )


def _index(choice: dict[str, Json]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


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
    endpoints=("POST /v1/chat/completions",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
