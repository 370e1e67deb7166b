"""The bounded ring in shared memory between relay and recorder: one writer, one reader, neither ever waits.

How it works, and what an editor must keep:
- A memfd, mapped by both sides: a page of 64-bit counters, then `capacity` bytes of frames. It outlives the recorder.
- Offsets only grow; a byte's place is its offset modulo the capacity. The writer owns every counter below
  `READER_SLOTS`, the reader those from there on; each counter is one aligned 8-byte store.
- The tap only remembers the event. Once per turn of the event loop `flush` writes all that came with one copy and
  then publishes the head. Nothing here blocks, allocates by the size of the ring, or makes a system call.
- An exchange whose next frame does not fit is dropped whole: nothing more of it is written, it is counted under one
  reason, and, if its beginning is in the ring already, a `Dropped` frame says so. A reserve is kept for those.
- The reader reads up to the head that it saw on its previous look, so that on machines with weak memory order the
  frames below that head have long been visible. Its tail moves only after what it read has been committed.
- The tail moves in whole blocks, whose memory is given back to the machine before it moves: until then the writer
  cannot have written there again. Up to where exactly it was read and committed, `COMMITTED` says.
- relayed = open + ended + dropped holds at the end of every flush; `ended` are those whose Ended lies in the ring.
"""

import mmap
import os
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pandaprobe_proxy.capture.frames import Dropped, encode_apart, whole
from pandaprobe_proxy.model.exchange import Ended, Event, RequestBody, RequestHead, ResponseBody, ResponseHead

PAGE = 4096
RESERVE = 64 * 1024
BLOCK = 256 * 1024
"""What is given back to the machine, and to the writer, at once, after it was read; of a ring of fewer blocks than
FEWEST_BLOCKS each byte is, and its memory stays."""
FEWEST_BLOCKS = 16
JOINED_BYTES = 64 * 1024
"""From here on parts are written one by one: to join them first would copy them once more."""
MAGIC = 0x50414E4441_0001

(MAGIC_AT, CAPACITY, HEAD_AT, RELAYED, OPEN, ENDED, CLOSED, WRITER_PID, DROPPED_AT) = range(9)
READER_SLOTS = 64
(TAIL, READER_PID, STATE, HEARTBEAT, RECORDED, READER_DROPPED, COMMITTED) = range(READER_SLOTS, READER_SLOTS + 7)
RUN_AT = 1024  # byte offset of the run id, 36 bytes of text
KEY_AT = 2048  # byte offset of the run's sealing key
KEY_BYTES = 32

STATES = ("starting", "ok", "disk_full", "store_busy", "store_error", "stopped")
STARTING, OK, DISK_FULL, STORE_BUSY, STORE_ERROR, STOPPED = range(len(STATES))
PIPE_FULL = "pipe_full"
REASONS = ("ring_full", "recorder_down", "recorder_stalled", "disk_full", "store_busy", "store_error", PIPE_FULL)
_REASON_OF_STATE = {
    STARTING: "recorder_down",
    OK: "ring_full",
    DISK_FULL: "disk_full",
    STORE_BUSY: "store_busy",
    STORE_ERROR: "store_error",
    STOPPED: "recorder_down",
}
STALLED_NS = 3_000_000_000


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the ring's counters say at one moment."""

    relayed: int
    open: int
    ended: int
    dropped: Mapping[str, int]
    """By the relay side, by reason."""
    recorded: int
    reader_dropped: int
    used: int
    capacity: int
    state: str
    heartbeat_ns: int
    """Monotonic, of the recorder; 0 if it never ran."""
    reader_pid: int


