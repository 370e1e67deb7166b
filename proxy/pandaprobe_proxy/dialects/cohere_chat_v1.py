"""Cohere's first chat: `…/v1/chat`, JSON and NDJSON with `event_type`. A conversation may be held by the provider.

Writer serves the chat of OpenAI at this path, which its bodies tell.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.cohere_usage import read_usage
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.openai_answers import read_answer
from pandaprobe_proxy.dialects.openai_chat_stream import ChatStream
from pandaprobe_proxy.dialects.openai_fields import merge_field, pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_messages import read_message, write_arguments
from pandaprobe_proxy.model.call import CallError, Message, ToolCall
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?<!/api)(?:^|/)v1/chat/?$")
"""LM Studio has a chat of its own at `/api/v1/chat`."""
_ROLES = {"chatbot": "assistant"}
_OF_MESSAGE = ("citations", "documents", "search_queries", "search_results")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    preamble = pop_typed(rest, "preamble", str)
    history = pop_typed(rest, "chat_history", list) or []
    others = pop_typed(rest, "messages", list) or []
    now = {key: rest.pop(key) for key in ("message", "tool_results") if key in rest}
    return Asked(
        model=pop_typed(rest, "model", str),
        messages=(
            *((Message("system", preamble),) if preamble else ()),
            *(message for turn in history for message in _read_turn(turn)),
            *_read_turn({"role": "user"} | now),
            *(read_message(message) for message in others),
        ),
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        parameters=rest,
        stream=rest.get("stream") is True,
        conversation_id=pop_typed(rest, "conversation_id", str) or None,
    )


def _read_turn(turn: Json) -> Iterator[Message]:
    """A turn: the results of tools, each as a message, and what was said."""
    rest = dict(turn) if isinstance(turn, dict) else {"message": turn}
    role = str(rest.pop("role", "user")).lower()
    for result in pop_typed(rest, "tool_results", list) or ():
        yield _read_result(result)
    text, calls = rest.pop("message", None), pop_typed(rest, "tool_calls", list) or []
    if text or calls:
        yield Message(_ROLES.get(role, role), text, tool_calls=_read_calls(calls), extra=without_nulls(rest))


def _read_result(result: Json) -> Message:
    """The result of a tool. Calls have no ids, so it names its tool."""
    rest = dict(result) if isinstance(result, dict) else {"outputs": result}
    call = rest.get("call")
    name = call.get("name") if isinstance(call, dict) else None
    known = name if isinstance(name, str) else None
    text = json.dumps(rest.pop("outputs", None), ensure_ascii=False)
    return Message("tool", text, name=known, tool_call_id=known, extra=rest)


def _read_calls(calls: list[Json]) -> tuple[ToolCall, ...]:
    return tuple(_read_call(call) for call in calls if isinstance(call, dict))


def _read_call(call: dict[str, Json]) -> ToolCall:
    rest = {key: value for key, value in call.items() if key not in {"name", "parameters"} and value is not None}
    name = call.get("name")
    return ToolCall("", name if isinstance(name, str) else "", write_arguments(call.get("parameters")), extra=rest)


def answered(body: Json) -> Answered:
    if "choices" in body:
        return read_answer(body)
    rest = without_nulls(body)
    error = rest.get("error")
    text = pop_typed(rest, "text", str)
    calls = pop_typed(rest, "tool_calls", list)
    named = text is not None or calls is not None
    meta = pop_typed(rest, "meta", dict)
    message = Message(
        "assistant",
        text,
        tool_calls=_read_calls(calls or []),
        finish_reason=pop_typed(rest, "finish_reason", str),
        extra={key: rest.pop(key) for key in _OF_MESSAGE if key in rest},
    )
    generation = pop_typed(rest, "generation_id", str)
    conversation = pop_typed(rest, "conversation_id", str)
    return Answered(
        response_id=pop_typed(rest, "response_id", str) or generation,
        messages=(message,) if named else (),
        usage=read_usage(meta),
        error=read_error(error) if error else None,
        extra=rest | ({"generation_id": generation} if generation else {}),
        lossy=(not named and not error) or len(message.tool_calls) != len(calls or ()),
        conversation_id=conversation,
    )


class _Stream:
    """One stream so far: what came in pieces, and the whole response that the last event has."""

    def __init__(self) -> None:
        self.lossy = False
        self.ended = False
        self.error: CallError | None = None
        self.first: dict[str, int] = {}
        self._texts: list[str] = []
        self._fields: dict[str, Json] = {}
        self._calls: dict[int, dict[str, Json]] = {}
        self._whole: dict[str, Json] = {}

    def take(self, event: dict[str, Json], end: int) -> None:
        """Takes in one event; fields of one of an unknown type are kept."""
        kind = event.get("event_type")
        rest = {key: value for key, value in event.items() if key not in {"event_type", "is_finished"}}
        if kind == "text-generation" and isinstance(rest.get("text"), str):
            self._texts.append(rest.pop("text"))
            self.first.setdefault("content", end)
        elif kind == "tool-calls-chunk":
            self._add_call(rest.pop("tool_call_delta", None), end)
            rest.pop("text", None)  # the tool plan, which comes whole in tool-calls-generation
        elif kind == "stream-end":
            self._end(rest)
        elif kind == "tool-calls-generation":
            self.first.setdefault("tool", end)
        for key, value in rest.items():
            held = self._fields.get(key)
            if key == "citations" and isinstance(held, list) and isinstance(value, list):
                held.extend(value)
            else:
                merge_field(self._fields, key, value)
        if "error" in rest or "message" in rest:
            self.error = self.error or read_error(rest)

    def _add_call(self, delta: Json, end: int) -> None:
        if not isinstance(delta, dict):
            self.lossy = self.lossy or delta is not None
            return
        self.first.setdefault("tool", end)
        index = delta.get("index")
        held = self._calls.setdefault(int(index) if isinstance(index, int | float) else 0, {"parameters": []})
        for key, value in delta.items():
            if key == "parameters":
                held["parameters"].append(write_arguments(value))
            elif key != "index":
                merge_field(held, key, value)

    def _end(self, rest: dict[str, Json]) -> None:
        self.ended = True
        response = rest.pop("response", None)
        self._whole = response if isinstance(response, dict) else {}

    def finish(self) -> dict[str, Json]:
        """The response: as the last event has it, else as far as it came."""
        pieces = [call | {"parameters": "".join(call["parameters"])} for _, call in sorted(self._calls.items())]
        calls = {"tool_calls": pieces} if pieces else {}
        text = {"text": "".join(self._texts)} if self._texts else {}
        return calls | self._fields | text | self._whole


def streamed(events: Iterable[StreamEvent]) -> Answered:
    coming = iter(events)
    first = next(coming, None)
    if first is None:
        return Answered(finished=False)
    whole = chain([first], coming)
    return ChatStream().read(whole) if '"choices"' in first.data else _read_stream(whole)


def _read_stream(events: Iterable[StreamEvent]) -> Answered:
    stream = _Stream()
    for value, event in read_objects(events):
        if value is None:
            stream.lossy = True
        else:
            stream.take(value, event.end)
    answer = answered(stream.finish())
    return replace(
        answer,
        error=answer.error or stream.error,
        finished=stream.ended,
        lossy=stream.lossy or (answer.lossy and bool(answer.messages)),
        first_content=stream.first.get("content"),
        first_tool=stream.first.get("tool"),
    )


DIALECT = Dialect(
    "cohere_chat_v1",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /v1/chat",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
