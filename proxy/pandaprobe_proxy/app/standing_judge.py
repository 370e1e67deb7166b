"""A judge that is asked again and again, a few sessions at a time, within one budget for as long as it stands."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from pandaprobe_proxy.app.judge_endpoint import Endpoint
from pandaprobe_proxy.app.judging import Judging, Run, Wish, make_means
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.judged import Choice

AT_ONCE = 10
"""Sessions of a look. What asks nobody is not to wait long for it."""


class StandingJudge:
    """Looks at what is due of a choice, whenever it is asked to."""

    def __init__(
        self, settings: Settings, wish: Wish, endpoint: Endpoint, tell: Callable[[Judging], object] = lambda _: None
    ) -> None:
        self._means = make_means(settings, endpoint)
        self._wish = replace(wish, most=AT_ONCE)
        self._tell = tell
        self._runner = asyncio.Runner()
        self._tried: set[tuple[str, str]] = set()
        self.spent = False
        """Its budget is used up: it is asked nothing more."""

    def look(self, reader: Reader, choice: Choice) -> Judging:
        """Judges some of what is due. Raises StoreError."""
        wish = replace(self._wish, choice=choice, tried=frozenset(self._tried))
        done = self._runner.run(Run(self._means, wish, reader, self._tell).go())
        self._tried.update(done.tried)
        self.spent = bool(done.stopped) and not done.refused
        return done

    def forget(self) -> None:
        """What it could not judge is looked at again."""
        self._tried.clear()

    def close(self) -> None:
        self._runner.close()
