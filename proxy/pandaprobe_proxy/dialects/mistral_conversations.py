"""Mistral's conversations: `…/conversations[/{id}[/restart]]`, JSON and SSE; the provider holds what came before.

OpenAI has conversations under the same path, so a path is Mistral's by what it begins with, or by who sends it.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.mistral_entries import EntryFold, read_inputs, read_outputs
from pandaprobe_proxy.dialects.openai_fields import merge_field, pop_typed, read_usage, without_nulls
from pandaprobe_proxy.model.call import CallError, Message
from pandaprobe_proxy.model.exchange import Headers, find_header
from pandaprobe_proxy.wire.run_forms import TIME, Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)conversations(?:/([^/]+)(?:/restart)?)?/?$")
_OURS = re.compile(r"(?:^|/)mistral/")
_PIECES = {"message.output.delta": "content", "function.call.delta": "arguments"}
_KINDS = {"message.output.delta": "message.output", "function.call.delta": "function.call"}


def matches(method: str, path: str, headers: Headers) -> bool:
    if method != "POST" or _PATH.search(path) is None:
        return False
    client = (find_header(headers, b"user-agent") or b"").lower()
    return _OURS.search(path) is not None or client.startswith(b"mistral-client")


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    found = _PATH.search(path)
    instructions = pop_typed(rest, "instructions", str)
    model, agent = pop_typed(rest, "model", str), rest.get("agent_id")
    return Asked(
        model=model or (agent if isinstance(agent, str) else None),
        messages=(
            *((Message("system", instructions),) if instructions else ()),
            *read_inputs(rest.pop("inputs", None)),
        ),
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is True,
        conversation_id=unquote(found[1]) if found and found[1] else None,
    )


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    rest.pop("object", None)
    outputs = pop_typed(rest, "outputs", list)
    entries = [entry for entry in outputs or () if isinstance(entry, dict)]
    error = rest.get("error")
    models = (entry.get("model") for entry in entries)
    return Answered(
        model=next((model for model in models if isinstance(model, str)), None),
        messages=(read_outputs(entries),) if entries else (),
        usage=read_usage(pop_typed(rest, "usage", dict) or {}),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(entries) != len(outputs or ()) or (outputs is None and not error),
        conversation_id=pop_typed(rest, "conversation_id", str),
    )


def _grows(event: dict[str, Json], name: str) -> str | None:
    """A piece of what is said, or of the arguments of a call, beside the names of where it belongs."""
    key = _PIECES.get(str(event.get("type") or name))
    beside = [value for other, value in event.items() if other != key]
    plain = all(isinstance(value, str | int | None) for value in beside)
    plain = plain and len(event.keys() & {"content", "arguments", "error"}) == 1
    return key if key and plain and isinstance(event.get(key), str) and event[key] else None


ALIKE = Alike(_grows, {"created_at": TIME})


class _Stream:
    """One stream so far."""

    def __init__(self) -> None:
        self.lossy = False
        self.ended = False
        self.error: CallError | None = None
        self.first: dict[str, int] = {}
        self._entries: dict[tuple[Json, str], EntryFold] = {}
        self._rest: dict[str, Json] = {}

    def take(self, event: dict[str, Json], name: str, end: int) -> None:
        """Takes in one event, whose type is in it or in its name; fields of one of an unknown type are kept."""
        kind = str(event.get("type") or name)
        if kind == "conversation.response.error" or "error" in event:
            self.error = self.error or read_error(event)
            merge_field(self._rest, "error", event.get("error", event))
        elif kind.startswith("conversation.response."):
            self.ended = self.ended or kind.endswith(".done")
            for key in event.keys() - {"type", "created_at"}:
                merge_field(self._rest, key, event[key])
        elif kind.startswith(("message.", "function.", "tool.", "agent.")):
            self._add(event, kind, end)
        else:
            self._rest.setdefault("events", []).append(event)

    def _add(self, event: dict[str, Json], kind: str, end: int) -> None:
        entry = _KINDS.get(kind) or kind.rpartition(".")[0]
        place = (event.get("id") if isinstance(event.get("id"), str) else event.get("output_index") or 0, entry)
        try:
            self._entries.setdefault(place, EntryFold(entry)).add(event)
        except TypeError:  # a place or a content that is none
            self.lossy = True
            return
        if entry == "message.output" and event.get("content"):
            self.first.setdefault("content", end)
        elif entry == "function.call":
            self.first.setdefault("tool", end)

    def finish(self) -> dict[str, Json]:
        """The answer as it would be without a stream."""
        return self._rest | {"outputs": [entry.finish() for entry in self._entries.values()]}


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
        error=stream.error,
        finished=stream.ended,
        lossy=stream.lossy or answer.lossy,
        first_content=stream.first.get("content"),
        first_tool=stream.first.get("tool"),
    )


DIALECT = Dialect(
    "mistral_conversations",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /mistral/v1/conversations", "POST /mistral/v1/conversations/{id}"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
    alike=ALIKE,
)
