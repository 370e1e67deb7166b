"""OpenAI's realtime API over WebSocket, which Azure and xAI speak too: `GET …/realtime`, one turn per response.

A connection is one conversation. Each `response.created` … `response.done` is a turn: its output is what the response
holds, its input the items that came since the turn before and were not deleted (a transcript of spoken input may come
later, and is in it all the same). What came before is found by the id of the conversation; where that has none, the
input is all of it. Audio itself is not kept in messages, only how much of it there was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import read_usage
from pandaprobe_proxy.dialects.realtime_items import Item
from pandaprobe_proxy.dialects.sockets import SocketDialect, SocketMessage, SocketTurn
from pandaprobe_proxy.model.call import CallError, Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)realtime/?$")
_DELTA = re.compile(
    r"response\.(?:output_)?(?P<field>text|audio_transcript|audio|function_call_arguments)\.(?P<step>delta|done)"
)
_HEARD = "conversation.item.input_audio_transcription."
_FIELDS = {"text": "text", "audio_transcript": "transcript", "function_call_arguments": "arguments"}
_DELETED = "conversation.item.deleted"
_ITEM_EVENTS = frozenset({"conversation.item.added", "conversation.item.created", "conversation.item.done"})
_OUTPUT_EVENTS = frozenset({"response.output_item.added", "response.output_item.done"})
_SILENT = frozenset({"rate_limits.updated", "ping"})


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "GET" and _PATH.search(path) is not None


@dataclass(slots=True)
class _Response:
    """One response so far."""

    id: str
    started_ns: int
    before: list[str]
    """The items of the conversation when it began."""
    session: dict[str, Json]
    asked: dict[str, Json]
    """What the client's `response.create` said, or nothing if the server began by itself."""
    items: list[str] = field(default_factory=list)
    data: dict[str, Json] = field(default_factory=dict)
    ended_ns: int | None = None
    first_content_ns: int | None = None
    first_tool_ns: int | None = None
    audio_bytes: int = 0
    error: CallError | None = None


