"""Session hooks: each change of a session is told to commands and URLs, in order, at least once.

The queue is the store's table of changes; a hook's place in it is kept in the store, so a restart loses nothing. All
of it runs on the loop of the web port, beside the recorder's thread, which never waits for it. A hook that cannot be
reached is tried until it can; one that refuses a change again and again is told the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Protocol, TypeVar

import structlog

from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.store.base import Reader, Writer
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.lives import HookMark

log = structlog.get_logger("hooks")
T = TypeVar("T")

POLL_S = 0.5
AT_ONCE = 100
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
MOST_REFUSALS = 5
"""Of one change, before it is given up."""


class HookFailed(Exception):
    """A hook did not take a change. One sentence of why, without secrets."""

    def __init__(self, why: str, refused: bool) -> None:
        super().__init__(why)
        self.refused = refused
        """It was reached, and does not want this change."""


class Hook(Protocol):
    """Where changes are told."""

    @property
    def name(self) -> str:
        """What it is called in the store and in logs: no secret of its address."""

    async def tell(self, change: Change) -> None:
        """Tells one change. Raises HookFailed."""


class Submit(Protocol):
    async def __call__(self, work: Callable[[Writer], T]) -> T: ...


class Hooks:
    """Tells all hooks, each at its own pace."""

    def __init__(
        self,
        hooks: Sequence[Hook],
        reader: Callable[[], Reader],
        submit: Submit,
        pause: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._hooks = hooks
        self._reader = reader
        self._submit = submit
        self._pause = pause
        self._after: dict[str, int] = {}

    def have_told(self, number: int) -> bool:
        """Whether all hooks are done with the changes up to there. May be asked from any thread."""
        return len(self._after) == len(self._hooks) and all(after >= number for after in self._after.values())

    async def run(self) -> None:
        """Until cancelled; at once if there are no hooks."""
        marks = await self._begin()
        self._after = {name: mark.after for name, mark in marks.items()}
        await asyncio.gather(*(self._follow(hook, marks[hook.name]) for hook in self._hooks))

    async def _begin(self) -> dict[str, HookMark]:
        names = [hook.name for hook in self._hooks]
        while True:
            try:
                return dict(await self._submit(lambda writer: writer.begin_hooks(names)))
            except StoreError:  # the recorder says why, and opens it as soon as it can
                await self._pause(POLL_S)

    async def _follow(self, hook: Hook, mark: HookMark) -> None:
        while True:
            changes = await asyncio.to_thread(self._read, mark.after)
            for change in changes:
                mark = await self._tell(hook, change, mark)
            if not changes:
                await self._pause(POLL_S)

    def _read(self, after: int) -> list[Change]:
        try:
            reader = self._reader()
            try:
                return reader.changes(AT_ONCE, after)
            finally:
                reader.close()
        except StoreError:  # as above
            return []

    async def _tell(self, hook: Hook, change: Change, mark: HookMark) -> HookMark:
        """Until the hook has it, or does not want it. The mark after it."""
        wait_s = FIRST_WAIT_S
        for refusals in count(1):
            try:
                await hook.tell(change)
            except HookFailed as error:
                mark = replace(mark, failures=mark.failures + 1, error=str(error))
                if mark.failures == 1:
                    log.warning("a session hook failed, and is tried again", hook=hook.name, why=str(error))
                if error.refused and refusals >= MOST_REFUSALS:
                    log.error("a session hook does not take a change", hook=hook.name, change=change.number)
                    return await self._keep(replace(mark, after=change.number, given_up=mark.given_up + 1))
                await self._keep(mark)
                await self._pause(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            else:
                break
        return await self._keep(replace(mark, after=change.number, told=mark.told + 1, failures=0, error=""))

    async def _keep(self, mark: HookMark) -> HookMark:
        """Stores the mark. One that the store refuses is superseded by the next, or told again after a restart."""
        try:
            await self._submit(lambda writer: writer.mark_hook(mark))
        except StoreError as error:
            log.warning("how far a session hook was told cannot be kept now", hook=mark.name, why=str(error))
        self._after[mark.name] = mark.after
        return mark
