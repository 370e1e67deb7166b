"""Gemini's Interactions API: `…/interactions`, JSON and SSE; what came before is held by the provider, by id."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.counts import add_counts, read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.gemini_paths import bare_model
from pandaprobe_proxy.dialects.gemini_steps import StepFold, read_input, read_output
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.openai_fields import merge_field, pop_typed, without_nulls
from pandaprobe_proxy.model.call import RETRIEVE, CallError, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.run_forms import PADDING, Alike
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"/interactions(?:/[^/:]+(?:/cancel)?)?/?$")
_CREATE = re.compile(r"/interactions(?:/[^/]+/cancel)?/?$")
_TOLD = re.compile(r"/interactions/[^/]+(/cancel)?/?$")
_RUNNING = frozenset({"in_progress", "queued"})
_PIECES = {"text": "text", "arguments_delta": "arguments"}


def matches(method: str, path: str, headers: Headers) -> bool:
    wanted = _CREATE if method == "POST" else _PATH
    return method in {"POST", "GET"} and wanted.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest, told_again = dict(body), _TOLD.search(path)
    system = rest.pop("system_instruction", None)
    tools = pop_typed(rest, "tools", list) or []
    model = pop_typed(rest, "model", str)
    return Asked(
        model=bare_model(model) or rest.get("agent"),
        messages=tuple(read_input(rest.pop("input", None), system)),
        tools=tuple(tools),
        parameters=rest,
        stream=rest.get("stream") is True,
        previous_id=pop_typed(rest, "previous_interaction_id", str) or None,
        operation=("cancel" if told_again[1] else RETRIEVE) if told_again else None,
    )


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    steps = pop_typed(rest, "steps", list)
    outputs = pop_typed(rest, "outputs", list)  # what steps were called at first
    said = steps if steps is not None else outputs
    return _answer(rest, said, said is None and "status" not in rest and "error" not in rest)


def _answer(rest: dict[str, Json], steps: list[Json] | None, lossy: bool) -> Answered:
    """The answer that an interaction and its steps are."""
    status = pop_typed(rest, "status", str)
    usage = pop_typed(rest, "usage", dict) or {}
    rest.pop("object", None)
    error = rest.get("error")
    failed = CallError("the interaction failed", "failed") if status == "failed" else None
    odd = [step for step in steps or () if not isinstance(step, dict)]
    return Answered(
        model=bare_model(pop_typed(rest, "model", str)),
        response_id=pop_typed(rest, "id", str) or None,
        messages=(read_output(steps, None if status in _RUNNING else status),) if steps else (),
        usage=_read_usage(usage),
        error=read_error(error) if error else failed,
        extra=rest,
        lossy=lossy or bool(odd),
        pending=status in _RUNNING,
    )


def _read_usage(raw: dict[str, Json]) -> Usage:
    """The input includes what was cached and what tools put into it, the output the thoughts."""
    source = add_counts(read_count(raw, "total_input_tokens"), read_count(raw, "total_tool_use_tokens"))
    thoughts = read_count(raw, "total_thought_tokens", "total_reasoning_tokens")
    output = add_counts(read_count(raw, "total_output_tokens"), thoughts)
    if source is None and output is None:
        return Usage(raw=raw)
    cached = read_count(raw, "total_cached_tokens")
    return Usage(source, output, cached, thoughts, UsageSource.REPORTED, raw)


def _grows(event: dict[str, Json], name: str) -> str | None:
    """A piece of a text or of the arguments of a call, and nothing beside it but its place."""
    if event.keys() - {"event_id"} != {"event_type", "index", "delta"} or type(event["index"]) is not int:
        return None
    delta = event["delta"] if event["event_type"] in ("step.delta", "content.delta") else None
    delta = delta if isinstance(delta, dict) else {}
    key = _PIECES.get(str(delta.get("type")))
    return key if key and delta.keys() == {"type", key} and isinstance(delta[key], str) and delta[key] else None


ALIKE = Alike(_grows, {"event_id": PADDING})


class _Stream:
    """One stream so far."""

    def __init__(self) -> None:
        self.ended = False
        self.lossy = False
        self._steps: dict[Json, StepFold] = {}
        self._interaction: dict[str, Json] = {}
        self._first: dict[str, int] = {}

    def take(self, event: dict[str, Json], end: int) -> None:
        """Takes in one event; one of an unknown type is kept."""
        kind = str(event.get("event_type"))
        name = kind.replace("content.", "step.")
        if name in {"step.start", "step.delta"}:
            self._take_step(event, name, end)
        elif isinstance(event.get("interaction"), dict):
            self._merge(event["interaction"])
            self.ended = kind in {"interaction.completed", "interaction.complete"}
        elif kind == "interaction.status_update":
            self._merge({"status": event.get("status")})
        elif kind == "error":
            merge_field(self._interaction, "error", event.get("error") or event)
        elif name != "step.stop":
            self._interaction.setdefault("events", []).append(event)

    def _merge(self, fields: dict[str, Json]) -> None:
        for key, value in fields.items():
            if value not in (None, ""):
                self._interaction[key] = value

    def _take_step(self, event: dict[str, Json], name: str, end: int) -> None:
        index, starts = event.get("index"), name == "step.start"
        value = event.get("step" if "step" in event else "content") if starts else event.get("delta")
        if not isinstance(index, int) or not isinstance(value, dict):
            self.lossy = True
            return
        held = self._steps.get(index)
        if held is None:
            held = self._steps[index] = StepFold(value if starts else {"type": _kind_of(value)})
            self.lossy = self.lossy or not (starts or held.add(value))
        elif starts:
            self.lossy = True  # one index, two steps
        else:
            held.add(value)
        self._mark(held.kind, value, end)

    def _mark(self, kind: str, value: dict[str, Json], end: int) -> None:
        if kind == "function_call":
            self._first.setdefault("tool", end)
        elif kind in {"model_output", "text"} and any(value.get(key) for key in ("text", "data", "content", "uri")):
            self._first.setdefault("content", end)

    def finish(self) -> Answered:
        steps = [step.finish() for _, step in sorted(self._steps.items())]
        answer = _answer(dict(self._interaction), steps, self.lossy)
        return replace(
            answer,
            finished=self.ended,
            pending=False,
            first_content=self._first.get("content"),
            first_tool=self._first.get("tool"),
        )


def _kind_of(delta: dict[str, Json]) -> str:
    """The step that a delta is of, where its start is missing."""
    kind = str(delta.get("type"))
    if kind.startswith("thought"):
        return "thought"
    if kind == "arguments_delta":
        return "function_call"
    return kind if kind.endswith(("_call", "_result")) else "model_output"


def streamed(events: Iterable[StreamEvent]) -> Answered:
    stream = _Stream()
    for value, event in read_objects(events):
        if value is None:
            stream.lossy = True
        else:
            stream.take(value, event.end)
    return stream.finish()


DIALECT = Dialect(
    "gemini_interactions",
    2,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /v1beta/interactions", "GET /v1beta/interactions/{id}"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
    alike=ALIKE,
)
