"""A run of an assistant as it answers: the run itself, the messages that it wrote, the steps that it took."""

from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_events import EventFold
from pandaprobe_proxy.dialects.openai_fields import grow_field, pop_typed, read_rest, read_usage, without_nulls
from pandaprobe_proxy.dialects.openai_messages import read_tool_call
from pandaprobe_proxy.model.call import Message, ToolCall
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_LATER = ("queued", "in_progress", "cancelling")


def read_run(body: dict[str, Json]) -> Answered:
    """A run. The calls that it waits for are a message; other messages are not in it."""
    usage, rest = read_rest(body)
    error = rest.get("error") or rest.get("last_error")
    status = pop_typed(rest, "status", str)
    calls, thread = _pop_calls(rest), pop_typed(rest, "thread_id", str)
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=(Message("assistant", tool_calls=calls, finish_reason=status),) if calls else (),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest | ({"status": status} if status else {}),
        lossy=status is None and not error,
        conversation_id=thread,
        pending=status in _LATER,
    )


def _pop_calls(rest: dict[str, Json]) -> tuple[ToolCall, ...]:
    action = rest.get("required_action")
    asked = action.get("submit_tool_outputs") if isinstance(action, dict) else None
    calls = asked.get("tool_calls") if isinstance(asked, dict) else None
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        return ()
    del rest["required_action"]
    return tuple(read_tool_call(call) for call in calls)


class _Part:
    """One part of a message, or one call of a step: texts grow, the rest is set."""

    def __init__(self) -> None:
        self._set: dict[str, Json] = {}
        self._inner: dict[str, dict[str, Json]] = {}
        self._texts: dict[tuple[str, str], list[str]] = {}

    def add(self, piece: dict[str, Json]) -> None:
        for key, value in without_nulls(piece).items():
            if isinstance(value, dict):
                self._add_inner(key, value)
            elif key == "refusal" and isinstance(value, str):
                self._texts.setdefault(("", key), []).append(value)
            elif key != "index":
                grow_field(self._set, key, value)

    def _add_inner(self, key: str, value: dict[str, Json]) -> None:
        inner = self._inner.setdefault(key, {})
        for name, item in without_nulls(value).items():
            if name in {"value", "input", "arguments"} and isinstance(item, str):
                self._texts.setdefault((key, name), []).append(item)
            elif item != []:
                grow_field(inner, name, item)

    def finish(self) -> dict[str, Json]:
        whole = self._set | {key: dict(inner) for key, inner in self._inner.items()}
        for (key, name), texts in self._texts.items():
            (whole[key] if key else whole)[name] = "".join(texts)
        return whole


class _Held:
    """A message or a step so far: as it was last told whole, and its parts where it was not."""

    def __init__(self) -> None:
        self.whole: dict[str, Json] = {}
        self._parts: dict[int, _Part] = {}

    def tell(self, whole: dict[str, Json]) -> None:
        self.whole = whole

    def add(self, pieces: list[Json]) -> bool:
        """Takes in what a delta brings; False if a piece is no object."""
        for place, piece in enumerate(pieces):
            if not isinstance(piece, dict):
                return False
            index = piece.get("index")
            self._parts.setdefault(index if isinstance(index, int) else place, _Part()).add(piece)
        return True

    def parts(self, told: Json) -> list[Json]:
        """The parts that were told whole, if any, else as they were gathered."""
        if isinstance(told, list) and told:
            return told
        return [part.finish() for _, part in sorted(self._parts.items())]


def read_part(part: Json) -> Json:
    """A text part of a thread's message has its text one level deeper than others."""
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, dict) or not isinstance(text.get("value"), str):
        return part
    notes = {key: item for key, item in text.items() if key != "value" and item not in (None, [])}
    return {**part, "text": text["value"]} | notes


class RunStream:
    """One stream, taken in once."""

    def __init__(self) -> None:
        self._run: dict[str, Json] = {}
        self._thread: dict[str, Json] = {}
        self._messages: dict[str, _Held] = {}
        self._steps: dict[str, _Held] = {}
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def read(self, events: Iterable[StreamEvent]) -> Answered:
        """The answer that the events give, whole or as far as they go."""
        fold = EventFold(self._take)
        fold.read(events)
        run = read_run(self._run) if self._run else Answered()
        steps = [self._finish_step(step) for step in self._steps.values()]
        told = {"steps": steps, "thread": self._thread}
        messages = tuple(self._finish(message) for message in self._messages.values())
        return Answered(
            model=run.model,
            response_id=run.response_id,
            messages=messages + (run.messages or self._waiting(steps, fold.done)),
            usage=run.usage,
            error=fold.error or run.error,
            extra=run.extra | {key: value for key, value in told.items() if value} | fold.extra(),
            finished=fold.done,
            lossy=fold.lossy,
            first_content=self._first_content,
            first_tool=self._first_tool,
            conversation_id=run.conversation_id or self._thread.get("id"),
            pending=fold.done and run.pending,
        )

    def _take(self, kind: str, event: dict[str, Json], end: int) -> bool:
        held, _, what = kind.rpartition(".")
        identifier = event.get("id")
        if not isinstance(identifier, str):
            return False
        if what == "delta":
            delta = event.get("delta")
            return isinstance(delta, dict) and self._add(held, identifier, delta, end)
        if held == "thread.run":
            self._run = event
        elif held == "thread":
            self._thread = without_nulls(event)
        elif held in {"thread.message", "thread.run.step"}:
            places = self._messages if held == "thread.message" else self._steps
            places.setdefault(identifier, _Held()).tell(event)
        else:
            return False
        return True

    def _add(self, held: str, identifier: str, delta: dict[str, Json], end: int) -> bool:
        if held == "thread.message" and isinstance(delta.get("content"), list):
            self._first_content = end if self._first_content is None else self._first_content
            return self._messages.setdefault(identifier, _Held()).add(delta["content"])
        details = delta.get("step_details")
        calls = details.get("tool_calls") if isinstance(details, dict) else None
        if held == "thread.run.step" and isinstance(calls, list):
            self._first_tool = end if self._first_tool is None else self._first_tool
            return self._steps.setdefault(identifier, _Held()).add(calls)
        # The delta of a step that writes a message names the message, which its own events bring.
        return held == "thread.run.step" and isinstance(details, dict)

    def _finish(self, held: _Held) -> Message:
        rest = without_nulls(held.whole)
        parts = held.parts(rest.pop("content", None))
        role, status = pop_typed(rest, "role", str), pop_typed(rest, "status", str)
        rest.pop("object", None)
        return Message(
            role or "assistant",
            [read_part(part) for part in parts] if parts else None,
            finish_reason=None if status == "in_progress" else status,
            extra={key: value for key, value in rest.items() if value not in ([], {})},
        )

    def _finish_step(self, held: _Held) -> dict[str, Json]:
        step = without_nulls(held.whole)
        details = step.get("step_details")
        details = details if isinstance(details, dict) else {}
        parts = held.parts(details.get("tool_calls"))
        return step | {"step_details": details | ({"tool_calls": parts} if parts else {})}

    def _waiting(self, steps: list[dict[str, Json]], done: bool) -> tuple[Message, ...]:
        """The calls of a run that broke off before it said that it waits for them."""
        found = [call for step in steps if not done for call in step["step_details"].get("tool_calls") or ()]
        calls = [read_tool_call(call) for call in found if isinstance(call, dict) and call.get("type") == "function"]
        return (Message("assistant", tool_calls=tuple(calls)),) if calls else ()
