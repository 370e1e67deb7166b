"""Ollama's own API: `…/api/chat` and `…/api/generate`, JSON and NDJSON. Streams unless it is told not to."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.ollama_answer import ALIKE, OllamaAnswer, read_call
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.dialects.openai_messages import read_message
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)api/(chat|generate)/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    found = _PATH.search(path)
    generates = found is not None and found[1] == "generate"
    messages = _read_prompt(rest) if generates else [_read(item) for item in pop_typed(rest, "messages", list) or ()]
    return Asked(
        model=pop_typed(rest, "model", str),
        messages=tuple(messages),
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is not False,
        operation="text_completion" if generates else None,
    )


def _read_prompt(rest: dict[str, Json]) -> list[Message]:
    system, prompt = pop_typed(rest, "system", str), pop_typed(rest, "prompt", str)
    messages = [Message("system", system)] if system else []
    images = pop_typed(rest, "images", list)
    if prompt or images:
        messages.append(Message("user", _with_images(prompt, images)))
    return messages


def _with_images(content: Json, images: list[Json] | None) -> Json:
    """A text with its images as parts; one without stays a text."""
    if not images:
        return content
    text = [{"type": "text", "text": content}] if content else []
    return [*text, *({"type": "image", "image": image} for image in images)]


def _read(value: Json) -> Message:
    """A message; a tool's result names its call, or its tool where calls have no ids."""
    message = read_message(value)
    rest = dict(message.extra)
    tool, images = pop_typed(rest, "tool_name", str), pop_typed(rest, "images", list)
    thinking = pop_typed(rest, "thinking", str)
    name = message.name or tool
    calls = value.get("tool_calls") if message.tool_calls else ()
    return replace(
        message,
        content=_with_images(message.content, images),
        name=name,
        tool_calls=tuple(read_call(call) for call in calls),
        tool_call_id=message.tool_call_id or (name if message.role == "tool" else None),
        reasoning=message.reasoning or thinking,
        extra=rest,
    )


def answered(body: Json) -> Answered:
    answer = OllamaAnswer()
    answer.take(body, 0)
    return answer.finish(streamed=False)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    answer = OllamaAnswer()
    for line, event in read_objects(events):
        answer.take(line, event.end)
    return answer.finish(streamed=True)


DIALECT = Dialect(
    "ollama",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=("POST /api/chat", "POST /api/generate"),
    offers=frozenset({"streamed", "usage", "tools"}),
)
