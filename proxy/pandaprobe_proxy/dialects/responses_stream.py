"""The answer of a Responses stream: the whole response of its terminal event, or else what its events tell.

The same event objects come over SSE and over a WebSocket. A repeated event (a stream that was resumed) counts once.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_value
from pandaprobe_proxy.dialects.openai_content import AudioFold
from pandaprobe_proxy.dialects.responses_answer import read_response
from pandaprobe_proxy.dialects.responses_output import TEXTS, OutputFold
from pandaprobe_proxy.model.call import CallError, Message
from pandaprobe_proxy.wire.run_forms import NUMBER, PADDING, Alike
from pandaprobe_proxy.wire.runs import RunError
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
TERMINAL = frozenset({"completed", "failed", "incomplete", "cancelled"})
LIFE = TERMINAL | {"created", "queued", "in_progress"}
_SILENT = frozenset(
    {"type", "sequence_number", "item_id", "output_index", "content_index", "summary_index", "obfuscation", "stream_id"}
)
"""An event of nothing else tells of progress only."""
_AUDIO = {"audio.delta": "data", "audio.transcript.delta": "transcript", "audio.done": "", "audio.transcript.done": ""}
_SAYS = frozenset(
    {
        "output_text.delta",
        "refusal.delta",
        "audio.delta",
        "audio.transcript.delta",
        "image_generation_call.partial_image",
    }
)
_ITEMS = frozenset({"output_item.added", "output_item.done"})
_PARTS = frozenset({"content_part.added", "content_part.done", "output_text.done", "refusal.done"})

_DELTAS = frozenset(f"response.{what}.delta" for what in TEXTS)


def _grows(event: dict[str, Json], kind: str) -> str | None:
    """A delta of a text, and nothing beside it that may add up."""
    kind = event.get("type", "")
    if not isinstance(kind, str) or kind not in _DELTAS or event.get("logprobs"):
        return None
    known = event.keys() <= _SILENT | {"delta", "logprobs", "command_index"}
    return "delta" if known and event.get("delta") and isinstance(event["delta"], str) else None


ALIKE = Alike(_grows, {"sequence_number": NUMBER, "obfuscation": PADDING}, rises="sequence_number")


class _Numbers:
    """The sequence numbers that were seen. Some servers give every event the same one, which then says nothing."""

    def __init__(self) -> None:
        self._row = range(0)
        """Those of which each followed the one before; all others are apart."""
        self._apart: set[int] = set()
        self._last: dict[str, Json] = {}
        self._trusted = True
        self._runs = False

    def repeats(self, event: dict[str, Json], count: int) -> bool:
        """Whether the last of `count` events was there already. Raises RunError if one was and there were runs."""
        number = event.get("sequence_number")
        if not self._trusted or not isinstance(number, int):
            return False
        self._runs = self._runs or count > 1
        again = self._add(range(number - count + 1, number + 1))
        if again and self._runs:
            raise RunError("an event is repeated")
        if again and self._last.get("sequence_number") == number and self._last != event:
            self._trusted = again = False
        self._last = event
        return again

    def _add(self, numbers: range) -> bool:
        """Whether one of them was there already."""
        again = bool(self._apart) and not self._apart.isdisjoint(numbers)
        row = self._row or numbers[:0]
        if numbers.start == row.stop:
            self._row = range(row.start, numbers.stop)
            return again
        self._apart.update(numbers)
        return again or (numbers.start < row.stop and row.start < numbers.stop)


class ResponseFold:
    """Takes the events of one response in."""

    def __init__(self) -> None:
        self.lossy = False
        self.ended = False
        self._response: dict[str, Json] = {}
        self._whole = False
        self._output = OutputFold()
        self._numbers = _Numbers()
        self._audio = AudioFold()
        self._error: CallError | None = None
        self._extra: dict[str, Json] = {}
        self._others: list[Json] = []
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def add(self, event: dict[str, Json], end: int, count: int = 1) -> None:
        """Takes in one event, which ended at the offset `end`; or a run of `count`: then RunError may be raised."""
        if self._numbers.repeats(event, count):
            return
        kind = event.get("type")
        name = kind.removeprefix("response.") if isinstance(kind, str) else ""
        try:
            self._take(name, event, end)
        except (TypeError, ValueError):
            self.lossy = True

    def _take(self, name: str, event: dict[str, Json], end: int) -> None:
        if name == "error" or (not name and "error" in event):
            self.fail({key: value for key, value in event.items() if key not in _SILENT})
        elif name in LIFE:
            self._take_response(name, event)
        elif name in _AUDIO:
            self._audio.add({_AUDIO[name]: event.get("delta")} if _AUDIO[name] else {})
        elif not self._output.add(name, event) and not event.keys() <= _SILENT:
            self._others.append({key: value for key, value in event.items() if key != "obfuscation"})
        self._mark(name, event, end)

    def fail(self, value: Json) -> None:
        """Takes in an error, which ends the stream; a terminal event may follow it nevertheless."""
        self.ended = True
        self._error = self._error or read_error(value)
        self._extra.setdefault("error", value.get("error", value) if isinstance(value, dict) else value)

    def _take_response(self, name: str, event: dict[str, Json]) -> None:
        response = event.get("response")
        if not isinstance(response, dict):
            raise TypeError("the response is no object")
        if self._whole and name not in TERMINAL:
            raise ValueError("a response begins after another has ended")
        self._whole = name in TERMINAL
        self._response = {"status": name} | response
        self.ended = self.ended or self._whole
        self._extra |= {key: value for key, value in event.items() if key not in _SILENT and key != "response"}

    def _mark(self, name: str, event: dict[str, Json], end: int) -> None:
        if self._first_content is None and _says(name, event):
            self._first_content = end
        if self._first_tool is None and name in _ITEMS and _is_call(event.get("item")):
            self._first_tool = end

    def finish(self) -> Answered:
        """The answer, whole or as far as the events go."""
        told = self._response.get("output")
        gathered = self._output.finish()
        output = told if isinstance(told, list) and told and (self._whole or not gathered) else gathered
        answered = read_response(self._response, output)
        others = {"events": self._others} if self._others else {}
        pending = answered.pending and not self.ended and answered.extra.get("background") is True
        return replace(
            answered,
            messages=self._add_audio(answered.messages),
            error=answered.error or self._error,
            extra=self._extra | answered.extra | others,
            finished=self.ended,
            pending=pending,
            lossy=answered.lossy or self.lossy,
            first_content=self._first_content,
            first_tool=self._first_tool,
        )

    def _add_audio(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        audio = self._audio.finish()
        if not audio:
            return messages
        last = messages[-1] if messages else Message("assistant")
        return (*messages[:-1], replace(last, extra=last.extra | {"audio": audio}))


def _says(name: str, event: dict[str, Json]) -> bool:
    """Whether an event brings what the reader of an answer sees."""
    if name in _SAYS:
        return bool(event.get("delta") or event.get("partial_image_b64"))
    if name in _PARTS:
        return _is_said(event.get("part", event))
    if name in _ITEMS:
        return _is_told(event.get("item"))
    return name in TERMINAL and any(_is_told(item) for item in _list(event["response"].get("output")))


def _is_told(item: Json) -> bool:
    if not isinstance(item, dict):
        return False
    shown = item.get("type") == "image_generation_call" and item.get("result")
    return bool(shown) or (item.get("type") == "message" and any(_is_said(part) for part in _list(item.get("content"))))


def _is_said(part: Json) -> bool:
    if not isinstance(part, dict) or part.get("type") == "reasoning_text":
        return False
    return bool(part.get("text") or part.get("refusal"))


def _is_call(item: Json) -> bool:
    return isinstance(item, dict) and str(item.get("type")).endswith("_call")


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def read_events(events: Iterable[StreamEvent]) -> Answered:
    """The answer of a stream of server-sent events. Some servers end it with `[DONE]`."""
    fold = ResponseFold()
    for event in events:
        if event.data.startswith("[DONE]"):
            fold.ended = True
            break
        _add(fold, event)
    return fold.finish()


def _add(fold: ResponseFold, event: StreamEvent) -> None:
    try:
        value = read_value(event)
    except ValueError:
        value = event.data.strip()
        if value.startswith(("{", "[")):
            fold.lossy = True
            return
    if isinstance(value, dict):
        named = value if "type" in value or event.event in {"", "message"} else value | {"type": event.event}
        fold.add(named, event.end, event.events)
    elif isinstance(value, str):
        if value:
            fold.fail(value)  # a plain sentence is an error of the server
    else:
        fold.lossy = True
