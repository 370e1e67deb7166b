"""Tool calls of a session, each from the call that asked for it to the call that used its result. Pure.

The tool itself runs in the app, where nothing is recorded: the time between is how long it seemed to the model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pandaprobe_proxy.model.call import Call, Message, ToolCall
from pandaprobe_proxy.sessions.steps import Step
from pandaprobe_proxy.sessions.transcript import digest


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One run of a tool. Without a result it is one that no call has shown."""

    tool: ToolCall
    asked_by: str
    """The id of the call that asked for it."""
    started_ns: int
    """When that call had ended."""
    used_by: str | None = None
    """The id of the first call that showed its result."""
    ended_ns: int | None = None
    """When that call began."""
    result: Message | None = None


def find_uses(steps: Sequence[Step]) -> list[ToolUse]:
    """The tool uses of a session's calls, which come by their start; in the order in which they were asked for."""
    uses = _Uses()
    for step in sorted(steps, key=lambda step: step.started_ns):
        uses.read(step)
    return list(uses.found.values())


class _Uses:
    """What was asked for so far, by the call that asked and the place among its tool calls."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, int], ToolUse] = {}
        self._answers: dict[bytes, tuple[str, int]] = {}

    def read(self, step: Step) -> None:
        if step.call is None:
            return
        for key, message in self._results(step.call):
            use = self.found[key]
            if use.result is None and use.asked_by != step.call_id:
                self.found[key] = replace(use, used_by=step.call_id, ended_ns=step.started_ns, result=message)
        at = 0
        for answer in step.call.output:
            self._answers[digest(answer)] = (step.call_id, at)
            for tool in answer.tool_calls:
                self.found[step.call_id, at] = ToolUse(tool, step.call_id, step.ended_ns or step.started_ns)
                at += 1

    def _results(self, call: Call) -> Iterator[tuple[tuple[str, int], Message]]:
        """The uses whose results the call shows. The same id may be used again and again: its last use is meant."""
        open_here: dict[str, tuple[str, int]] = {}
        for message in call.input:
            if message.tool_calls:
                open_here |= self._asked(message)
            name = message.tool_call_id
            if not name:
                continue
            key = open_here.pop(name, None) or self._newest(name)
            if key is not None:
                yield key, message

    def _asked(self, message: Message) -> dict[str, tuple[str, int]]:
        """The uses that an answer in the history asked for."""
        first = self._answers.get(digest(message))
        if first is None:
            return {}
        call_id, at = first
        return {tool.id: (call_id, at + number) for number, tool in enumerate(message.tool_calls)}

    def _newest(self, name: str) -> tuple[str, int] | None:
        """The newest use of that id which has no result: the provider holds the answer that asked for it."""
        waiting = (key for key, use in reversed(self.found.items()) if use.tool.id == name and use.result is None)
        return next(waiting, None)
