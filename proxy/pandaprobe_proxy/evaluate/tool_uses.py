"""The tools that a conversation called, each with its result, whatever protocol the agent speaks."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.session import Line, Use
from pandaprobe_proxy.evaluate.tool_errors import tells_error
from pandaprobe_proxy.model.call import Json, Message, ToolCall

_RESULT_ROLES = frozenset({"tool", "function"})
_ENDING = re.compile(
    r"(.*[_\W])?(transfer[_\W]?to[_\W].*|transfer[_\W](agent|human|call|chat).*|hand[_\W]?(off|over).*|escalate.*"
    r"|(finish|end|stop|exit|terminate|complete|submit|final|done|attempt|give)"
    r"([_\W]?(task|conversation|chat|call|session|answer|solution|result|response|completion|work))?)",
    re.IGNORECASE,
)
_EXECUTE = re.compile(r"<(execute(?:_\w+)?|tool_call|python|bash)>(.*?)</\1>", re.DOTALL)
_ACTION = re.compile(
    r"^[ \t]*Action[ \t]*:[ \t]*(\w+)[ \t]*(?:\n[ \t]*Action Input[ \t]*:|\[|\()(.*)", re.DOTALL | re.MULTILINE
)
MOST_CHARS = 100_000
"""Of an answer in which a written tool is looked for."""
_OBSERVED = re.compile(r"^\s*(?:Observation|Tool (?:output|result)|Execution result|EXECUTION RESULT)\b.{0,60}?:", re.S)


def read_text(message: Message) -> str:
    """What can be read of a message. Of a tool's result that has no text, its JSON."""
    text = message.text or message.refusal or ""
    if text or message.role not in _RESULT_ROLES or message.content in (None, "", []):
        return text
    return json.dumps(message.content, ensure_ascii=False, default=str)


def find_uses(lines: Sequence[Line]) -> Iterator[Use]:
    """The uses of tools, in the order in which they were asked for."""
    waiting = _Waiting()
    for line in lines:
        if line.role == "assistant":
            waiting.ask(line)
        elif line.role in _RESULT_ROLES:
            waiting.answer(line)
        elif line.role == "user" and _OBSERVED.match(line.text):
            waiting.observe(line)
    return (_to_use(asked) for asked in waiting.all)


@dataclass(slots=True)
class _Asked:
    tool: ToolCall
    line: Line
    result: Line | None = None


class _Waiting:
    """The uses so far, and those that wait for a result."""

    def __init__(self) -> None:
        self.all: list[_Asked] = []
        self._open: list[_Asked] = []
        self._ids: set[str] = set()

    def ask(self, line: Line) -> None:
        """An answer that is shown again in other words asks for nothing: the ids of its tools are known."""
        tools = line.message.tool_calls or tuple(_read_written(line.text))
        asked = [_Asked(tool, line) for tool in tools if line.answered or tool.id not in self._ids]
        self._ids |= {tool.id for tool in tools if tool.id}
        self.all += asked
        self._open += asked

    def answer(self, line: Line) -> None:
        """Ids are used again by some: of those that fit, the first of the newest message is meant."""
        name = line.message.tool_call_id or line.message.name
        fitting = [asked for asked in self._open if not name or name in (asked.tool.id, asked.tool.name)]
        self._give([asked for asked in fitting if asked.line is fitting[-1].line], line)

    def observe(self, line: Line) -> None:
        self._give([asked for asked in self._open if not asked.line.message.tool_calls][-1:], line)

    def _give(self, fitting: Sequence[_Asked], line: Line) -> None:
        if fitting:
            fitting[0].result = line
            self._open = [asked for asked in self._open if asked is not fitting[0]]


def _read_written(text: str) -> Iterable[ToolCall]:
    """The tool that an agent without tool calls writes in its text: ReAct's action, or code between tags."""
    text = text[:MOST_CHARS]
    found = _EXECUTE.search(text) if "</" in text else None
    if found:
        yield ToolCall("", found[1], found[2].strip())
        return
    action = _ACTION.search(text)
    if action:
        yield ToolCall("", action[1], action[2].strip())


def _to_use(asked: _Asked) -> Use:
    tool, result = asked.tool, asked.result
    arguments = _parse(tool.arguments)
    failed = result is not None and tells_error(result.message, result.text)
    written = tool.arguments if arguments is None else json.dumps(arguments, sort_keys=True, separators=(",", ":"))
    return Use(
        tool, arguments, asked.line, result, failed, f"{tool.name}({written})", bool(_ENDING.fullmatch(tool.name))
    )


def _parse(arguments: str) -> Json:
    try:
        return parse_json(arguments or "{}")
    except ValueError:
        return None
