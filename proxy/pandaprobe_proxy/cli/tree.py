"""`sessions tree`: what stands under what in a session, and in those that it began."""

from collections.abc import Iterator, Mapping, Sequence

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, reading, whole_id
from pandaprobe_proxy.cli.output import clean, duration, echo, faint, from_store, heading, one_line, print_json
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.sessions.conversation import Addition
from pandaprobe_proxy.sessions.tools import ToolUse
from pandaprobe_proxy.sessions.tree import Node, NodeKind, grow
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.shapes import node_json, to_steps

MOST_CALLS = 10_000
MOST_SESSIONS = 1000
MOST_DEEP = 50
SAID_CHARS = 60
Rows = dict[str, CallRow]


@click.command("tree")
@click.argument("session")
@data_dir
@as_json
def tree(session: str, data_dir: str | None, json: bool) -> None:
    """Show a session as a tree: paths, agents, calls, tools, and the sessions that it began. An id may be cut short.

    Example: pandaprobe-proxy sessions tree conversation-123
    """
    with reading(data_dir) as reader:
        session_id = whole_id(session, reader.find_sessions, "session")
        rows: Rows = {}
        root = from_store(lambda: _read(reader, session_id, rows, set(), 0))
    if json:
        print_json(node_json(root))
        return
    heading(f"session {session_id}")
    for edge, node in _walk(root.children, ""):
        echo(faint(edge) + _tell(node, rows))


def _read(reader: Reader, session_id: str, rows: Rows, seen: set[str], depth: int) -> Node:
    """The tree of a session and of those that it began. Each is read once, however they name each other."""
    seen.add(session_id)
    stored = reader.conversation(session_id, MOST_CALLS)
    rows.update((call.row.call_id, call.row) for call in stored)
    begun: dict[str | None, list[Node]] = {}
    for child in reader.children(session_id):
        if child.session_id not in seen and len(seen) < MOST_SESSIONS and depth < MOST_DEEP:
            node = _read(reader, child.session_id, rows, seen, depth + 1)
            begun.setdefault(child.parent_call, []).append(node)
    return grow(session_id, to_steps(stored), begun)


def _walk(nodes: Sequence[Node], indent: str) -> Iterator[tuple[str, Node]]:
    """Every node with the lines that lead to it."""
    for at, node in enumerate(nodes, 1):
        last = at == len(nodes)
        yield f"{indent}{'└─ ' if last else '├─ '}", node
        yield from _walk(node.children, f"{indent}{'   ' if last else '│  '}")


def _tell(node: Node, rows: Mapping[str, CallRow]) -> str:
    if node.addition is not None:
        return _tell_call(rows[node.name], node.addition)
    if node.use is not None:
        return _tell_tool(node.use)
    if node.kind is NodeKind.PATH:
        return clean(node.name)
    return f"{node.kind.lower()} {clean(node.name)}"


def _tell_call(row: CallRow, addition: Addition) -> str:
    words = [f"call {row.call_id}", clean(row.model or row.operation or f"{row.method} {row.path}")]
    words.append(duration(row.ended_ns - row.started_ns) if row.ended_ns else "still running")
    if row.attempt:
        words.append(f"after {row.attempt} failed attempt{'s' if row.attempt > 1 else ''}")
    if addition.branch > 1:
        words.append(f"branch {addition.branch}" + (f", from call {addition.after}" if addition.after else ""))
    if row.outcome != "ok":
        words.append(row.outcome)
    words += _quote(addition.said[-1:]) + _quote(addition.answers[:1])
    return "  ".join(words)


def _quote(messages: Sequence[Message]) -> list[str]:
    """What was said, if it was said in words."""
    return [f"{message.role}: {one_line(message.text, SAID_CHARS)}" for message in messages if message.text]


def _tell_tool(use: ToolUse) -> str:
    words = ["TOOL", clean(use.tool.name), clean(use.tool.id)]
    if use.used_by is None or use.ended_ns is None:
        return "  ".join([*words, "its result was never shown"])
    return "  ".join([*words, duration(use.ended_ns - use.started_ns), f"used by call {use.used_by}"])
