"""Agents of Bedrock: `POST /agents/{agent}/agentAliases/{alias}/sessions/{session}/text`, event-stream frames.

A frame named `chunk` has a piece of the text in base64, `returnControl` asks the app to run tools, `trace` tells of
the steps between. Nothing tells that an answer is whole but that its stream ends.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.bedrock_blocks import read_inner
from pandaprobe_proxy.dialects.bedrock_stream import EXCEPTION, read_exception
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.model.call import CallError, Message, ToolCall
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)agents/([^/]+)/agentAliases/([^/]+)/sessions/([^/]+)/text/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    agent, alias, session = (unquote(name) for name in found.groups()) if found else ("", "", None)
    rest = dict(body)
    text = pop_typed(rest, "inputText", str)
    results = read_inner(rest, "sessionState").get("returnControlInvocationResults")
    return Asked(
        messages=_read_results(body, results) + ((Message("user", text),) if text else ()),
        parameters=rest | {"agentId": agent, "agentAliasId": alias},
        stream=True,
        conversation_id=session,
    )


def _read_results(body: dict[str, Json], results: Json) -> tuple[Message, ...]:
    """What the tools gave that the app ran, under the id of the call that asked for them."""
    identifier = read_inner(body, "sessionState").get("invocationId")
    known = identifier if isinstance(identifier, str) else None
    return tuple(Message("tool", [item], tool_call_id=known) for item in results or () if isinstance(item, dict))


class _Agent:
    """One answer so far."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.calls: list[ToolCall] = []
        self.lists: dict[str, list[Json]] = {}
        self.citations: list[Json] = []
        self.error: CallError | None = None
        self.lossy = False
        self.first: dict[str, int] = {}

    def take(self, event: StreamEvent) -> None:
        value = parse_json(event.data)
        if event.event.startswith(EXCEPTION):
            self.error = self.error or read_exception(event.event, value)
        elif not isinstance(value, dict):
            self.lossy = True
        elif event.event == "chunk":
            self._take_chunk(value, event.end)
        elif event.event == "returnControl":
            self._take_control(value, event.end)
        else:
            value.pop("p", None)
            self.lists.setdefault(event.event, []).append(value)

    def _take_chunk(self, value: dict[str, Json], end: int) -> None:
        data = value.get("bytes")
        if not isinstance(data, str):
            self.lossy = True
            return
        self.pieces.append(b64decode(data).decode("utf-8", "replace"))
        self.first.setdefault("content", end)
        cited = read_inner(value, "attribution").get("citations")
        self.citations += cited if isinstance(cited, list) else []

    def _take_control(self, value: dict[str, Json], end: int) -> None:
        inputs = value.get("invocationInputs")
        calls = (
            [_read_call(item, value) for item in inputs if isinstance(item, dict)] if isinstance(inputs, list) else []
        )
        self.lossy = self.lossy or not calls or len(calls) != len(inputs or ())
        self.calls += calls
        self.first.setdefault("tool", end)

    def finish(self) -> Answered:
        extra = {"citations": self.citations} if self.citations else {}
        content = "".join(self.pieces) if self.pieces else None
        message = Message("assistant", content, tool_calls=tuple(self.calls), extra=extra)
        said = bool(self.pieces or self.calls)
        return Answered(
            messages=(message,) if said else (),
            error=self.error,
            extra=dict(self.lists),
            finished=said and self.error is None,
            lossy=self.lossy,
            first_content=self.first.get("content"),
            first_tool=self.first.get("tool"),
        )


def _read_call(item: dict[str, Json], control: dict[str, Json]) -> ToolCall:
    """A function of an action group, or an operation of its API, to be run by the app."""
    rest = dict(read_inner(item, "functionInvocationInput") or read_inner(item, "apiInvocationInput"))
    name = pop_typed(rest, "function", str) or pop_typed(rest, "apiPath", str) or ""
    given = pop_typed(rest, "parameters", list) or []
    named = [entry for entry in given if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    arguments = json.dumps({entry["name"]: entry.get("value") for entry in named}, ensure_ascii=False)
    identifier = control.get("invocationId")
    return ToolCall(identifier if isinstance(identifier, str) else "", name, arguments, extra=rest)


def answered(body: Json) -> Answered:
    """An answer that is no stream is none that is known."""
    return Answered(extra=dict(body), lossy=True)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    agent = _Agent()
    for event in events:
        try:
            agent.take(event)
        except ValueError:
            agent.lossy = True
    return agent.finish()


DIALECT = Dialect(
    "bedrock_agents",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    endpoints=("POST /agents/{id}/agentAliases/{id}/sessions/{id}/text",),
    offers=frozenset({"streamed", "tools"}),
)
