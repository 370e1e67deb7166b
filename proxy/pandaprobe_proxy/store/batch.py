"""What a recorder hands to a store at once, and what the store tells a recorder that starts again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pandaprobe_proxy.model.record import Opened, Record

Json = Any


@dataclass(frozen=True, slots=True)
class Staged:
    """What has been read of an exchange that has not ended: bytes that only the running recorder can unseal."""

    run: str
    exchange: str
    frames: bytes


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands: one run is one life of a ring."""

    offset: int
    recorded: int
    dropped: Mapping[str, int]
    """Exchanges that the recorder itself gave up, by reason."""
    staged: tuple[Staged, ...]
    """Of this run, in the order in which they were committed, one item per commit and exchange."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is committed at once."""

    run: str
    offset: int | None
    """The ring offset after everything in this batch; None keeps what is there."""
    opened: tuple[Opened, ...] = ()
    staged: tuple[Staged, ...] = ()
    """Frames to append to what is staged already. Dropped when the exchange's Record or its discarding arrives."""
    settled: tuple[Record, ...] = ()
    """What is settled of connections that are open; their Records come when they end. Nothing of one that has ended."""
    records: tuple[Record, ...] = ()
    """May be of exchanges opened in this batch, or earlier."""
    discarded: tuple[str, ...] = ()
    """Exchanges that will never be whole; their rows go."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many exchanges the recorder gave up in this batch, by reason."""
    counters: Mapping[str, Json] = field(default_factory=dict)
    """The relay's numbers as last seen, kept for `status` when nothing runs."""

    def lessen(self) -> Iterator["Batch"]:
        """The batch, and what to commit in its stead if something in it can never be stored, the fullest first."""
        if self.settled:
            yield self
        certain = replace(self, settled=())
        yield certain
        for record in self.records:
            yield certain.without([record])
        if self.records:
            yield certain.without(self.records)

    def without(self, records: Sequence[Record]) -> "Batch":
        """The batch with these records given up, and counted as `recorder_error`."""
        ids = tuple(record.opened.id for record in records)
        lost = {"recorder_error": self.dropped.get("recorder_error", 0) + len(ids)} if ids else {}
        return replace(
            self,
            records=tuple(record for record in self.records if record.opened.id not in ids),
            discarded=(*self.discarded, *ids),
            dropped={**self.dropped, **lost},
        )
