"""A session's calls as its conversation and its tools are read from: values. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from pandaprobe_proxy.model.call import Call, Message


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a session, and what the store knows of it beside what it says."""

    call_id: str
    started_ns: int
    ended_ns: int | None
    call: Call | None
    """None if no dialect knows what it says."""
    history: tuple[Message, ...] = ()
    """What the provider held when it came."""
    follows: str | None = None
    """The call whose answer it goes on from."""
    attempt_of: str | None = None
    """The call that was its first try, if it is another one."""
    retrieves: str | None = None
    """The call whose answer it fetched."""
    path: str | None = None
    """Where in its session it is, as its app says, such as `/plan/search`."""
    agent: str | None = None
    """Which of a session's agents made it, as its app names them."""
    parent_agent: str | None = None


def fold(steps: Iterable[Step]) -> list[Step]:
    """Without tries that failed, of which the one that followed tells, and without what fetched another's answer."""
    told = list(steps)
    here = {step.call_id for step in told}
    newest = {step.attempt_of or step.call_id: step.call_id for step in told}
    return [
        step for step in told if step.retrieves not in here and newest[step.attempt_of or step.call_id] == step.call_id
    ]
