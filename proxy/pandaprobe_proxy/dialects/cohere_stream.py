"""The answer of a Cohere stream, gathered from its events: contents and tool calls by index, citations in order."""

from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.cohere_usage import read_usage
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import merge_field
from pandaprobe_proxy.dialects.openai_messages import read_thinking
from pandaprobe_proxy.dialects.openai_tool_calls import ToolCallFold
from pandaprobe_proxy.model.call import CallError, Message
from pandaprobe_proxy.wire.run_forms import Alike

Json = Any
_SILENT = frozenset({"content-end", "tool-call-end", "citation-end"})
_GROWING = frozenset({"text", "thinking"})
_PIECES = {
    "content-delta": (("message", "content"), _GROWING),
    "tool-call-delta": (("message", "tool_calls", "function"), {"arguments"}),
    "tool-plan-delta": (("message",), {"tool_plan"}),
}
_FAILURES = frozenset({"ERROR", "ERROR_TOXIC", "TIMEOUT"})


def _grows(event: dict[str, Json], kind: str) -> str | None:
    """A piece of a content, of the arguments of a call or of the plan, and nothing beside it."""
    within, keys = _PIECES.get(str(event.get("type")), ((), frozenset[str]()))
    if event.keys() - {"index"} != {"type", "delta"} or type(event.get("index", 0)) is not int:
        return None
    value = event["delta"]
    for name in within:
        value = value[name] if isinstance(value, dict) and value.keys() == {name} else None
    pieces = [*value.items()] if isinstance(value, dict) else []
    key, text = pieces[0] if len(pieces) == 1 else ("", None)
    return key if key in keys and isinstance(text, str) and text else None


ALIKE = Alike(_grows)


class _Content:
    """One part of the content so far."""

    def __init__(self) -> None:
        self._fields: dict[str, Json] = {}
        self._texts: dict[str, list[str]] = {}

    def add(self, fields: dict[str, Json]) -> None:
        for key, value in fields.items():
            if key in _GROWING and isinstance(value, str):
                self._texts.setdefault(key, []).append(value)
            else:
                merge_field(self._fields, key, value)

    def finish(self) -> dict[str, Json]:
        kind = {} if "type" in self._fields or not self._texts else {"type": next(iter(self._texts))}
        return kind | self._fields | {key: "".join(texts) for key, texts in self._texts.items()}


class CohereStream:
    """Takes in the events of one stream."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._ended = False
        self._started = False
        self._lossy = False
        self._contents: dict[int, _Content] = {}
        self._plan: list[str] = []
        self._calls = ToolCallFold()
        self._citations: list[Json] = []
        self._reason: str | None = None
        self._usage: Json = None
        self._error: CallError | None = None
        self._beside: dict[str, Json] = {}
        self._extra: dict[str, Json] = {}
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def take(self, event: dict[str, Json] | None, end: int) -> None:
        """Takes in one event; one of an unknown type is kept."""
        kind = event.get("type") if event else None
        if event is None or not isinstance(event.get("delta", {}), dict):
            self._lossy = True
        elif kind == "message-end":
            self._end(event.get("delta") or {})
        elif kind is None:
            self._take_rest(event)
        elif str(kind) not in _SILENT:
            self._take(event, end)

    def _take_rest(self, event: dict[str, Json]) -> None:
        """An event without a type, which is an error as a rule."""
        for key, value in event.items():
            merge_field(self._extra, key, value)
        if "message" in event or "error" in event:
            self._error = self._error or read_error(event)
        else:
            self._lossy = True

    def _take(self, event: dict[str, Json], end: int) -> None:
        if event["type"] == "message-start":
            self._started = True
            self._id = event["id"] if isinstance(event.get("id"), str) else self._id
        message = (event.get("delta") or {}).get("message")
        if not isinstance(message, dict):
            self._extra.setdefault("events", []).append(event)
            return
        index = event.get("index")
        place = index if isinstance(index, int) else 0
        for key, value in message.items():
            if value not in (None, "", []) and key != "role":
                self._take_field(key, value, (place, end))

    def _take_field(self, key: str, value: Json, at: tuple[int, int]) -> None:
        """`at` is (index, offset where the event ends)."""
        self._started = True
        if key == "content" and isinstance(value, dict):
            self._contents.setdefault(at[0], _Content()).add(value)
            self._first_content = self._first_content or (at[1] if value.get("text") else None)
        elif key == "tool_plan" and isinstance(value, str):
            self._plan.append(value)
        elif key == "tool_calls" and isinstance(value, dict):
            self._calls.add([value | {"index": at[0]}])
            self._first_tool = self._first_tool or at[1]
        elif key == "citations":
            self._citations += value if isinstance(value, list) else [value]
        else:
            merge_field(self._beside, key, value)
            self._lossy = self._lossy or key in {"content", "tool_plan", "tool_calls"}

    def _end(self, delta: dict[str, Json]) -> None:
        self._ended = True
        for key, value in delta.items():
            if key == "finish_reason" and isinstance(value, str):
                self._reason = value
            elif key == "usage" and isinstance(value, dict):
                self._usage = value
            elif key == "error" and value:
                self._error = self._error or read_error(value)
            elif value is not None:
                merge_field(self._extra, key, value)
        if self._reason in _FAILURES:
            self._error = self._error or CallError(f"the answer ended with finish_reason {self._reason}")

    def finish(self) -> Answered:
        """What was answered, as far as it came."""
        content = [part.finish() for _, part in sorted(self._contents.items())]
        plan = "".join(self._plan)
        known = {"tool_plan": plan, "citations": self._citations}
        message = Message(
            "assistant",
            content or None,
            tool_calls=self._calls.finish(),
            reasoning=read_thinking(content) or plan or None,
            finish_reason=self._reason,
            extra=self._beside | {key: value for key, value in known.items() if value},
        )
        return Answered(
            response_id=self._id,
            messages=(message,) if self._started else (),
            usage=read_usage(self._usage),
            error=self._error,
            extra=self._extra,
            finished=self._ended,
            lossy=self._lossy,
            first_content=self._first_content,
            first_tool=self._first_tool,
        )
