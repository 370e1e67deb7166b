"""LM Studio's own chat: `…/api/v1/chat`, JSON and SSE (docs/developer/rest/streaming-events). Its tools run there.

What it serves under `/api/v0` and `/v1` is OpenAI's.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import CallError, Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)api/v1/chat/?$")
_PROGRESS = ("model_load.", "prompt_processing.")
_SILENT = frozenset({"chat.start", "reasoning.end", "message.end"})


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    system = pop_typed(rest, "system_prompt", str)
    said = rest.pop("input", None)
    content = [_as_part(item) for item in said] if isinstance(said, list) else said
    return Asked(
        model=pop_typed(rest, "model", str),
        messages=(
            *((Message("system", system),) if system else ()),
            *((Message("user", content),) if content else ()),
        ),
        tools=tuple(pop_typed(rest, "integrations", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is True,
        previous_id=pop_typed(rest, "previous_response_id", str) or None,
    )


def _as_part(item: Json) -> Json:
    """An item as a part: what is said is its text."""
    if not isinstance(item, dict) or str(item.get("type")) not in {"message", "text"} or "content" not in item:
        return item
    return {"type": "text", "text": item["content"]} | {
        key: value for key, value in item.items() if key not in {"type", "content"}
    }


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    output = pop_typed(rest, "output", list)
    stats = pop_typed(rest, "stats", dict) or {}
    error = rest.get("error")
    items = [item for item in output or () if isinstance(item, dict)]
    thoughts = (item.get("content") for item in items if item.get("type") == "reasoning")
    reasoning = "".join(thought for thought in thoughts if isinstance(thought, str))
    message = Message("assistant", [_as_part(item) for item in items] or None, reasoning=reasoning or None)
    return Answered(
        model=pop_typed(rest, "model_instance_id", str),
        response_id=pop_typed(rest, "response_id", str),
        messages=(message,) if output else (),
        usage=_read_usage(stats),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(items) != len(output or ()) or (output is None and not error),
        conversation_id=pop_typed(rest, "thread_id", str),
    )


def _read_usage(stats: dict[str, Json]) -> Usage:
    source, output = read_count(stats, "input_tokens"), read_count(stats, "total_output_tokens")
    if source is None and output is None:
        return Usage(raw=stats)
    thoughts = read_count(stats, "reasoning_output_tokens")
    return Usage(source, output, reasoning=thoughts, source=UsageSource.REPORTED, raw=stats)


def _grows(event: dict[str, Json], name: str) -> str | None:
    """A piece of what is said or thought, and nothing beside it."""
    if event.keys() != {"type", "content"} or event["type"] not in ("message.delta", "reasoning.delta"):
        return None
    return "content" if isinstance(event["content"], str) else None


ALIKE = Alike(_grows)


class _Stream:
    """One stream so far: what came in pieces, and the whole result that the last event has."""

    def __init__(self) -> None:
        self.lossy = False
        self.ended = False
        self.error: CallError | None = None
        self.first: dict[str, int] = {}
        self._items: list[dict[str, Json]] = []
        self._rest: dict[str, Json] = {}

    def take(self, event: dict[str, Json], name: str, end: int) -> None:
        """Takes in one event; one of an unknown type is kept."""
        kind = str(event.get("type") or name)
        what, _, step = kind.partition(".")
        if isinstance(event.get("model_instance_id"), str):
            self._rest.setdefault("model_instance_id", event["model_instance_id"])
        if kind == "chat.end":
            self._end(event.get("result"))
        elif kind == "error":
            self.error = self.error or read_error(event)
        elif what in {"reasoning", "message"} and step in {"start", "delta"}:
            self._add_text(what, event.get("content"), end)
        elif what == "tool_call":
            self._add_call(event, step, end)
        elif kind not in _SILENT and not kind.startswith(_PROGRESS):
            self._rest.setdefault("events", []).append(event)

    def _add_text(self, kind: str, text: Json, end: int) -> None:
        if not self._items or self._items[-1]["type"] != kind:
            self._items.append({"type": kind, "content": []})
        if not isinstance(text, str):
            self.lossy = self.lossy or text is not None
            return
        self._items[-1]["content"].append(text)
        if kind == "message":
            self.first.setdefault("content", end)

    def _add_call(self, event: dict[str, Json], step: str, end: int) -> None:
        self.first.setdefault("tool", end)
        if step == "start" or not self._items or self._items[-1]["type"] != "tool_call":
            self._items.append({"type": "tool_call"})
        self._items[-1] |= {key: value for key, value in event.items() if key != "type"}

    def _end(self, result: Json) -> None:
        self.ended = True
        if isinstance(result, dict):
            self._rest |= result
        else:
            self.lossy = True

    def finish(self) -> dict[str, Json]:
        """The result: as the last event has it, else as far as it came."""
        return {"output": [_close(item) for item in self._items]} | self._rest


def _close(item: dict[str, Json]) -> dict[str, Json]:
    return item if item["type"] == "tool_call" else item | {"content": "".join(item["content"])}


def streamed(events: Iterable[StreamEvent]) -> Answered:
    stream = _Stream()
    for value, event in read_objects(events):
        if value is None:
            stream.lossy = True
        else:
            stream.take(value, event.event, event.end)
    answer = answered(stream.finish())
    return replace(
        answer,
        error=answer.error or stream.error,
        finished=stream.ended,
        lossy=stream.lossy or answer.lossy,
        first_content=stream.first.get("content"),
        first_tool=stream.first.get("tool"),
    )


DIALECT = Dialect(
    "lmstudio_chat",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /api/v1/chat",),
    offers=frozenset({"streamed", "usage"}),
    alike=ALIKE,
)
