"""Gemini Live over WebSocket (`BidiGenerateContent`), on Google's API and on Vertex. Each answer is a turn.

A turn ends where the server says so, or where the client gives the results of the functions that it called: then the
next one begins. The conversation has no id, so a turn's input is all that was said on the connection before it.
Audio itself is not kept in messages, only how much of it there was, and its transcript.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.gemini_contents import read_contents, read_system
from pandaprobe_proxy.dialects.gemini_parts import PartFold, camelise, read_calls, read_thoughts, says
from pandaprobe_proxy.dialects.gemini_paths import bare_model
from pandaprobe_proxy.dialects.gemini_usage import later_usage, read_usage
from pandaprobe_proxy.dialects.sockets import SocketDialect, SocketMessage, SocketTurn
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"[./]BidiGenerateContent(?:Constrained)?/?$")
_PLACED = frozenset(
    {
        "modelTurn", "turnComplete", "turnCompleteReason", "generationComplete", "interrupted", "inputTranscription",
        "outputTranscription",
    }
)  # fmt: skip


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "GET" and _PATH.search(path) is not None


@dataclass(slots=True)
class _Spoken:
    """What a user said aloud."""

    texts: list[str] = field(default_factory=list)
    bytes: int = 0
    begun_ns: int | None = None

    def message(self) -> Message:
        text = "".join(self.texts)
        return Message("user", [{"text": text}] if text else None, extra={"audio_bytes": self.bytes})


@dataclass(slots=True)
class _Answer:
    """One turn so far."""

    before: int
    """How much of the conversation came before it."""
    spoken: _Spoken
    started_ns: int
    parts: PartFold = field(default_factory=PartFold)
    heard: list[str] = field(default_factory=list)
    """Pieces of the transcript of what the model said."""
    audio_bytes: int = 0
    usage: dict[str, Json] = field(default_factory=dict)
    extra: dict[str, Json] = field(default_factory=dict)
    reason: str | None = None
    finished: bool = False
    called: bool = False
    ended_ns: int | None = None
    first_content_ns: int | None = None
    first_tool_ns: int | None = None

    def message(self) -> tuple[Message, ...]:
        parts, _ = self.parts.finish()
        parts = [*parts, *([{"text": "".join(self.heard)}] if self.heard else [])]
        if not parts and not self.audio_bytes:
            return ()
        calls, thoughts = read_calls(parts), read_thoughts(parts)
        return (Message("assistant", parts or None, None, calls, reasoning=thoughts, finish_reason=self.reason),)


class LiveFold:
    """The messages of one connection, taken in in their order."""

    def __init__(self) -> None:
        self._setup: dict[str, Json] = {}
        self._said: list[tuple[Message, ...] | _Spoken | _Answer] = []
        """The conversation: what was written, spoken, answered."""
        self._answers: list[_Answer] = []
        self._running: _Answer | None = None
        self._spoken = _Spoken()
        self._asked_ns: int | None = None
        """When something was asked that no answer has begun to."""

    def take(self, message: SocketMessage) -> None:
        """Takes one message in."""
        data = camelise(message.data)
        (self._take_sent if message.sent else self._take_received)(data, message.at_ns)

    def _take_sent(self, data: dict[str, Json], at_ns: int) -> None:
        content, results, media = (_object(data, key) for key in ("clientContent", "toolResponse", "realtimeInput"))
        self._setup = self._setup or _object(data, "setup")
        if content:
            self._said.append(tuple(read_contents(content.get("turns"))))
            self._asked_ns = at_ns if content.get("turnComplete") is not False else self._asked_ns
        if results:
            self._take_results(results.get("functionResponses"), at_ns)
        if media:
            self._take_media(media, at_ns)

    def _take_results(self, results: Json, at_ns: int) -> None:
        parts = [{"functionResponse": result} for result in _list(results)]
        if self._running is not None and self._running.called:
            self._end(self._running, "toolCall", self._running.first_tool_ns)
        self._said.append(tuple(read_contents([{"role": "user", "parts": parts}])))
        self._asked_ns = at_ns

    def _take_media(self, media: dict[str, Json], at_ns: int) -> None:
        chunks = [*_list(media.get("mediaChunks")), media.get("audio"), media.get("video")]
        sizes = [len(chunk["data"]) * 3 // 4 for chunk in chunks if isinstance(chunk, dict) and _is_data(chunk)]
        self._spoken.bytes += sum(sizes)
        if isinstance(media.get("text"), str):
            self._said.append((Message("user", [{"text": media["text"]}]),))
        if media.keys() & {"text", "activityEnd", "audioStreamEnd"}:
            self._asked_ns = at_ns

    def _take_received(self, data: dict[str, Json], at_ns: int) -> None:
        content, call = _object(data, "serverContent"), _object(data, "toolCall")
        self._hear(_object(content, "inputTranscription").get("text"), at_ns)
        if content.keys() & {"modelTurn", "outputTranscription"} or call:
            self._take_answer(content, call, self._begin(at_ns), at_ns)
        elif content.get("turnComplete") and self._running is None and self._asked_ns is not None:
            self._begin(at_ns)
        usage, last = _object(data, "usageMetadata"), self._answers[-1] if self._answers else None
        if last is not None:
            last.usage = later_usage(last.usage, usage) if usage else last.usage
            last.extra |= {key: value for key, value in content.items() if key not in _PLACED}
            last.extra |= {key: data[key] for key in data.keys() & {"toolCallCancellation"}}
        self._take_end(content, at_ns)

    def _hear(self, text: Json, at_ns: int) -> None:
        """What a user said may be told while the answer to it runs already."""
        if not isinstance(text, str):
            return
        running = self._running
        spoken = running.spoken if running is not None and running.spoken.bytes else self._spoken
        spoken.texts.append(text)
        spoken.begun_ns = at_ns if spoken.begun_ns is None else spoken.begun_ns

    def _begin(self, at_ns: int) -> _Answer:
        """The answer that runs, begun if none does."""
        if self._running is None:
            spoken, self._spoken = self._spoken, _Spoken()
            if spoken.texts or (spoken.bytes and self._asked_ns is None):
                self._said.append(spoken)
            times = (self._asked_ns, spoken.begun_ns, at_ns)
            started_ns = next(at for at in times if at is not None)
            self._running = _Answer(len(self._said), spoken, started_ns)
            self._said.append(self._running)
            self._answers.append(self._running)
            self._asked_ns = None
        return self._running

    @staticmethod
    def _take_answer(content: dict[str, Json], call: dict[str, Json], answer: _Answer, at_ns: int) -> None:
        parts = _list(_object(content, "modelTurn").get("parts"))
        audio = [part for part in parts if _is_audio(part)]
        heard = _object(content, "outputTranscription").get("text")
        calls = [{"functionCall": one} for one in _list(call.get("functionCalls"))]
        for part in (*(part for part in parts if not _is_audio(part)), *calls):
            answer.parts.add(part)
        answer.audio_bytes += sum(len(part["inlineData"]["data"]) * 3 // 4 for part in audio)
        answer.heard += [heard] if isinstance(heard, str) else []
        if answer.first_content_ns is None and (heard or any(says(part) for part in parts)):
            answer.first_content_ns = at_ns
        if calls:
            answer.called = True
            answer.first_tool_ns = at_ns if answer.first_tool_ns is None else answer.first_tool_ns

    def _take_end(self, content: dict[str, Json], at_ns: int) -> None:
        running = self._running
        if running is None:
            return
        if content.get("interrupted"):
            running.reason = "interrupted"
        if content.get("generationComplete") or content.get("interrupted"):
            running.finished, running.ended_ns = True, at_ns
        if content.get("turnComplete"):
            said = content.get("turnCompleteReason")
            self._end(running, said if isinstance(said, str) else "turnComplete", at_ns)

    def _end(self, answer: _Answer, reason: str, at_ns: int | None) -> None:
        answer.reason, answer.finished, answer.ended_ns = answer.reason or reason, True, at_ns
        self._running = None

    def turns(self) -> list[SocketTurn]:
        """The turns in the order in which they began."""
        said: list[tuple[Message, ...]] = [_messages(item) for item in self._said]
        system = read_system(self._setup.get("systemInstruction"))
        return [self._turn(answer, (*system, *chain.from_iterable(said[: answer.before]))) for answer in self._answers]

    def _turn(self, answer: _Answer, messages: tuple[Message, ...]) -> SocketTurn:
        setup = self._setup
        model, tools = setup.get("model"), setup.get("tools")
        left_out = {"model", "tools", "systemInstruction"}
        audio = {"audio_bytes": answer.audio_bytes} if answer.audio_bytes else {}
        return SocketTurn(
            Asked(
                model=bare_model(model) if isinstance(model, str) else None,
                messages=messages,
                tools=tuple(_list(tools)),
                parameters={key: value for key, value in setup.items() if key not in left_out},
                stream=True,
            ),
            Answered(
                messages=answer.message(),
                usage=read_usage(answer.usage),
                extra=answer.extra | audio,
                finished=answer.finished,
            ),
            answer.started_ns,
            answer.ended_ns,
            answer.first_content_ns,
            answer.first_tool_ns,
        )


def _messages(item: tuple[Message, ...] | _Spoken | _Answer) -> tuple[Message, ...]:
    if isinstance(item, _Answer):
        return item.message()
    return (item.message(),) if isinstance(item, _Spoken) else item


def _object(data: dict[str, Json], key: str) -> dict[str, Json]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _is_data(blob: dict[str, Json]) -> bool:
    return isinstance(blob.get("data"), str)


def _is_audio(part: Json) -> bool:
    blob = part.get("inlineData") if isinstance(part, dict) else None
    return isinstance(blob, dict) and _is_data(blob) and str(blob.get("mimeType")).startswith("audio/")


def read_turns(messages: Sequence[SocketMessage]) -> list[SocketTurn]:
    """The turns of a connection."""
    fold = LiveFold()
    for message in messages:
        fold.take(message)
    return fold.turns()


def read_piece(message: SocketMessage) -> tuple[str, bool] | None:
    """An answer ends before its turn is complete, and what was said and heard is told until then."""
    data = {} if message.sent else camelise(message.data)
    content = _object(data, "serverContent")
    if content.get("turnComplete"):
        return "turn", True
    said = content.keys() & {"inputTranscription", "modelTurn", "outputTranscription"}
    return ("turn", False) if said or "toolCall" in data else None


SOCKET = SocketDialect(
    name="gemini_live",
    version=1,
    operation="chat",
    matches=matches,
    turns=read_turns,
    piece=read_piece,
    endpoints=(
        "GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
        "GET /ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent",
    ),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