class Ring:
    """The shared memory itself: counters and bytes, for either side."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, os.fstat(fd).st_size)
        self.slots = memoryview(self._map)[:PAGE].cast("Q")
        if self.slots[MAGIC_AT] != MAGIC:
            raise ValueError("this is not a ring")
        self.capacity = self.slots[CAPACITY]

    @classmethod
    def create(cls, capacity: int, run: str) -> "Ring":
        """A new empty ring of `capacity` bytes for the run of that id (36 characters)."""
        fd = os.memfd_create("pandaprobe-ring", os.MFD_CLOEXEC)
        os.ftruncate(fd, PAGE + capacity)
        with mmap.mmap(fd, PAGE) as page:
            slots = memoryview(page).cast("Q")
            slots[MAGIC_AT], slots[CAPACITY], slots[WRITER_PID] = MAGIC, capacity, os.getpid()
            slots.release()
            page[RUN_AT : RUN_AT + 36] = run.encode()
            page[KEY_AT : KEY_AT + KEY_BYTES] = os.urandom(KEY_BYTES)
        return cls(fd)

    @property
    def run(self) -> str:
        return self._map[RUN_AT : RUN_AT + 36].decode()

    @property
    def key(self) -> bytes:
        """The key under which this run's unfinished exchanges are sealed on disk; it is nowhere but here."""
        return self._map[KEY_AT : KEY_AT + KEY_BYTES]

    def get(self, slot: int) -> int:
        return self.slots[slot]

    def set(self, slot: int, value: int) -> None:
        self.slots[slot] = value

    def read_page(self, at: int, length: int) -> bytes:
        """Bytes of the page of counters, beyond the counters."""
        return self._map[at : at + length]

    def write_page(self, at: int, data: bytes) -> None:
        self._map[at : at + len(data)] = data

    def write(self, offset: int, data: bytes) -> None:
        """Puts `data` at an offset, around the end if need be."""
        start = offset % self.capacity
        over = start + len(data) - self.capacity
        if over <= 0:
            self._map[PAGE + start : PAGE + start + len(data)] = data
        else:
            self._map[PAGE + start :] = data[:-over]
            self._map[PAGE : PAGE + over] = data[-over:]

    def write_all(self, offset: int, parts: list[bytes]) -> int:
        """Puts these parts one behind the other at an offset; where they end. Small ones are joined before."""
        parts = [b"".join(parts)] if sum(map(len, parts)) < JOINED_BYTES else parts
        for part in parts:
            self.write(offset, part)
            offset += len(part)
        return offset

    def read(self, offset: int, length: int) -> bytes:
        start = offset % self.capacity
        first = min(length, self.capacity - start)
        return self._map[PAGE + start : PAGE + start + first] + self._map[PAGE : PAGE + length - first]

    def give_back(self, start: int, end: int) -> int:
        """Frees what lies between two offsets, as far as it is whole blocks; up to where."""
        if self.capacity % BLOCK or self.capacity < FEWEST_BLOCKS * BLOCK:
            return end
        first, last = -(-start // BLOCK) * BLOCK, end // BLOCK * BLOCK
        with suppress(OSError):  # not on every kernel; it costs memory then, and nothing else
            for offset in range(first, last, BLOCK):
                self._map.madvise(mmap.MADV_REMOVE, PAGE + offset % self.capacity, BLOCK)
        return max(start, last)

    def numbers(self) -> Numbers:
        slots = self.slots
        return Numbers(
            relayed=slots[RELAYED],
            open=slots[OPEN],
            ended=slots[ENDED],
            dropped={reason: slots[DROPPED_AT + i] for i, reason in enumerate(REASONS) if slots[DROPPED_AT + i]},
            recorded=slots[RECORDED],
            reader_dropped=slots[READER_DROPPED],
            used=slots[HEAD_AT] - slots[COMMITTED],
            capacity=self.capacity,
            state=STATES[slots[STATE]],
            heartbeat_ns=slots[HEARTBEAT],
            reader_pid=slots[READER_PID],
        )

    def close(self) -> None:
        self.slots.release()
        self._map.close()
        os.close(self.fd)


class RingWriter:
    """The relay's side. `tap` is a Tap; `soon` runs a function once, later in this turn of the event loop."""

    def __init__(self, ring: Ring, soon: Callable[[Callable[[], None]], object]) -> None:
        self._ring = ring
        self._soon = soon
        self._pending: list[Event | Dropped] = []
        self._head = ring.get(HEAD_AT)
        self._relayed = self._open = self._ended = 0
        self._room = 0
        self._parts: list[bytes] = []  # of frames that this flush will write
        self._lost: dict[str, str] = {}  # exchanges given up that still run, and why
        self._begun: set[str] = set()  # exchanges whose head lies in the ring
        self._owed: deque[Dropped] = deque()  # words of loss that wait for room

    def tap(self, event: Event | Dropped) -> None:
        """Remembers an event; a `Dropped` is the word of another process that it gave an exchange up."""
        if not self._pending:
            self._soon(self.flush)
        self._pending.append(event)

    def flush(self) -> None:
        """Writes what has come since the last flush and publishes it."""
        events, self._pending = self._pending, []
        ring = self._ring
        self._room = ring.capacity - (self._head - ring.slots[TAIL])
        if self._owed:
            self._pay_owed()
        for event in events:
            if type(event) is ResponseBody or type(event) is RequestBody:
                if event.exchange not in self._lost and not self._put(encode_apart(event), RESERVE):
                    self._lose(event)
            elif type(event) is Dropped:
                self._give_up(event)
            else:
                self._admit(event)
        if self._parts:
            self._head = ring.write_all(self._head, self._parts)
            self._parts = []
        self._publish()

    def _put(self, frame: tuple[bytes, bytes], least: int) -> bool:
        """Takes in a frame; False if there is no room for it that leaves as much as `least`."""
        room = self._room - len(frame[0]) - len(frame[1])
        if room < least:
            return False
        self._room = room
        self._parts += frame
        return True

    def _pay_owed(self) -> None:
        while self._owed and self._put(encode_apart(self._owed[0]), 0):
            self._owed.popleft()

    def _admit(self, event: RequestHead | ResponseHead | Ended) -> None:
        """Takes in an event, unless its exchange is lost, or is lost now."""
        exchange = event.exchange
        begins = type(event) is RequestHead
        if begins:
            self._relayed += 1
            self._open += 1
        if exchange not in self._lost:
            if not self._put(encode_apart(event), RESERVE):
                self._lose(event)
            elif begins:
                self._begun.add(exchange)
        if type(event) is Ended:
            self._count_end(exchange)

    def _lose(self, event: Event) -> None:
        """Gives up the exchange of an event for which there is no room."""
        self._lost[event.exchange] = self._reason(event.at_ns)
        self._tell_loss(event)

    def _give_up(self, word: Dropped) -> None:
        """Tells of an exchange that was given up before it came here, if it was not given up here."""
        if word.exchange in self._lost:
            return
        if word.exchange in self._begun:
            self._lost[word.exchange] = word.reason
            self._tell_loss(word)
            return
        self._relayed += 1  # only this one word is told of it
        self._count_drop(word.reason)

    def _tell_loss(self, event: Event | Dropped) -> None:
        if event.exchange not in self._begun:
            return
        word = Dropped(event.exchange, event.at_ns, self._lost[event.exchange])
        if not self._put(encode_apart(word), 0):
            self._owed.append(word)

    def _count_end(self, exchange: str) -> None:
        self._open -= 1
        self._begun.discard(exchange)
        reason = self._lost.pop(exchange, None)
        if reason is None:
            self._ended += 1
        else:
            self._count_drop(reason)

    def _count_drop(self, reason: str) -> None:
        self._ring.slots[DROPPED_AT + REASONS.index(reason)] += 1

    def _reason(self, now_ns: int) -> str:
        heartbeat = self._ring.get(HEARTBEAT)
        state = self._ring.get(STATE)
        if heartbeat and state != STOPPED and now_ns - heartbeat > STALLED_NS:
            return "recorder_stalled"
        return _REASON_OF_STATE[state]

    def _publish(self) -> None:
        slots = self._ring.slots
        slots[HEAD_AT] = self._head
        slots[RELAYED], slots[OPEN], slots[ENDED] = self._relayed, self._open, self._ended

    def close(self) -> None:
        """Says that nothing more will come."""
        self.flush()
        self._ring.set(CLOSED, 1)


class RingReader:
    """The recorder's side. Reads ahead of the tail; `commit` gives the room back."""

    def __init__(self, ring: Ring, offset: int) -> None:
        self._ring = ring
        self._offset = offset
        self._seen = self._upto = ring.get(HEAD_AT)
        self.commit()

    @property
    def offset(self) -> int:
        """Where the next read starts."""
        return self._offset

    @property
    def closed(self) -> bool:
        """Nothing is left and nothing more will come."""
        return bool(self._ring.get(CLOSED)) and self._offset == self._ring.get(HEAD_AT)

    @property
    def behind(self) -> bool:
        """What the last look could have read is not all read."""
        return self._offset < self._upto

    def read(self, limit_bytes: int, look: bool = True) -> bytes:
        """Whole frames from the offset on, at least one if there is one, about `limit_bytes` of them.

        Without a `look`, it goes on with what the last one had shown.
        """
        if look:
            self._upto, self._seen = self._seen, self._ring.get(HEAD_AT)
        available = self._upto - self._offset
        if available <= 0:
            return b""
        data = self._ring.read(self._offset, min(available, max(limit_bytes, 4)))
        complete = whole(data)
        if not complete:
            data = self._ring.read(self._offset, int.from_bytes(data[:4], "little"))
            complete = len(data)
        self._offset += complete
        return data[:complete]

    def commit(self) -> None:
        """Everything read so far is safe elsewhere."""
        self._ring.set(TAIL, self._ring.give_back(self._ring.get(TAIL), self._offset))
        self._ring.set(COMMITTED, self._offset)
