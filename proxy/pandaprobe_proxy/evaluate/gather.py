"""Recorded calls as a Session. Agents send their whole history with every call; here each message stands once.

The second "yes" of a conversation is another message than the first: a message of a call is known if the session has
had it as often before as the call itself shows it up to there.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pandaprobe_proxy.evaluate.session import Line, Session, Step
from pandaprobe_proxy.evaluate.tool_uses import find_uses, read_text
from pandaprobe_proxy.model.call import Call, Message


@dataclass(frozen=True, slots=True)
class Told:
    """A call as it was recorded."""

    trace_id: str
    call_id: str
    started_ns: int
    ended_ns: int | None
    call: Call
    before: tuple[Message, ...] = ()
    """What the provider held of the conversation, which the call did not send."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a session beside its calls."""

    session_id: str
    task_id: str | None = None
    user_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def gather(about: About, told: Iterable[Told], digest: Callable[[Message], Hashable]) -> Session:
    """The session of these calls, in the order of their start. `digest` is equal for messages that say the same."""
    lines = _Lines(digest)
    steps = tuple(lines.read(one) for one in told if one.call.kind == "LLM")
    found = tuple(lines.lines)
    uses = tuple(find_uses(found))
    return Session(about.session_id, found, steps, uses, about.task_id, about.user_id, about.metadata)


class _Lines:
    """The lines so far, and how often each message has been among them."""

    def __init__(self, digest: Callable[[Message], Hashable]) -> None:
        self.lines: list[Line] = []
        self._digest = digest
        self._known: dict[Hashable, list[Line]] = {}

    def read(self, told: Told) -> Step:
        shown: Counter[Hashable] = Counter()
        for message in (*told.before, *told.call.input):
            self._place(told, message, shown, answered=False)
        heard = len(self.lines)
        answers = tuple(self._place(told, message, shown.copy(), answered=True) for message in told.call.output)
        call = replace(told.call, input=())
        return Step(told.trace_id, told.call_id, told.started_ns, told.ended_ns, call, heard, answers)

    def _place(self, told: Told, message: Message, shown: Counter[Hashable], answered: bool) -> Line:
        """The line of a message: the one that is there, or a new one."""
        key = self._digest(message)
        known = self._known.setdefault(key, [])
        at = shown[key]
        shown[key] += 1
        if at == len(known):
            line = Line(len(self.lines) + 1, told.trace_id, told.call_id, message, read_text(message), answered)
            known.append(line)
            self.lines.append(line)
        return known[at]
