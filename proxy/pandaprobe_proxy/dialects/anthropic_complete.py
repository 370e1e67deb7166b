"""Anthropic's legacy text completions: `POST /v1/complete`, JSON and SSE. A prompt in, one text out, no usage."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.openai_fields import merge_field, pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_prompts import read_completion
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)v1/complete/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    return read_completion(body)


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    rest.pop("type", None)
    text = pop_typed(rest, "completion", str)
    error = rest.get("error")
    ends = {"stop": rest.pop("stop")} if "stop" in rest else {}
    message = Message("assistant", text, finish_reason=pop_typed(rest, "stop_reason", str) or None, extra=ends)
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=() if text is None else (message,),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=text is None and not error,
    )


class _Completion:
    """The completion of a stream so far: its pieces, and the last value of every other field."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.fields: dict[str, Json] = {}
        self.lossy = False
        self.first_content: int | None = None

    def take(self, value: dict[str, Json] | None, event: StreamEvent) -> None:
        if value is None:
            self.lossy = True
            return
        if (value.get("type") or event.event) == "ping":
            return
        piece = pop_typed(value, "completion", str)
        if piece is not None:
            self.pieces.append(piece)
        self.lossy = self.lossy or "completion" in value
        if piece and self.first_content is None:
            self.first_content = event.end
        for key, item in value.items():
            if item is not None:
                merge_field(self.fields, key, item)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    held = _Completion()
    for value, event in read_objects(events):
        held.take(value, event)
    text = {"completion": "".join(held.pieces)} if held.pieces else {}
    read = answered(held.fields | text)
    return replace(
        read,
        finished=bool(held.fields.get("stop_reason")),
        lossy=held.lossy or (read.lossy and bool(held.fields)),
        first_content=held.first_content,
    )


DIALECT = Dialect(
    "anthropic_complete",
    1,
    "text_completion",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /v1/complete",),
    offers=frozenset({"streamed"}),
)
