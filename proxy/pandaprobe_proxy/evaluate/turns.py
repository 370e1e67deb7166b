"""The parts of a session that are judged one by one: the traces that its app opened, else its turns.

A turn goes from what the user says to what the user says next. A call that nobody opened a trace for is a trace of its
own, named after itself, and says nothing of where a part begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pandaprobe_proxy.evaluate.session import Line, Session, Step, Use


@dataclass(frozen=True, slots=True)
class Part:
    """A turn, a trace, or the whole of a session."""

    number: int
    """From 1; 0 is the whole."""
    trace_id: str
    """Of its first call; empty if it has none."""
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    uses: tuple[Use, ...]
    asked: tuple[Line, ...]
    """What the user said in it."""


def take_whole(session: Session) -> Part:
    """The session as one part."""
    trace_id = session.steps[0].trace_id if session.steps else ""
    return Part(0, trace_id, session.lines, session.steps, session.uses, tuple(session.asked))


def split_turns(session: Session) -> tuple[Part, ...]:
    """Its parts, by when they began."""
    asked = {line.number for line in session.asked}
    groups: dict[str, list[Step]] = {}
    turn = ""
    for step, brought in zip(session.steps, _find_brought(session), strict=True):
        if step.trace_id == step.call_id and (not turn or any(line.number in asked for line in brought)):
            turn = step.call_id
        groups.setdefault(turn if step.trace_id == step.call_id else step.trace_id, []).append(step)
    return tuple(_make_part(session, number, steps) for number, steps in enumerate(groups.values(), 1))


def _find_brought(session: Session) -> list[list[Line]]:
    """By step: what it was asked with that was new. What the model then answers is not among it."""
    by_call: dict[str, list[Line]] = {}
    for line in session.lines:
        if not line.answered:
            by_call.setdefault(line.call_id, []).append(line)
    return [by_call.get(step.call_id, []) for step in session.steps]


def _make_part(session: Session, number: int, steps: Sequence[Step]) -> Part:
    calls = {step.call_id for step in steps}
    lines = tuple(line for line in session.lines if line.call_id in calls)
    numbers = {line.number for line in lines}
    uses = tuple(use for use in session.uses if use.asked.number in numbers)
    asked = tuple(line for line in session.asked if line.number in numbers)
    return Part(number, steps[0].trace_id, lines, tuple(steps), uses, asked)
