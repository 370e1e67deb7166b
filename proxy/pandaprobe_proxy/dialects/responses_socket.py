"""OpenAI Responses over WebSocket: `GET …/responses`, upgraded. Each `response.create` of the client is a turn.

A connection has lanes, told apart by `stream_id`: within a lane answers come in the order in which they were asked for,
and lanes interleave. A turn states new items only and names the response that it goes on from. A frame that only warms
the provider's cache (`generate: false`) is no turn; what it said is history for the one that goes on from it.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.dialects.responses_stream import LIFE, TERMINAL, ResponseFold
from pandaprobe_proxy.dialects.sockets import SocketDialect, SocketMessage, SocketTurn
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)responses/?$")
_RESPONSE = "response."


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "GET" and _PATH.search(path) is not None


@dataclass(slots=True)
class _Response:
    """One turn so far. The fold is given times in place of offsets."""

    asked: dict[str, Json]
    started_ns: int
    fold: ResponseFold = field(default_factory=ResponseFold)
    ended_ns: int | None = None

    def finish(self) -> SocketTurn:
        answered = self.fold.finish()
        return SocketTurn(
            asked=replace(read_create(self.asked, ""), stream=True),
            answered=replace(answered, first_content=None, first_tool=None),
            started_ns=self.started_ns,
            ended_ns=self.ended_ns,
            first_content_ns=answered.first_content,
            first_tool_ns=answered.first_tool,
        )


@dataclass(slots=True)
class _Lane:
    """What was asked in one lane and is not answered yet."""

    waiting: deque[_Response] = field(default_factory=deque)
    running: _Response | None = None
    """The last that began; it may have ended."""
    last: dict[str, Json] = field(default_factory=dict)
    """What was asked last."""
    steered: list[tuple[dict[str, Json], int]] = field(default_factory=list)
    """New directions, and when they were given: what the next response answers that nobody asked for."""


class ResponsesFold:
    """The messages of one connection, taken in in their order."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._responses: list[_Response] = []

    def take(self, message: SocketMessage) -> None:
        """Takes one message in."""
        kind = message.data.get("type")
        if not isinstance(kind, str):
            return
        lane = self._lanes.setdefault(str(message.data.get("stream_id") or ""), _Lane())
        if message.sent:
            self._take_sent(kind, message, lane)
        elif response := self._find(kind, message, lane):
            self._add(kind, response, message)

    def _take_sent(self, kind: str, message: SocketMessage, lane: _Lane) -> None:
        body = {key: value for key, value in message.data.items() if key != "type"}
        if kind == "response.create":
            lane.last = body
            lane.waiting.append(self._begin(body, message.at_ns))
        elif kind == "response.steer":
            lane.steered.append((lane.last | body, message.at_ns))

    def _begin(self, body: dict[str, Json], at_ns: int) -> _Response:
        response = _Response(body, at_ns)
        self._responses.append(response)
        return response

    def _find(self, kind: str, message: SocketMessage, lane: _Lane) -> _Response | None:
        """The response that an event of the server is of."""
        running = lane.running
        if not (kind.startswith(_RESPONSE) or kind == "error"):
            return running
        name = kind.removeprefix(_RESPONSE)
        begins = name in LIFE - TERMINAL or name == "error"
        if running is not None and not (running.fold.ended and begins):
            return running
        if lane.waiting:
            lane.running = lane.waiting.popleft()
        elif kind != "error" and begins:
            body, at_ns = lane.steered.pop(0) if lane.steered else ({}, message.at_ns)
            lane.running = self._begin(body, at_ns)
        else:
            return None
        return lane.running

    @staticmethod
    def _add(kind: str, response: _Response, message: SocketMessage) -> None:
        response.fold.add(message.data, message.at_ns)
        if response.fold.ended and (response.ended_ns is None or kind.removeprefix(_RESPONSE) in TERMINAL):
            response.ended_ns = message.at_ns

    def turns(self) -> list[SocketTurn]:
        """The turns in the order in which they were asked for. A direction without an answer of its own is input."""
        for lane in self._lanes.values():
            if lane.running is not None and lane.steered:
                given = [lane.running.asked, *(body for body, _ in lane.steered)]
                items = [item for body in given for item in _items(body.get("input"))]
                lane.running.asked, lane.steered = lane.running.asked | {"input": items}, []
        return [response.finish() for response in sorted(self._responses, key=lambda response: response.started_ns)]


def _items(said: Json) -> list[Json]:
    return said if isinstance(said, list) else [{"role": "user", "content": said}] if said else []


def read_turns(messages: Sequence[SocketMessage]) -> list[SocketTurn]:
    """The turns of a connection, with the frames that only warm a cache among them."""
    fold = ResponsesFold()
    for message in messages:
        fold.take(message)
    return fold.turns()


SOCKET = SocketDialect(
    name="responses_socket",
    version=1,
    operation="chat",
    matches=matches,
    turns=read_turns,
    counts_tokens=True,
    endpoints=("GET /v1/responses",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
