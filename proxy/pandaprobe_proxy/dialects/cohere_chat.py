"""Cohere's chat: `…/v2/chat`, JSON and SSE. A tool plan is what the model thinks before it calls tools."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.cohere_stream import ALIKE, CohereStream
from pandaprobe_proxy.dialects.cohere_usage import read_usage
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_messages import read_message
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)v2/chat/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    return Asked(
        model=pop_typed(rest, "model", str),
        messages=tuple(_read(message) for message in pop_typed(rest, "messages", list) or ()),
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is True,
    )


def _read(value: Json) -> Message:
    message = read_message(value)
    plan = message.extra.get("tool_plan")
    return replace(message, reasoning=message.reasoning or (plan if isinstance(plan, str) and plan else None))


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    said = pop_typed(rest, "message", dict)
    reason = pop_typed(rest, "finish_reason", str)
    usage = pop_typed(rest, "usage", dict)
    error = rest.get("error")
    message = replace(_read({"role": "assistant"} | said), finish_reason=reason) if said is not None else None
    return Answered(
        response_id=pop_typed(rest, "id", str),
        messages=(message,) if message else (),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=message is None and not error,
    )


def streamed(events: Iterable[StreamEvent]) -> Answered:
    stream = CohereStream()
    for value, event in read_objects(events):
        stream.take(value, event.end)
    return stream.finish()


DIALECT = Dialect(
    "cohere_chat",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /v2/chat",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
    alike=ALIKE,
)
