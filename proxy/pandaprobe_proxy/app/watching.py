"""Judges sessions as they become idle or closed, for as long as it is let.

What is due is asked of the store, so nothing is remembered: a watch that was killed goes on when it is started again.
The changes that are told of sessions say where to look; every few minutes it looks at all, for what changes without
being told (scores that were posted, calls that were read anew). A judge, where one is named, is asked about a few of
them at each look, so that what asks nobody goes on meanwhile. A session that is opened again is left alone, with
stale judgements, until it is idle or closed again. Evaluators that hold a session against its peers judge it against
those that are known then, and do not judge the others anew, as `eval run` does.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from pandaprobe_proxy.app.evaluating import Asked, Flaw, Known, Progress, Run, name_wanted
from pandaprobe_proxy.app.judging import Judging
from pandaprobe_proxy.app.standing_judge import StandingJudge
from pandaprobe_proxy.app.stores import open_reader
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.model.lifecycle import ChangeKind, State
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Reader

OVER = (State.IDLE, State.CLOSED)
AT_ONCE = 1000
"""Changes that are read together."""
ALL_EVERY_S = 300.0
PEERS_EVERY_S = 30.0
MOST_PEERS = 5000
"""Sessions that others are held against: the last ones."""
_ASKS = frozenset({ChangeKind.IDLE, ChangeKind.CLOSED, ChangeKind.CORRECTED})


@dataclass(frozen=True, slots=True)
class Told:
    """What a watch tells of: sessions that it judged, or that are open again, and evaluators that failed."""

    judged: int = 0
    kept: int = 0
    reopened: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    judging: Judging | None = None
    """What a judge has said, and what it has cost since the watch began."""


class Watch:
    """Looks again whenever it is asked to. `clock` gives seconds that only run forward.

    Where the store cannot do something, `look` raises StoreError; what was to be done then is done the next time.
    """

    def __init__(
        self,
        settings: Settings,
        asked: Asked,
        tell: Callable[[Told], object],
        clock: Callable[[], float],
        judge: StandingJudge | None = None,
    ) -> None:
        self._judge = judge
        self._settings = settings
        self._asked = replace(asked, choice=replace(asked.choice, states=OVER))
        self._tell = tell
        self._clock = clock
        self._after: int | None = None
        self._left: set[str] = set()
        """Sessions that have changed and are still to be judged."""
        self._all_at = self._peers_at = float("-inf")
        self._to_ask: set[str] | None = set()
        """Sessions that a judge is still to be asked about; None is all."""
        self._known = Known()
        self._peers = Peers()

    @property
    def behind(self) -> bool:
        """There is more to do than fitted into the last look."""
        return self._asks or bool(self._left)

    @property
    def _asks(self) -> bool:
        """There are sessions that a judge is still to be asked about."""
        return self._to_ask is None or bool(self._to_ask)

    def look(self) -> None:
        """Judges what is due now; of what a judge is to look at, some."""
        with closing(open_reader(self._settings)) as reader:
            self._listen(reader)
            self._evaluate(reader)
            if self._judge is not None and self._asks:
                self._ask(self._judge, reader)

    def _listen(self, reader: Reader) -> None:
        """Whom the changes since the last time are about. The first time all are looked at anyway."""
        first = self._after is None
        changes = reader.changes(1 if first else AT_ONCE, self._after)
        self._after = changes[-1].number if changes else self._after or 0
        self._left |= {change.session_id for change in changes if change.change in _ASKS}
        reopened = () if first else [one.session_id for one in changes if one.change is ChangeKind.REOPENED]
        if reopened:
            self._tell(Told(reopened=tuple(dict.fromkeys(reopened))))

    def _evaluate(self, reader: Reader) -> None:
        everything = self._clock() - self._all_at >= ALL_EVERY_S
        if not everything and not self._left:
            return
        choice = self._asked.choice
        if not everything:
            choice = replace(choice, session_ids=tuple(sorted(self._left)))
        wanted = [
            replace(name_wanted(one, self._asked, ()), any_setting=one.by_peers) for one in self._asked.evaluators
        ]
        due = reader.due(choice, wanted)
        if due:
            run = Run(self._settings, reader, self._asked, wanted)
            self._report(run.judge(due, self._find_peers(reader), lambda progress: None))
        if self._judge is not None and not self._judge.spent:
            self._to_ask = None if everything or self._to_ask is None else self._to_ask | self._left
            if everything:
                self._judge.forget()
        self._left.clear()
        self._all_at = self._clock() if everything else self._all_at

    def _ask(self, judge: StandingJudge, reader: Reader) -> None:
        choice = self._asked.choice
        if self._to_ask is not None:
            choice = replace(choice, session_ids=tuple(sorted(self._to_ask)))
        done = judge.look(reader, choice)
        if not done.left or done.stopped:
            self._to_ask = set()
        if done.kept and self._asked.signals:
            self._left |= {session_id for session_id, _ in done.tried}  # what is made of its scores can be judged now
        if done.kept or done.errors or done.stopped:
            self._tell(Told(judging=done))

    def _find_peers(self, reader: Reader) -> Peers:
        """Those that are known, read anew if that was some time ago."""
        by_peers = any(one.by_peers for one in self._asked.evaluators)
        if by_peers and self._clock() - self._peers_at >= PEERS_EVERY_S:
            last = tuple(row.session_id for row in reader.sessions(MOST_PEERS))
            some = replace(self._asked.choice, states=(), session_id=None, session_ids=last)
            self._peers = Peers(self._known.read(reader, reader.contents(some)))
            self._peers_at = self._clock()
        return self._peers

    def _report(self, progress: Progress) -> None:
        self._tell(Told(progress.judged, progress.kept, flaws=progress.flaws))


def watch(
    settings: Settings, asked: Asked, tell: Callable[[Told], object], judge: StandingJudge | None = None
) -> Watch:
    """A watch by the clock of this machine."""
    return Watch(settings, asked, tell, time.monotonic, judge)
