"""The fold that OpenAI streams share: everything of a chunk but its choices, and how a stream ends or breaks.

First non-empty value of what names the answer, last value of everything else, usage merged wherever it sits.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.json_events import read_value
from pandaprobe_proxy.dialects.openai_fields import FIRST_WINS, PADDING, add_usage, grow_field, read_usage
from pandaprobe_proxy.model.call import CallError, Message
from pandaprobe_proxy.wire.run_forms import NUMBER
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
ALIKE_COUNTS = {"completion_tokens": NUMBER, "total_tokens": NUMBER}
"""What varies within a run of chunks of which each has a usage."""
AddChoice = Callable[[dict[str, Json], int, int], bool]
"""(choice, its position in the list, offset where its event ends): False if something in it could not be placed."""


def find_only_choice(chunk: dict[str, Json], kind: str) -> dict[str, Json] | None:
    """The choice of a chunk that has one, and nothing else that a chunk with the same fields would add to."""
    choices = chunk.get("choices")
    if kind == "error" or chunk.get("error") or not isinstance(choices, list) or len(choices) != 1:
        return None
    beside = (value for key, value in chunk.items() if key != "choices" and isinstance(value, dict | list))
    if not all(value is chunk.get("usage") and _is_counts(value) for value in beside):
        return None
    return choices[0] if isinstance(choices[0], dict) else None


def _is_counts(usage: Json) -> bool:
    """Whether a usage, as some servers say it with every chunk, is one of which the last one says it all."""
    return isinstance(usage, dict) and all(value is None or type(value) is int for value in usage.values())


class ChunkFold:
    """Takes the events of one stream in."""

    def __init__(self, add_choice: AddChoice) -> None:
        self.done = False
        self.lossy = False
        self._add_choice = add_choice
        self._names: dict[str, str] = {}
        self._usage: dict[str, Json] = {}
        self._error: CallError | None = None
        self._extra: dict[str, Json] = {}

    def read(self, events: Iterable[StreamEvent]) -> None:
        """Takes in the events up to `[DONE]`."""
        for event in events:
            if event.data.startswith("[DONE]"):
                self.done = True
                return
            self._take(event)

    def _take(self, event: StreamEvent) -> None:
        try:
            chunk = read_value(event)
        except ValueError:
            self._take_text(event)
            return
        if event.event == "error" or isinstance(chunk, str):
            self._fail(chunk)
        elif isinstance(chunk, dict):
            self._take_chunk(chunk, event.end)
        else:
            self.lossy = True

    def _take_text(self, event: StreamEvent) -> None:
        """Data that is not JSON: a plain sentence is an error of the server, a broken object is a loss."""
        text = event.data.strip()
        if text.startswith(("{", "[")):
            self.lossy = True
        elif text:
            self._fail(text)

    def _fail(self, value: Json) -> None:
        if isinstance(value, dict):
            self._extra["error"] = value.get("error", value)
        self._error = self._error or read_error(value)

    def _take_chunk(self, chunk: dict[str, Json], end: int) -> None:
        for key, value in chunk.items():
            if value is None or key in PADDING:
                continue
            if key == "choices":
                self._take_choices(value, end)
            elif key in {"id", "model"} and isinstance(value, str):
                if value:
                    self._names.setdefault(key, value)
            elif key == "usage" and isinstance(value, dict):
                add_usage(self._usage, value)
            else:
                self._take_extra(key, value)

    def _take_choices(self, choices: Json, end: int) -> None:
        if not isinstance(choices, list):
            self.lossy = True
            return
        for position, choice in enumerate(choices):
            if not isinstance(choice, dict) or not self._add_choice(choice, position, end):
                self.lossy = True

    def _take_extra(self, key: str, value: Json) -> None:
        if key == "error" and value:
            self._fail(value)
        elif key in FIRST_WINS and self._extra.get(key):
            return
        grow_field(self._extra, key, value)
        if key == "x_groq" and isinstance(value, dict):
            if isinstance(value.get("usage"), dict):
                add_usage(self._usage, value["usage"])
            if value.get("error"):
                self._error = self._error or read_error(value["error"])

    def finish(
        self, messages: tuple[Message, ...], first_content: int | None = None, first_tool: int | None = None
    ) -> Answered:
        """What the stream said, with the messages that its choices gave and the offsets where they began."""
        ended = bool(messages) and all(message.finish_reason for message in messages)
        error = self._error
        if error is None and any(message.finish_reason == "error" for message in messages):
            error = CallError("the answer ended with finish_reason error")
        return Answered(
            model=self._names.get("model"),
            response_id=self._names.get("id"),
            messages=messages,
            usage=read_usage(self._usage),
            error=error,
            extra=self._extra,
            finished=self.done or ended,
            lossy=self.lossy or bool(self._extra and not messages and error is None),
            first_content=first_content,
            first_tool=first_tool,
        )
