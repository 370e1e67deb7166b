"""A store that is written, killed and opened again, in any order: what was committed is there, and nothing else.

The machine keeps its own books beside the store. A kill is a copy of the files as they lie, opened elsewhere: what a
process leaves that had no time for anything. A torn log is such a copy whose log ends anywhere, in garbage or not.
"""

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pandaprobe_proxy.store.batch import Batch, Staged
from pandaprobe_proxy.store.errors import StoreError
from places import RUN, Place
from records import START_NS, make_record

SESSIONS = st.sampled_from(["a", "b", None])
TEXTS = st.text(max_size=40)


@dataclass(frozen=True)
class Books:
    """What the store must hold."""

    offset: int = 0
    open: dict = field(default_factory=dict)
    """Records of calls that have begun, by id."""
    done: dict = field(default_factory=dict)
    """The bodies of calls that have ended, by id."""
    staged: dict = field(default_factory=dict)
    """Frames by id."""
    ended: int = 0
    dropped: int = 0


def read_books(reader, state):
    """What the store holds, in the same words, with the ids of open calls only."""
    rows = reader.calls(1000)
    done = [row.call_id for row in rows if row.outcome != "open"]
    stored = {call_id: reader.call(call_id) for call_id in done}
    frames = {}
    for staged in state.staged:
        frames[staged.exchange] = frames.get(staged.exchange, b"") + staged.frames
    return (
        state.offset,
        {row.call_id for row in rows if row.outcome == "open"},
        {call_id: (call.request.data, call.response.data) for call_id, call in stored.items()},
        frames,
        state.recorded,
        sum(state.dropped.values()),
    )


def told(books):
    return books.offset, set(books.open), books.done, books.staged, books.ended, books.dropped


def bodies_of(record):
    return tuple(b"".join(body.pieces) for body in (record.request, record.response))


class Crashing(RuleBasedStateMachine):
    """Commits, kills, torn logs."""

    @initialize()
    def begin(self):
        self.home = Path(tempfile.mkdtemp())
        self.lives = 0
        self.place = Place(self.new_path())
        self.books = Books()
        self.since = [self.books]
        """What the store may hold if its log is torn: one for each commit since it was last wholly in the file."""
        self.torn_may_be = False
        """Whether the last thing was a commit: else the log may be on the disk already, which no crash undoes."""

    def new_path(self):
        self.lives += 1
        path = self.home / f"life-{self.lives}" / "calls.db"
        path.parent.mkdir()
        return path

    def commit(self, **changes):
        """Keeps the books of a commit that was made."""
        self.books = replace(self.books, offset=self.place.offset, **changes)
        self.since.append(self.books)
        self.torn_may_be = True

    @rule(session=SESSIONS, text=TEXTS, answer=TEXTS)
    def open_call(self, session, text, answer):
        record = make_record([{"role": "user", "content": text}], answer, session=session)
        self.place.open(record.opened)
        self.commit(open={**self.books.open, record.opened.id: record})

    @precondition(lambda self: self.books.open)
    @rule(data=st.data(), frames=st.binary(min_size=1, max_size=50))
    def stage(self, data, frames):
        which = data.draw(st.sampled_from(sorted(self.books.open)))
        self.place.put(staged=(Staged(RUN, which, frames),))
        self.commit(staged={**self.books.staged, which: self.books.staged.get(which, b"") + frames})

    @precondition(lambda self: self.books.open)
    @rule(data=st.data())
    def end_call(self, data):
        which = data.draw(st.sampled_from(sorted(self.books.open)))
        record = self.books.open[which]
        self.place.put(record)
        self.commit(
            open=without(self.books.open, which),
            staged=without(self.books.staged, which),
            done={**self.books.done, which: bodies_of(record)},
            ended=self.books.ended + 1,
        )

    @precondition(lambda self: self.books.open)
    @rule(data=st.data())
    def give_up(self, data):
        which = data.draw(st.sampled_from(sorted(self.books.open)))
        self.place.put(discarded=(which,), dropped={"recorder_error": 1})
        self.commit(
            open=without(self.books.open, which),
            staged=without(self.books.staged, which),
            dropped=self.books.dropped + 1,
        )

    @precondition(lambda self: self.place.offset)
    @rule()
    def commit_again(self):
        """As a recorder would that was killed after its commit and does not know."""
        self.torn_may_be = False
        with pytest.raises(StoreError, match="not beyond"):
            self.place.writer.commit(Batch(RUN, self.place.offset, dropped={"recorder_error": 1}))

    @rule()
    def fail(self):
        """A batch that breaks in the middle."""
        self.torn_may_be = False
        bad = replace(make_record(), request_headers=object())
        with pytest.raises(Exception, match="object"):
            self.place.writer.commit(Batch(RUN, self.place.offset + 1, records=(make_record(), bad)))

    @rule()
    def close(self):
        self.torn_may_be = False
        self.place.again()
        self.compare(self.place.writer.begin(RUN, START_NS), [self.books])
        self.since = [self.books]

    @rule()
    def kill(self):
        self.move_on()
        self.compare(self.place.writer.begin(RUN, START_NS), [self.books])

    @precondition(lambda self: self.torn_may_be)
    @rule(part=st.floats(0, 1), garbage=st.binary(max_size=200))
    def tear(self, part, garbage):
        """What is left is what one of the commits left, however little of the log is there."""
        self.move_on(lambda log: log[: int(len(log) * part)] + garbage)
        state = self.place.writer.begin(RUN, START_NS)
        self.books = self.compare(state, self.since)
        self.place.offset = self.books.offset
        self.since = [self.books]

    def move_on(self, change=lambda log: log):
        """The files as they lie become those of another life, and the one before is forgotten."""
        old, path = self.place, self.new_path()
        log = Path(f"{old.path}-wal")
        shutil.copy(old.path, path)
        if log.exists():
            Path(f"{path}-wal").write_bytes(change(log.read_bytes()))
        old.close()
        shutil.rmtree(old.path.parent)
        self.place = Place(path, old.offset)
        self.torn_may_be = False
        assert not list(path.parent.glob("*corrupt*")), "the store was taken for corrupt"

    def compare(self, state, possible):
        """Which of these books the store has."""
        reader = self.place.reader()
        found = read_books(reader, state)
        reader.close()
        match = [books for books in possible if told(books) == found]
        assert match, f"{found} is none of {[told(books) for books in possible]}"
        return match[-1]

    @invariant()
    def is_what_was_committed(self):
        reader = self.place.reader()
        counts = reader.counts()
        reader.close()
        assert (counts.offset, counts.recorded) == (self.books.offset, self.books.ended)
        assert counts.open_calls == len(self.books.open)
        assert counts.calls == len(self.books.open) + len(self.books.done)

    def teardown(self):
        if hasattr(self, "place"):
            self.place.close()
            shutil.rmtree(self.home)


def without(some, key):
    return {name: value for name, value in some.items() if name != key}


TestCrashing = Crashing.TestCase
TestCrashing.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
