"""The life of sessions in the contract of a store: what the Writer and the Reader promise of it, beside `base`.

- A session is told `opened` once it is sure to stay: one that only a default has placed, when a call of it has ended.
- Changes are numbered in the order in which they were committed, each in one transaction with what caused it or with
  the session's new state: none is told twice, and none is lost.
- Calls and posted traces keep a session open, and open one again that was idle or closed. A score keeps an open one
  open, and never opens one: whoever judges a session that has become idle must not wake it.
- A session that is deleted takes its changes with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.store.session_rows import SessionRow


@dataclass(frozen=True, slots=True)
class HookMark:
    """How far a hook has been told, and how that goes."""

    name: str
    after: int
    """The number of the newest change that is done with."""
    told: int = 0
    """Changes that it took."""
    given_up: int = 0
    """Changes that it refused again and again."""
    failures: int = 0
    """Tries that failed since it last took one."""
    error: str = ""
    """Why the last try failed; empty if it did not."""
    behind: int = 0
    """Changes that are still to be told."""


class LifeWriter(Protocol):
    """What a Writer does for the life of sessions."""

    def sweep(self, gap_ns: int) -> bool:
        """Tells what has changed by time alone, or was waited with; False if that was all. Takes about 10 ms."""

    def close_session(self, session_id: str) -> SessionRow:
        """Somebody says that a session is over. It is told by the next sweep that finds no call of it running.

        One that is not known is remembered, for its calls may not be stored yet.
        """

    def reopen_session(self, session_id: str) -> SessionRow | None:
        """It is not over, after all; None if there is no such session."""

    def begin_hooks(self, names: Sequence[str]) -> Mapping[str, HookMark]:
        """How far each was told. A new one begins with what is still to come; what is not named is forgotten."""

    def mark_hook(self, mark: HookMark) -> None:
        """Keeps how far a hook was told."""


class LifeReader(Protocol):
    """What a Reader knows of the life of sessions."""

    def changes(self, limit: int, after: int | None = None, session_id: str | None = None) -> list[Change]:
        """Those that came after a number, oldest first; without one the newest, oldest first, too."""

    def hooks(self) -> list[HookMark]:
        """Those that the last sidecar had, by name."""
