"""The log is brought onto the disk once a second, and a disk that refuses is told of."""

import sqlite3

import pytest
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite.write_back import WriteBack


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


class Refusing:
    """A connection to a disk that refuses, for so many tries."""

    total_changes = 1

    def __init__(self, tries, code=sqlite3.SQLITE_IOERR_FSYNC):
        self.tries, self.asked, self.code = tries, 0, code

    def execute(self, statement):
        self.asked += 1
        if self.asked <= self.tries:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.code
            raise error
        return self

    def fetchone(self):
        return (0, 1, 1)


@pytest.fixture
def store(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield connection
    connection.close()


def file_has(tmp_path, text):
    return text in (tmp_path / "a.db").read_bytes()


def test_after_a_second_what_was_written_is_in_the_file(store, tmp_path):
    clock = Clock()
    back = WriteBack(clock)
    store.execute("INSERT INTO t VALUES ('here I am')")
    back.run(store)
    assert not file_has(tmp_path, b"here I am")
    clock.now_s += 1
    back.run(store)
    assert file_has(tmp_path, b"here I am")


def test_where_nothing_was_written_nothing_is_done():
    clock, connection = Clock(), Refusing(0)
    back = WriteBack(clock)
    for _ in range(3):
        clock.now_s += 2
        back.run(connection)
    assert connection.asked == 1


def test_a_disk_that_refuses_is_an_error_until_it_has_worked_again():
    clock, connection = Clock(), Refusing(2)
    back = WriteBack(clock)
    for _ in range(2):
        clock.now_s += 1
        with pytest.raises(sqlite3.OperationalError):
            back.run(connection)
        with pytest.raises(StoreError, match=r"could not be brought onto the disk .disk I/O error."):
            back.run(connection)
    assert connection.asked == 2
    clock.now_s += 1
    back.run(connection)
    back.run(connection)
    assert connection.asked == 3


def test_a_full_disk_is_tried_again_at_once():
    clock, connection = Clock(), Refusing(2, sqlite3.SQLITE_FULL)
    back = WriteBack(clock)
    clock.now_s += 1
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError):
            back.run(connection)
    back.run(connection)
    assert connection.asked == 3
