"""What the viewer asks, as questions of the Reader."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.filters import Term
from pandaprobe_proxy.store.sqlite import courses, listing, news, sums
from pandaprobe_proxy.store.sqlite.codec import Codec
from pandaprobe_proxy.store.sqlite.history import Telling
from pandaprobe_proxy.store.sqlite.rows import to_call
from pandaprobe_proxy.store.views import Beside, Cursor, Judging, News, Page, Piece, Sampled, SessionLine, Waterfall


class SqliteViews(ABC):
    """See store.views.ViewReader. A part of the Reader."""

    _codec: Codec

    @abstractmethod
    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection, in one consistent state."""

    def list_sessions(
        self, terms: Sequence[Term], sort: str, limit: int, after: Cursor | None = None
    ) -> Page[SessionLine]:
        with self._reading() as db:
            return listing.list_sessions(db, terms, sort, limit, after)

    def list_calls(
        self, terms: Sequence[Term], session_id: str | None, limit: int, after: Cursor | None = None
    ) -> Page[CallRow]:
        with self._reading() as db:
            page = listing.list_calls(db, terms, session_id, limit, after)
        return Page([to_call(row, self._codec) for row in page.items], page.next)

    def waterfall(self, session_id: str) -> Waterfall | None:
        with self._reading() as db:
            return courses.read_waterfall(db, self._codec, session_id)

    def tell_from(self, session_id: str, call_id: str | None, limit: int) -> Piece:
        with self._reading() as db:
            return courses.tell_from(db, Telling(db, self._codec), session_id, call_id, limit)

    def beside_session(self, session_id: str, terms: Sequence[Term], sort: str) -> Beside:
        with self._reading() as db:
            return listing.beside_session(db, session_id, terms, sort)

    def beside_call(self, call_id: str) -> Beside:
        with self._reading() as db:
            return listing.beside_call(db, call_id)

    def sample(self, since_ns: int, until_ns: int, terms: Sequence[Term]) -> Sampled:
        with self._reading() as db:
            return sums.sample(db, self._codec, since_ns, until_ns, terms)

    def judgings(self) -> list[Judging]:
        with self._reading() as db:
            return sums.sum_judgings(db)

    def sources(self) -> Mapping[str, int]:
        with self._reading() as db:
            return sums.count_sources(db)

    def news(self, since: tuple[int, int] | None, running: Sequence[str], limit: int) -> News:
        with self._reading() as db:
            return news.read_news(db, self._codec, since, running, limit)