class RealtimeFold:
    """The messages of one connection, taken in in their order."""

    def __init__(self) -> None:
        self._session: dict[str, Json] = {}
        self._items: dict[str, Item] = {}
        self._order: list[str] = []
        self._responses: dict[str, _Response] = {}
        self._asked: list[tuple[int, dict[str, Json]]] = []

    def take(self, message: SocketMessage) -> None:
        """Takes one message in."""
        kind = message.data.get("type")
        if not isinstance(kind, str) or kind in _SILENT:
            return
        if message.sent:
            self._take_sent(kind, message)
        elif kind.startswith("session.") and isinstance(message.data.get("session"), dict):
            self._session = message.data["session"]
        elif kind.startswith("conversation.item."):
            self._take_conversation(kind, message.data)
        elif kind.startswith("response."):
            self._take_response(kind, message)
        elif kind == "error":
            self._fail(message.data.get("error"))

    def _take_sent(self, kind: str, message: SocketMessage) -> None:
        if kind == "response.create":
            asked = message.data.get("response")
            self._asked.append((message.at_ns, asked if isinstance(asked, dict) else {}))

    def _take_conversation(self, kind: str, data: dict[str, Json]) -> None:
        if kind in _ITEM_EVENTS:
            self._take_item(data.get("item"))
        elif kind == _DELETED:
            self._order = [name for name in self._order if name != data.get("item_id")]
        elif kind.startswith(_HEARD):
            self._take_heard(kind, data)

    def _take_item(self, data: Json) -> Item | None:
        name = data.get("id") if isinstance(data, dict) else None
        if not isinstance(name, str):
            return None
        item = self._items.get(name)
        if item is None:
            item = self._items[name] = Item(data)
            self._order.append(name)
        else:
            item.set(data)
        return item

    def _take_heard(self, kind: str, data: dict[str, Json]) -> None:
        item = self._items.get(str(data.get("item_id")))
        text = data.get("transcript") if kind.endswith("completed") else data.get("delta")
        if item is None or not isinstance(text, str):
            return
        place = data.get("content_index")
        index = place if isinstance(place, int) else 0
        (item.finish if kind.endswith("completed") else item.grow)(index, "transcript", text)

    def _take_response(self, kind: str, message: SocketMessage) -> None:
        data = message.data
        if kind in ("response.created", "response.done"):
            self._take_state(kind, data.get("response"), message.at_ns)
            return
        response = self._responses.get(str(data.get("response_id")))
        if response is None:
            return
        if kind in _OUTPUT_EVENTS:
            self._add_output(response, data.get("item"))
        elif found := _DELTA.fullmatch(kind):
            self._take_delta(response, found["field"], found["step"], message)

    def _take_state(self, kind: str, data: Json, at_ns: int) -> None:
        name = data.get("id") if isinstance(data, dict) else None
        if not isinstance(name, str):
            return
        response = self._responses.get(name)
        if response is None:
            started_ns, asked = self._asked.pop(0) if self._asked else (at_ns, {})
            response = _Response(name, started_ns, list(self._order), self._session, asked)
            self._responses[name] = response
        response.data = {**response.data, **data}
        if kind == "response.done":
            response.ended_ns = at_ns
            for item in data.get("output") or ():
                self._add_output(response, item)

    def _add_output(self, response: _Response, data: Json) -> None:
        item = self._take_item(data)
        if item is not None and data["id"] not in response.items:
            response.items.append(data["id"])

    def _take_delta(self, response: _Response, kind: str, step: str, message: SocketMessage) -> None:
        data = message.data
        if step == "delta":
            self._mark(response, kind, message.at_ns)
        if kind == "audio":
            response.audio_bytes += len(str(data.get("delta") or "")) * 3 // 4
            return
        item = self._items.get(str(data.get("item_id")))
        name = _FIELDS[kind]
        text = data.get("delta" if step == "delta" else name)
        if item is None or not isinstance(text, str):
            return
        place = data.get("content_index")
        index = place if isinstance(place, int) else 0
        (item.grow if step == "delta" else item.finish)(index, name, text)

    @staticmethod
    def _mark(response: _Response, kind: str, at_ns: int) -> None:
        if kind == "function_call_arguments":
            response.first_tool_ns = at_ns if response.first_tool_ns is None else response.first_tool_ns
        elif response.first_content_ns is None:
            response.first_content_ns = at_ns

    def _fail(self, error: Json) -> None:
        """An error belongs to the response that runs, if one does."""
        running = [response for response in self._responses.values() if response.ended_ns is None]
        if running:
            running[-1].error = running[-1].error or read_error(error)

    def turns(self) -> list[SocketTurn]:
        """The turns in the order in which they began."""
        seen = {name for response in self._responses.values() for name in response.items}
        turns = []
        for response in self._responses.values():
            held = isinstance(response.data.get("conversation_id"), str)
            turns.append(self._turn(response, [name for name in response.before if not held or name not in seen]))
            seen.update(response.before)
        return turns

    def _turn(self, response: _Response, items: list[str]) -> SocketTurn:
        return SocketTurn(
            asked=self._read_asked(response, items),
            answered=self._read_answered(response),
            started_ns=response.started_ns,
            ended_ns=response.ended_ns,
            first_content_ns=response.first_content_ns,
            first_tool_ns=response.first_tool_ns,
        )

    def _read_asked(self, response: _Response, items: list[str]) -> Asked:
        said = response.session | response.asked
        instructions = said.get("instructions")
        system = (Message("system", instructions),) if isinstance(instructions, str) and instructions else ()
        tools = said.get("tools")
        left_out = {"instructions", "tools", "model", "id", "object", "client_secret", "expires_at"}
        model = said.get("model")
        return Asked(
            model=model if isinstance(model, str) else None,
            messages=(*system, *(self._items[name].message() for name in items)),
            tools=tuple(tools) if isinstance(tools, list) else (),
            parameters={key: value for key, value in said.items() if key not in left_out and value is not None},
            stream=True,
        )

    def _read_answered(self, response: _Response) -> Answered:
        data = dict(response.data)
        usage, status = data.pop("usage", None), data.get("status")
        conversation = data.pop("conversation_id", None)
        data.pop("output", None)
        details = data.get("status_details")
        error = details.get("error") if isinstance(details, dict) else None
        model = response.session.get("model")
        if response.audio_bytes:
            data["audio_bytes"] = response.audio_bytes
        return Answered(
            model=model if isinstance(model, str) else None,
            response_id=response.id,
            messages=self._read_output(response, status),
            usage=read_usage(usage if isinstance(usage, dict) else {}),
            error=response.error or (read_error(error) if error else None),
            extra={key: value for key, value in data.items() if key not in ("id", "object") and value is not None},
            finished=response.ended_ns is not None,
            conversation_id=conversation if isinstance(conversation, str) else None,
        )

    def _read_output(self, response: _Response, status: Json) -> tuple[Message, ...]:
        """The items of a response as one answer."""
        messages = [self._items[name].message() for name in response.items]
        if not messages:
            return ()
        parts = [part for message in messages if isinstance(message.content, list) for part in message.content]
        reason = status if isinstance(status, str) and response.ended_ns is not None else None
        return (
            Message(
                role="assistant",
                content=parts or None,
                tool_calls=tuple(call for message in messages for call in message.tool_calls),
                finish_reason=reason,
            ),
        )


def read_turns(messages: Sequence[SocketMessage]) -> list[SocketTurn]:
    """The turns of a connection."""
    fold = RealtimeFold()
    for message in messages:
        fold.take(message)
    return fold.turns()


def read_piece(message: SocketMessage) -> tuple[str, bool] | None:
    """What a user said is told in pieces, at any time beside the answer to it."""
    kind = str(message.data.get("type"))
    if message.sent or not kind.startswith(_HEARD):
        return None
    return f"{message.data.get('item_id')} {message.data.get('content_index')}", kind.endswith(("completed", "failed"))


SOCKET = SocketDialect(
    name="openai_realtime",
    version=3,
    operation="chat",
    matches=matches,
    turns=read_turns,
    piece=read_piece,
    endpoints=("GET /v1/realtime",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
