"""Stores what is large of a record ahead of its commit, a little at a time, so that the commit is short.

What is stored ahead belongs to no call until the commit: pieces without uses, messages of no session. No reader finds
them. If the commit never comes they are dropped: at once where the recorder gives the call up, else when the next run
begins. Whatever of it is not there any more at the commit is stored then.
"""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.record import Record, Said
from pandaprobe_proxy.store.sqlite.messages import Messages
from pandaprobe_proxy.store.sqlite.pieces import Named, Pieces, name_pieces

AT_ONCE_S = 0.02
SMALL_BYTES = 256 * 1024
"""What is smaller is committed as it is."""
ROW_BYTES = 512
"""What a row costs, as bytes of a body."""
NEWEST = 50_000


@dataclass(slots=True)
class Part:
    """What is done of one record."""

    work: Iterator[None]
    named: list[list[Named]] = field(default_factory=list)
    """The pieces of the request and of the response, so far as they are stored."""
    said: tuple[Said, ...] = ()
    done: bool = False


class Ahead:
    """Inside a transaction of its own for each step."""

    def __init__(self, pieces: Pieces, messages: Messages) -> None:
        self._pieces = pieces
        self._messages = messages
        self._parts: dict[tuple[str, bool], Part] = {}
        """By what is settled of an open connection apart from what is stored when it ends."""

    def step(self, record: Record) -> bool:
        """Some of it; False when that was all."""
        part = self._parts.get(_name(record)) or self._begin(record)
        ends = time.monotonic() + AT_ONCE_S
        return any(time.monotonic() > ends for _ in part.work)

    def _begin(self, record: Record) -> Part:
        part = Part(iter(()), [[], []], record.said)
        part.work = self._work(record, part)
        self._parts[_name(record)] = part
        return part

    def _work(self, record: Record, part: Part) -> Iterator[None]:
        for body, named in zip((record.request, record.response), part.named, strict=True):
            for piece, name in name_pieces(body.pieces):
                named.append((piece, name))
                if name:
                    self._pieces.add(name, piece)
                yield
        for said in record.said:
            self._messages.add(said)
            yield
        part.done = True

    def take(self, record: Record) -> tuple[list[Named], list[Named]]:
        """The pieces of both bodies, for the commit, which ends what was begun here."""
        part = self._parts.pop(_name(record), None)
        if record.outcome is not Outcome.OPEN:
            self.drop(record.opened.id)  # what was settled of it, if that was never committed
        if part is None or not part.done:
            return list(name_pieces(record.request.pieces)), list(name_pieces(record.response.pieces))
        return part.named[0], part.named[1]

    def drop(self, call_id: str) -> None:
        """The call will never be committed."""
        for opened in (True, False):
            part = self._parts.pop((call_id, opened), None)
            if part is not None:
                self._drop(part)

    def _drop(self, part: Part) -> None:
        for _, name in (*part.named[0], *part.named[1]):
            self._pieces.drop_unused(name)
        for said in part.said:
            self._messages.drop_unused(said)


def _name(record: Record) -> tuple[str, bool]:
    return record.opened.id, record.outcome is Outcome.OPEN


def is_small(record: Record) -> bool:
    """Whether a commit can take it as it is."""
    pieces = (*record.request.pieces, *record.response.pieces)
    size = sum(map(len, pieces)) + sum(len(said.text) for said in record.said)
    return size + ROW_BYTES * (len(pieces) + len(record.said)) < SMALL_BYTES


def drop_unused(db: sqlite3.Connection) -> None:
    """What a run that ended amid its work has left. It is among the newest, and an old store is not read whole."""
    db.execute("DELETE FROM pieces WHERE uses <= 0 AND key > (SELECT max(key) FROM pieces) - ?", (NEWEST,))
    db.execute(
        "DELETE FROM messages WHERE key > (SELECT max(key) FROM messages) - ?"
        " AND NOT EXISTS (SELECT 1 FROM session_messages WHERE message = messages.key)",
        (NEWEST,),
    )
