"""Brings answers and judgements to whoever holds the one writer, a few at a time, while a run goes on.

Nothing is made of an answer before it is kept. The store is held for the moment of each writing only, so that a sidecar
can start meanwhile; one that is just starting is waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pandaprobe_proxy.app.stores import open_only_writer
from pandaprobe_proxy.app.web_port import find_address, request
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.judged import Judged, Judgements

MOST_TRIES = 5
PAUSE_S = 1.0


@dataclass(slots=True)
class Shelf:
    """Where a run puts what it has."""

    settings: Settings
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    _answers: list[Answer] = field(default_factory=list)
    _judged: list[Judged] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def keep(self, answers: Sequence[Answer] = (), judged: Sequence[Judged] = ()) -> None:
        """Returns when they are kept; what others bring meanwhile goes along. Raises StoreError."""
        self._answers += answers
        self._judged += judged
        async with self._lock:
            if not self._answers and not self._judged:
                return
            some = Judgements(self._judged, self._answers)
            self._answers, self._judged = [], []
            await self._write(some)

    async def _write(self, some: Judgements) -> None:
        for attempt in range(MOST_TRIES):
            try:
                await asyncio.to_thread(put, self.settings, some)
            except StoreError:
                if attempt == MOST_TRIES - 1:
                    raise
                await self.sleep(PAUSE_S)
            else:
                return


def put(settings: Settings, some: Judgements) -> int:
    """Has them kept; how many judgements were new. Raises StoreError."""
    address = find_address(settings)
    if address:
        answer = request(address, "POST", "/judgements", msgspec.to_builtins(some))
        if answer is None or "answers" not in answer:
            raise StoreError("the sidecar that runs is of an older version; stop it, or start it again.")
        return int(answer["kept"])
    with closing(open_only_writer(settings)) as writer:
        writer.put_answers(some.answers)
        return writer.put_judged(some.judged)
