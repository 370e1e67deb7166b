"""What the current piece of work belongs to: session, user, trace, span. Context variables, and nothing process-wide.

A scope's value is a node that knows the one around it, so leaving needs no token and can never fail, whichever task or
thread it happens in. Order: an explicit parameter, then the innermost scope, then what was set, then what the parent
process said.
"""

import logging
import os
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

log = logging.getLogger("pandaprobe")
_told: set[str] = set()
MAX_CHARS = 255


@dataclass(frozen=True, slots=True)
class Node:
    """One scope that is entered; `owner` tells whose it is."""

    value: str | None
    outer: "Node | None"
    owner: object


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a trace one is."""

    trace_id: str
    span_id: str | None = None
    trace: Any = None
    """The TraceContext, if it is of this process."""
    owner: Any = None
    """The trace or span that put us here, likewise."""


session_scope: ContextVar[Node | None] = ContextVar("pandaprobe_session_scope", default=None)
session_set: ContextVar[str | None] = ContextVar("pandaprobe_session_set", default=None)
user_scope: ContextVar[Node | None] = ContextVar("pandaprobe_user_scope", default=None)
user_set: ContextVar[str | None] = ContextVar("pandaprobe_user_set", default=None)
place: ContextVar[Place | None] = ContextVar("pandaprobe_place", default=None)

CARRIED: tuple[ContextVar[Any], ...] = (session_scope, session_set, user_scope, user_set, place)
Snapshot = tuple[Any, ...]
NOTHING: Snapshot = (None,) * len(CARRIED)


def tell_once(message: str) -> None:
    """Logs a problem the first time it occurs."""
    if message not in _told:
        _told.add(message)
        log.warning(message)


def check_id(value: object, what: str) -> str | None:
    """The id if it can be one; None, told once, if it cannot. None itself is fine and says nothing."""
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_CHARS or not (text.isprintable() or _is_visible(text)):
        tell_once(f"a {what} id is 1 to {MAX_CHARS} characters of visible text; another one was ignored")
        return None
    return text


def _is_visible(text: str) -> bool:
    """No control characters and no half of a character, which no header can carry; the slow way."""
    return not any(c < 32 or c == 127 or 0xD800 <= c <= 0xDFFF for c in map(ord, text))


def _inherited(name: str, what: str) -> str | None:
    return check_id(os.environ.get(name), what)


def _inherited_place() -> Place | None:
    text = os.environ.get("PANDAPROBE_TRACE", "")
    trace_id, _, span_id = text.partition("/")
    return Place(trace_id, span_id or None) if trace_id else None


class _Parent:
    """What the parent process said, in our environment."""

    def __init__(self) -> None:
        self.read()

    def read(self) -> None:
        self.session = _inherited("PANDAPROBE_SESSION", "session")
        self.user = _inherited("PANDAPROBE_USER", "user")
        self.outer = check_id(os.environ.get("PANDAPROBE_PARENT_SESSION") or None, "session")
        self.place = _inherited_place()


_parent = _Parent()


def read_parent() -> None:
    """Reads what the parent process says again; it is otherwise read once, at import."""
    _parent.read()


def current_session() -> str | None:
    """The session that work done here belongs to."""
    node = session_scope.get()
    if node is not None:
        return node.value
    return session_set.get() or _parent.session


def outer_session() -> str | None:
    """The session around the current one: that of the nearest scope outside that has another id."""
    node = session_scope.get()
    if node is None:
        return None if session_set.get() or not _parent.session else _parent.outer
    outer = node.outer
    while outer is not None and outer.value == node.value:
        outer = outer.outer
    return outer.value if outer is not None else None


def current_user() -> str | None:
    node = user_scope.get()
    if node is not None:
        return node.value
    return user_set.get() or _parent.user


def current_place() -> Place | None:
    return place.get() or _parent.place


def go_back(outer: Place | None) -> None:
    """Back to the place around, past what has ended meanwhile: not everything ends in the order of its beginning."""
    while outer is not None and outer.owner is not None and outer.owner.over:
        outer = outer.owner.outer
    place.set(outer)


def enter(var: ContextVar[Node | None], value: str | None, owner: object) -> None:
    """Begins a scope."""
    var.set(Node(value, var.get(), owner))


def leave(var: ContextVar[Node | None], owner: object) -> None:
    """Ends the innermost scope of that owner; nothing if there is none here."""
    node = var.get()
    while node is not None and node.owner is not owner:
        node = node.outer
    if node is not None:
        var.set(node.outer)


def snapshot() -> Snapshot | None:
    """What other threads must be given to go on with this work; None if there is nothing to give."""
    values = tuple(var.get() for var in CARRIED)
    return values if any(value is not None for value in values) else None


def restore(values: Snapshot) -> None:
    """Goes on with that work here."""
    for var, value in zip(CARRIED, values, strict=True):
        var.set(value)
