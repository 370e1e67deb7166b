"""The recorder: reads the ring, gathers exchanges, commits rows. The only thing that writes to the store.

One `step` reads what is in the ring, up to a bound, and commits it in one transaction together with the offset that
it read up to. What belongs to exchanges that have not ended is staged, sealed, in the same transaction, so a recorder
that is killed at any moment, and started again, goes on as if nothing had happened: each event is stored exactly once.
When the store cannot take a batch, the batch is kept and tried again, and nothing more is read: the ring fills, and
its writer drops and counts. Nothing here ever makes the relay wait.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import structlog

from pandaprobe_proxy.capture import ring as slots
from pandaprobe_proxy.capture.faults import state_of, tell_place
from pandaprobe_proxy.capture.frames import Dropped, Frame, decode
from pandaprobe_proxy.capture.gather import Gathering, Turn
from pandaprobe_proxy.capture.keep import Keeper
from pandaprobe_proxy.capture.lane import Lane, Work
from pandaprobe_proxy.capture.looks import Looks
from pandaprobe_proxy.capture.records import make_record, make_settled, make_slim
from pandaprobe_proxy.capture.ring import Ring, RingReader
from pandaprobe_proxy.capture.seal import NONCE_BYTES, seal, unseal
from pandaprobe_proxy.capture.suspects import RECORDER, Suspects
from pandaprobe_proxy.capture.works import Works
from pandaprobe_proxy.model.exchange import Ended, Event, Outcome, RequestHead
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.batch import Batch, Staged
from pandaprobe_proxy.store.errors import StoreError

log = structlog.get_logger("recorder")
T = TypeVar("T")

READ_BYTES = 16 * 1024
"""Read at once, or one frame. What it costs is not known before, so a turn looks at the clock after each."""
TURN_BYTES = 2 * 1024 * 1024
"""Of one turn. It is staged and committed, at about 10 ms a megabyte."""
TURN_NS = 10_000_000
"""After which a turn reads no more."""
GONE = "the sidecar ended before this call did"


class Recorder:
    """Drives ring → keeper → writer. `monotonic_ns` is the clock of heartbeats; `entropy(n)` gives n random bytes."""

    def __init__(
        self,
        ring: Ring,
        writer: Writer,
        keeper: Keeper,
        monotonic_ns: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ring = ring
        self._run = ring.run
        self._key = ring.key
        self._writer = writer
        self._keeper = keeper
        self._now = monotonic_ns
        self._entropy = entropy
        self._reader: RingReader
        self._open: dict[str, Gathering] = {}
        self._suspects = Suspects(ring)
        beside = keeper.beside()
        self._lane = Lane(partial(make_slim, beside, self._suspects), partial(make_settled, beside, self._suspects))
        self._looks = Looks()
        self._refused = False
        self._turn = Turn()
        self._batch: Batch | None = None
        self._works = Works(writer, monotonic_ns)
        self._recorded = self._dropped = self._held = 0

    def start(self, wall_ns: int) -> None:
        """Takes up the run where it stands. Raises StoreError.

        A store that knows less of this run than the ring does is a new one: what it was is lost, and not read twice.
        """
        state = self._writer.begin(self._run, wall_ns)
        self._recorded = max(state.recorded, self._ring.get(slots.RECORDED))
        self._dropped = max(sum(state.dropped.values()), self._ring.get(slots.READER_DROPPED))
        turn = Turn()
        for staged in state.staged:
            self._ring.set(slots.HEARTBEAT, self._now())  # from here on it can hang, at what the one before hung at
            for frame in decode(unseal(staged.frames, self._key)):
                self._take(frame, turn)
        # Its rows and what is staged of it are there; what had ended and was not yet a row becomes one.
        self._turn = replace(turn, opened={}, staged={})
        self._reader = RingReader(self._ring, max(state.offset, self._ring.get(slots.COMMITTED)))
        self._tell(slots.OK)

    @property
    def done(self) -> bool:
        """The relay has closed the ring, and everything in it is committed."""
        return self._reader.closed and self._batch is None and not self._lane.busy

    @property
    def behind(self) -> bool:
        """There is more to do than fitted into the last step, and the store does not refuse."""
        return not self._refused and (self._reader.behind or self._lane.first() is not None or self._works.waiting)

    def step(self) -> bool:
        """Reads and commits once; False if there was nothing, or the store refused and will be asked again.

        True, too, while something large is in the works.
        """
        self._ring.set(slots.HEARTBEAT, self._now())
        self._works.run(TURN_NS)
        if self._batch is None:
            self._batch = self._read()
        return (self._batch is not None and self._commit(self._batch)) or self._lane.busy

    def _read(self) -> Batch | None:
        turn, self._turn = self._turn, Turn()
        ends_ns = self._now() + TURN_NS
        self._collect(turn)
        before = self._reader.offset
        data = self._reader.read(READ_BYTES)
        while data:
            for frame in decode(data):
                self._take(frame, turn)
            full = self._reader.offset - before >= TURN_BYTES or self._now() >= ends_ns
            data = b"" if full else self._reader.read(READ_BYTES, look=False)
        self._look()
        read = self._reader.offset > before
        return self._batch_of(turn, self._reader.offset if read else None) if read or not turn.empty else None

    def _collect(self, turn: Turn) -> None:
        """What the lane has made. What is large of it is stored ahead, a little each turn, and committed then."""
        while (work := self._lane.first()) and not self._prepare(work.made):
            self._take_work(work, turn)

    def _take_work(self, work: Work, turn: Turn) -> None:
        self._lane.pop()
        if work.ended:
            self._keep(work.exchange, work.made.result, turn)
        else:
            self._take_look(work, turn)

    def _take_look(self, work: Work, turn: Turn) -> None:
        self._looks.done(work.exchange, self._now())
        gathering = self._open.get(work.exchange, Gathering(None))
        if error := work.made.exception():
            log.error("an open connection cannot be read before its end", call=work.exchange, where=tell_place(error))
            gathering.readable = False
        elif record := work.made.result():
            turn.settled.append(record)
            gathering.settled_bytes = record.request.size + record.response.size

    def _look(self) -> None:
        """Has an open connection read, if it is time for one, and there is room for a copy."""
        exchange = "" if self._lane.busy else self._looks.take(self._now())
        gathering = self._open.get(exchange)
        if gathering and self._held + gathering.bytes_held < self._keeper.held_limit_bytes:
            self._lane.put(exchange, gathering.copy(), ended=False)
        elif gathering:
            self._looks.note(exchange, self._now())

    def _prepare(self, made: Future[Any]) -> bool:
        """Whether there is more to store ahead of what was made, or the store refuses now."""
        try:
            record = made.result()
            more = record is not None and self._writer.prepare(record)
            self._refused = False
            return more
        except StoreError as error:
            self._tell(state_of(error), error)
            return True
        except Exception:  # it is told and counted where it is kept
            return False

    def _batch_of(self, turn: Turn, offset: int | None) -> Batch:
        numbers = self._ring.numbers()
        return Batch(
            run=self._run,
            offset=offset,
            opened=tuple(turn.opened.values()),
            staged=tuple(Staged(self._run, of, self._seal(b"".join(frames))) for of, frames in turn.staged.items()),
            settled=tuple(turn.settled),
            records=tuple(turn.records),
            discarded=tuple(turn.discarded),
            dropped=turn.dropped,
            counters={"relayed": numbers.relayed, "open": numbers.open, "dropped": dict(numbers.dropped)},
        )

    def _seal(self, frames: bytes) -> bytes:
        return seal(frames, self._key, self._entropy(NONCE_BYTES))

    def _take(self, frame: Frame, turn: Turn) -> None:
        event, exchange = frame.event, frame.exchange
        if type(event) is RequestHead:
            self._begin(event, turn)
        gathering = self._open.get(exchange)
        if gathering is None:
            if type(event) is Ended:
                turn.count("beginning_lost")
            return
        if type(event) is Dropped:
            self._let_go(exchange)
            turn.discard(exchange)
        elif type(event) is Ended:
            self._take_end(frame, event, gathering, turn)
        elif not gathering.lost:
            self._hold(gathering, event)
            turn.staged.setdefault(exchange, []).extend(gathering.stageable(frame))
        elif type(event) is RequestHead:
            turn.staged[exchange] = [frame.data]  # so that its end is still counted after a restart

    def _hold(self, gathering: Gathering, event: Event) -> None:
        before = gathering.bytes_held
        if self._held + self._lane.bytes_held >= self._keeper.held_limit_bytes:
            gathering.fill()
        gathering.add(event, self._keeper.body_limit_bytes)
        self._held += gathering.bytes_held - before
        if gathering.readable:
            self._looks.note(event.exchange, self._now())

    def _let_go(self, exchange: str) -> None:
        self._held -= self._open.pop(exchange).bytes_held
        self._looks.forget(exchange)

    def _take_end(self, frame: Frame, ended: Ended, gathering: Gathering, turn: Turn) -> None:
        if frame.exchange in self._suspects.given_up:
            log.error("a call at which recorders ended again and again is counted as dropped", call=frame.exchange)
            gathering.lost = "recorder_error"
        if not gathering.lost:
            gathering.came.add(ended)
        if gathering.lost or not self._lane.takes(gathering):
            self._end(frame.exchange, gathering, turn)
            return
        self._let_go(frame.exchange)
        turn.staged.setdefault(frame.exchange, []).append(frame.data)
        self._lane.put(frame.exchange, gathering)

    def _begin(self, head: RequestHead, turn: Turn) -> None:
        if head.exchange in self._suspects.given_up:
            self._open[head.exchange] = Gathering(None, lost="recorder_error")
            return
        try:
            with self._suspects.at(RECORDER, head.exchange):
                begun = self._keeper.begin(head)
        except Exception as error:  # one call that cannot be read must not stop the others
            log.error("a call could not be read and is counted as dropped", call=head.exchange, where=tell_place(error))
            self._open[head.exchange] = Gathering(None, lost="recorder_error")
            return
        lost = "capture_off" if begun.capture == "off" else ""
        self._open[head.exchange] = Gathering(begun, lost)
        if not lost:
            turn.opened[head.exchange] = begun.opened

    def _end(self, exchange: str, gathering: Gathering, turn: Turn) -> None:
        self._let_go(exchange)
        turn.staged.pop(exchange, None)
        if gathering.lost:
            turn.discard(exchange)
            turn.count(gathering.lost)
        else:
            self._keep(exchange, partial(make_record, self._keeper, gathering), turn)

    def _keep(self, exchange: str, make: Callable[[], Record], turn: Turn) -> None:
        try:
            with self._suspects.at(RECORDER, exchange):
                turn.records.append(make())
        except Exception as error:
            log.error("a call could not be stored and is counted as dropped", call=exchange, where=tell_place(error))
            turn.discard(exchange)
            turn.count("recorder_error")

    def _commit(self, batch: Batch) -> bool:
        try:
            batch = self._store(batch)
        except StoreError as error:
            self._tell(state_of(error), error)
            return False
        self._batch = None
        self._recorded += len(batch.records)
        self._dropped += sum(batch.dropped.values())
        self._reader.commit()
        self._tell(slots.OK)
        return True

    def _store(self, batch: Batch) -> Batch:
        """Commits the batch, or, if something in it can never be stored, the batch without it. What was committed."""
        *tried, last = batch.lessen()
        for smaller in tried:
            try:
                self._writer.commit(smaller)
                return smaller
            except StoreError:
                raise
            except Exception as error:
                log.error("a batch has a call that cannot be stored, and is tried without", where=tell_place(error))
        self._writer.commit(last)
        return last

    def _tell(self, state: int, error: StoreError | None = None) -> None:
        """Publishes the numbers and the state; a change of state is logged once."""
        self._refused = error is not None
        before = self._ring.get(slots.STATE)
        self._ring.set(slots.STATE, state)
        self._ring.set(slots.RECORDED, self._recorded)
        self._ring.set(slots.READER_DROPPED, self._dropped)
        if before == state:
            return
        if error is not None:
            log.error("the store cannot take calls now; relaying goes on", why=str(error))
        elif before not in (slots.STARTING, slots.STOPPED):
            log.warning("the store takes calls again")

    def submit(self, work: Callable[[Writer], T]) -> Future[T]:
        """Runs `work` with the writer between two commits; may be called from any thread."""
        return self._works.put(work)

    def interrupt(self) -> bool:
        """The relay is gone: what is open will never end, and becomes `interrupted`. False to be asked again."""
        if self._batch is not None:
            self._commit(self._batch)
            return False
        turn, self._turn = self._turn, Turn()
        while work := self._lane.first(wait=True):
            self._take_work(work, turn)
        for exchange, gathering in list(self._open.items()):
            if not gathering.lost:
                gathering.came.add(Ended(exchange, gathering.came.last_ns, Outcome.INTERRUPTED, GONE))
            self._end(exchange, gathering, turn)
        self._batch = self._batch_of(turn, None)
        return self._commit(self._batch)

    def stop(self) -> None:
        """Leaves the last numbers in the store, and says in the ring that nobody reads it now."""
        self._commit(self._batch_of(Turn(), None))
        self._ring.set(slots.STATE, slots.STOPPED)
        self._lane.close()
