"""The answer of Ollama's chat and generate, in one object or in the many lines of a stream."""

from collections.abc import Mapping
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import merge_field
from pandaprobe_proxy.dialects.openai_messages import read_tool_call
from pandaprobe_proxy.model.call import CallError, Message, ToolCall, Usage, UsageSource
from pandaprobe_proxy.wire.run_forms import TIME, Alike

Json = Any
_COUNTS = ("prompt_eval_count", "eval_count")
_TEXTS = {"content": "content", "response": "content", "thinking": "thinking"}
"""Where the texts of a message grow: chat has them in `message`, generate beside everything else."""


def _grows(line: dict[str, Json], kind: str) -> str | None:
    """A text of the message, or of the line itself, beside the names of the answer."""
    beside = line.keys() - {"model", "created_at"}
    said = line.get("message") if beside == {"message", "done"} else {key: line[key] for key in beside - {"done"}}
    named = all(isinstance(line.get(key, ""), str) for key in ("model", "created_at"))
    if not named or line.get("done") is not False or not isinstance(said, dict):
        return None
    if not said.keys() <= _TEXTS.keys() | {"role"}:
        return None
    texts = [key for key in said.keys() - {"role"} if said[key] != ""]
    return texts[0] if len(texts) == 1 and isinstance(said[texts[0]], str) else None


ALIKE = Alike(_grows, {"created_at": TIME})


class OllamaAnswer:
    """Takes in the objects of one answer."""

    def __init__(self) -> None:
        self.done = False
        self._model: str | None = None
        self._texts: dict[str, list[str]] = {}
        self._calls: list[ToolCall] = []
        self._reason: str | None = None
        self._counts: dict[str, Json] = {}
        self._beside: dict[str, Json] = {}
        self._extra: dict[str, Json] = {}
        self._error: CallError | None = None
        self._said = False
        self._lossy = False
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def take(self, line: dict[str, Json] | None, end: int) -> None:
        """Takes in one object, that of the line that ends at `end`."""
        if line is None:
            self._lossy = True
            return
        for key, value in line.items():
            if value is not None:
                self._take(key, value, end)

    def _take(self, key: str, value: Json, end: int) -> None:
        if key == "message" and isinstance(value, dict):
            self._said = True
            for name, item in value.items():
                self._take_message(name, item, end)
        elif key in {"response", "thinking"} and isinstance(value, str):
            self._said = True
            self._add_text(key, value, end)
        elif key in {"model", "created_at"} and isinstance(value, str):
            self._name(key, value)
        elif key == "done_reason" and isinstance(value, str):
            self._reason = value
        elif key == "done" and isinstance(value, bool):
            self.done = self.done or value
        elif key in _COUNTS:
            self._counts[key] = value
        else:
            self._keep(key, value)

    def _name(self, key: str, value: str) -> None:
        if key == "model":
            self._model = self._model or value
        else:
            self._extra.setdefault(key, value)

    def _keep(self, key: str, value: Json) -> None:
        held = self._extra.get(key)
        if isinstance(held, list) and isinstance(value, list):
            held.extend(value)
        else:
            merge_field(self._extra, key, [*value] if isinstance(value, list) else value)
        if key == "error":
            self._error = self._error or read_error(value)
        self._lossy = self._lossy or key in {"message", "response", "thinking"}

    def _take_message(self, key: str, value: Json, end: int) -> None:
        if key in _TEXTS and isinstance(value, str):
            self._add_text(key, value, end)
        elif key == "tool_calls" and isinstance(value, list):
            self._add_calls(value, end)
        elif key != "role" and value is not None:
            merge_field(self._beside, key, value)
            self._lossy = self._lossy or key in {"content", "thinking", "tool_calls"}

    def _add_text(self, key: str, value: str, end: int) -> None:
        self._texts.setdefault(_TEXTS[key], []).append(value)
        if self._first_content is None and value and key != "thinking":
            self._first_content = end

    def _add_calls(self, calls: list[Json], end: int) -> None:
        """Each call comes whole, so each is another one, whatever its index."""
        whole = [call for call in calls if isinstance(call, dict)]
        self._calls += [read_call(call) for call in whole]
        self._lossy = self._lossy or len(whole) != len(calls)
        if self._first_tool is None and whole:
            self._first_tool = end

    def finish(self, streamed: bool) -> Answered:
        """What was answered."""
        content, thinking = ("".join(self._texts.get(key, ())) for key in ("content", "thinking"))
        message = Message(
            "assistant",
            content if "content" in self._texts else None,
            tool_calls=tuple(self._calls),
            reasoning=thinking or None,
            finish_reason=self._reason or ("stop" if self.done else None),
            extra=self._beside,
        )
        return Answered(
            model=self._model,
            messages=(message,) if self._said else (),
            usage=_read_usage(self._counts),
            error=self._error,
            extra=self._extra,
            finished=self.done or not streamed,
            lossy=self._lossy or not (streamed or self._said or self._error),
            first_content=self._first_content if streamed else None,
            first_tool=self._first_tool if streamed else None,
        )


def read_call(entry: dict[str, Json]) -> ToolCall:
    """A whole call. Its index says only where it stands."""
    inner = entry.get("function")
    if not isinstance(inner, dict):
        return read_tool_call(entry)
    return read_tool_call(entry | {"function": {key: value for key, value in inner.items() if key != "index"}})


def _read_usage(counts: Mapping[str, Json]) -> Usage:
    """A prompt that was cached as a whole is not counted."""
    prompt, output = (read_count(counts, key) for key in _COUNTS)
    if prompt is None and output is None:
        return Usage(raw=dict(counts))
    return Usage(prompt, output, source=UsageSource.REPORTED, raw=dict(counts))
