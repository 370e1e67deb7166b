"""Recorded calls as a Session: what each of them added to the conversation becomes numbered lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pandaprobe_proxy.evaluate.session import Line, Session, Step
from pandaprobe_proxy.evaluate.tool_uses import find_uses, read_text
from pandaprobe_proxy.model.call import Call, Message


@dataclass(frozen=True, slots=True)
class Told:
    """A call as it was recorded, and what it added (see `sessions.conversation`)."""

    trace_id: str
    call_id: str
    started_ns: int
    ended_ns: int | None
    call: Call
    said: Sequence[Message]
    """Of what it was asked with, the messages that no call before it has shown there."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a session beside its calls."""

    session_id: str
    task_id: str | None = None
    user_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def gather(about: About, told: Iterable[Told]) -> Session:
    """The session of these calls, in the order of their start. Calls of other kinds than LLM are no part of it."""
    lines: list[Line] = []
    steps = tuple(_read(one, lines) for one in told if one.call.kind == "LLM")
    uses = tuple(find_uses(lines))
    return Session(about.session_id, tuple(lines), steps, uses, about.task_id, about.user_id, about.metadata)


def _read(told: Told, lines: list[Line]) -> Step:
    """The call without its input; its lines come behind the others."""
    for message in told.said:
        lines.append(_make_line(told, message, len(lines) + 1, answered=False))
    heard = len(lines)
    for message in told.call.output:
        lines.append(_make_line(told, message, len(lines) + 1, answered=True))
    call = replace(told.call, input=())
    return Step(told.trace_id, told.call_id, told.started_ns, told.ended_ns, call, heard, tuple(lines[heard:]))


def _make_line(told: Told, message: Message, number: int, answered: bool) -> Line:
    return Line(number, told.trace_id, told.call_id, message, read_text(message), answered)
