"""A session as a tree: its paths and agents, their calls, and of each call the tools and sessions that it began. Pure.

A call stands where its app says: under its path, else under its agent, else in the session itself. A tool stands under
the call that asked for it. Another line of a conversation is not nested: it names the call that it goes on from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

from pandaprobe_proxy.sessions.conversation import Addition, merge
from pandaprobe_proxy.sessions.steps import Step, fold
from pandaprobe_proxy.sessions.tools import ToolUse, find_uses


class NodeKind(StrEnum):
    SESSION = "SESSION"
    PATH = "PATH"
    AGENT = "AGENT"
    CALL = "CALL"
    TOOL = "TOOL"


@dataclass(frozen=True, slots=True)
class Node:
    """A node with all below it, in the order of their beginnings."""

    kind: NodeKind
    name: str
    """The id of a session or call, a whole path, an agent's id, the name of a tool."""
    children: tuple["Node", ...] = ()
    addition: Addition | None = None
    """Of a call: what it adds to the conversation."""
    use: ToolUse | None = None
    """Of a tool."""


Begun = Mapping[str | None, Sequence[Node]]
"""The trees of the sessions that a session began, by the call that did; None where that is not known."""


_Key = tuple[NodeKind, str]
_ROOT: _Key = (NodeKind.SESSION, "")


def grow(session_id: str, steps: Iterable[Step], begun: Begun) -> Node:
    """The tree of a session from its calls, which come by their start."""
    told = fold(steps)
    tree = _Tree()
    for step, addition in zip(told, merge(told), strict=True):
        tree.put(_find_place(tree, step), Node(NodeKind.CALL, step.call_id, addition=addition))
    for use in find_uses(told):
        tree.put((NodeKind.CALL, use.asked_by), Node(NodeKind.TOOL, use.tool.name, use=use))
    here = {step.call_id for step in told}
    for call_id, children in begun.items():
        above = (NodeKind.CALL, call_id) if call_id in here and call_id else _ROOT
        for child in children:
            tree.put(above, child)
    return replace(Node(NodeKind.SESSION, session_id), children=tree.grow(_ROOT))


class _Tree:
    """Nodes by what they stand under."""

    def __init__(self) -> None:
        self._below: dict[_Key, list[Node]] = {}
        self._standing: set[_Key] = set()

    def put(self, above: _Key, node: Node) -> None:
        self._below.setdefault(above, []).append(node)

    def stand(self, above: _Key, kind: NodeKind, name: str) -> _Key:
        """The node of that name, which is put there unless it stands somewhere."""
        key = (kind, name)
        if key not in self._standing:
            self._standing.add(key)
            self.put(above, Node(kind, name))
        return key

    def grow(self, above: _Key) -> tuple[Node, ...]:
        """What stands under that, each with all below it."""
        return tuple(
            replace(node, children=(*self.grow((node.kind, node.name)), *node.children))
            for node in self._below.pop(above, ())
        )


def _find_place(tree: _Tree, step: Step) -> _Key:
    """What a call stands under."""
    above = _ROOT
    if step.path:
        for path in accumulate(filter(None, step.path.split("/")), lambda outer, inner: f"{outer}/{inner}"):
            above = tree.stand(above, NodeKind.PATH, f"/{path}")
    elif step.agent:
        if step.parent_agent:
            above = tree.stand(above, NodeKind.AGENT, step.parent_agent)
        above = tree.stand(above, NodeKind.AGENT, step.agent)
    return above
