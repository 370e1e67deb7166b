"""A session as evaluators read it: its messages numbered, each once, its calls, and its tools with their results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pandaprobe_proxy.model.call import Call, Json, Message, ToolCall
from pandaprobe_proxy.model.score import Quote

T = TypeVar("T")
MOST_QUOTED = 200


@dataclass(frozen=True)
class Line:
    """A message of a session."""

    number: int
    """Its place, from 1."""
    trace_id: str
    call_id: str
    """The call that brought it: that answered it, or else the first that showed it."""
    message: Message
    text: str
    """Its readable text; of a tool's result that is no text, its JSON."""
    answered: bool = False
    """It is what the model answered in a recorded call."""

    @property
    def role(self) -> str:
        return self.message.role

    def quote(self, detail: str = "", passage: str | None = None) -> Quote:
        """The line as evidence, or a passage of it."""
        text = self.text if passage is None else passage
        return Quote(self.trace_id, self.call_id, self.number, text[:MOST_QUOTED], detail)


@dataclass(frozen=True)
class Use:
    """A tool that was called, and what came of it."""

    tool: ToolCall
    arguments: Json
    """Parsed; None if they are no JSON."""
    asked: Line
    result: Line | None
    """None if no later call has shown one."""
    failed: bool
    """The result says that the tool failed."""
    key: str
    """Equal for the same tool with the same arguments."""
    ends: bool = False
    """Nothing is expected to follow it: it hands over, or says that the work is done."""

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def succeeded(self) -> bool:
        return self.result is not None and not self.failed

    def quote(self, detail: str = "") -> Quote:
        """The call of the tool as evidence."""
        return self.asked.quote(detail, f"{self.name}({self.tool.arguments})")


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a session."""

    trace_id: str
    call_id: str
    started_ns: int
    ended_ns: int | None
    call: Call
    """Without its input, which stands in the lines."""
    heard: int
    """The number of the last line that was there when it was asked."""
    answers: tuple[Line, ...] = ()

    @property
    def took_ns(self) -> int | None:
        return None if self.ended_ns is None else self.ended_ns - self.started_ns

    def quote(self, detail: str) -> Quote:
        """Its answer as evidence, or the call itself if there is none."""
        if self.answers:
            return self.answers[0].quote(detail)
        error = self.call.error.message if self.call.error else ""
        return Quote(self.trace_id, self.call_id, 0, error[:MOST_QUOTED], detail)


@dataclass(frozen=True)
class Session:
    """What is judged."""

    session_id: str
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    uses: tuple[Use, ...]
    """In the order in which they were asked for."""
    task_id: str | None = None
    """What it was to do, where somebody has named that: sessions of one task are peers."""
    user_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def _said(self) -> dict[Callable[["Session"], Any], Any]:
        return {}

    def once(self, ask: Callable[["Session"], T]) -> T:
        """What `ask` says of the session; asked once, however many evaluators want to know."""
        if ask not in self._said:
            self._said[ask] = ask(self)
        known: T = self._said[ask]
        return known

    @cached_property
    def answers(self) -> Sequence[Line]:
        """What the model said, recorded or only shown."""
        return [line for line in self.lines if line.role == "assistant"]

    @cached_property
    def results(self) -> Sequence[Use]:
        """The uses that have a result."""
        return [use for use in self.uses if use.result is not None]

    @cached_property
    def asked(self) -> Sequence[Line]:
        """What the user said. What an agent's own program says in the user's name, as results of tools, is not that."""
        told = {use.result.number for use in self.results if use.result is not None}
        return [line for line in self.lines if line.role == "user" and line.number not in told]

    @cached_property
    def tools(self) -> dict[str, Json]:
        """The definitions of the tools that its calls offered, by name; the last one counts."""
        return {name: tool for step in self.steps for tool in step.call.tools if (name := name_tool(tool))}


def name_tool(tool: Json) -> str:
    """The name in a tool's definition, as any dialect writes it; empty if there is none."""
    if not isinstance(tool, dict):
        return ""
    inner = tool.get("function", tool.get("toolSpec", tool))
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""
