"""Opening: one writer, many readers, a ballast, and what is done with a file that is no store."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pandaprobe_proxy.store.base import Budget
from pandaprobe_proxy.store.batch import Batch
from pandaprobe_proxy.store.errors import StoreBusy, StoreError, StoreFull
from pandaprobe_proxy.store.sqlite import open_reader, open_writer
from pandaprobe_proxy.store.sqlite.connect import STEPS, give_back
from pandaprobe_proxy.store.sqlite.schema import migrations, names
from places import RUN, Place
from records import START_NS, make_record
from sqlite_utils import Database


def test_nobody_else_may_read_the_store(place):
    for path in (place.path, place.path.parent):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_writer_that_died_leaves_no_lock(tmp_path):
    path = tmp_path / "calls.db"
    code = f"""
import os
from pathlib import Path
from pandaprobe_proxy.store.sqlite import open_writer
open_writer(Path({str(path)!r}))
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    open_writer(path).close()


def test_two_processes_cannot_write(place):
    code = f"""
from pathlib import Path
from pandaprobe_proxy.store.errors import StoreBusy
from pandaprobe_proxy.store.sqlite import open_writer
try:
    open_writer(Path({str(place.path)!r}))
except StoreBusy as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"process {os.getpid()} already writes" in said


@pytest.mark.parametrize("content", [b"not a database at all" * 300, os.urandom(20_000)])
def test_a_file_that_is_no_database_is_put_aside(tmp_path, content):
    path = tmp_path / "calls.db"
    path.write_bytes(content)
    writer = open_writer(path, ballast_bytes=0)
    writer.begin(RUN, START_NS)
    assert Path(writer.quarantined).read_bytes() == content
    writer.close()


def test_a_damaged_store_is_put_aside(tmp_path):
    place = Place(tmp_path / "calls.db")
    place.put(*(make_record([{"role": "user", "content": os.urandom(500).hex()}]) for _ in range(30)))
    place.close()
    with place.path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 40))
    writer = open_writer(place.path, ballast_bytes=0)
    assert ".corrupt-" in writer.quarantined
    writer.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    place = Place(tmp_path / "calls.db")
    place.close()
    other = sqlite3.connect(place.path)
    other.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('pandaprobe', 'm9', 'now')")
    other.commit()
    other.close()
    for opening in (open_writer, open_reader):
        with pytest.raises(StoreError, match="made by a newer version"):
            opening(place.path)


@pytest.mark.parametrize("step", ["m002_every_dialect", "m003_turns"])
def test_a_store_of_an_older_version_is_brought_up_to_date_by_a_writer(tmp_path, step):
    path = tmp_path / "calls.db"
    db = Database(path)
    migrations.apply(db, stop_before=step)
    db.conn.commit()
    db.close()
    with pytest.raises(StoreError, match=r"older version .* serve"):
        open_reader(path)
    open_writer(path, ballast_bytes=0).close()
    reader = open_reader(path)
    assert reader.calls(1) == []
    reader.close()


def test_the_steps_that_a_reader_knows_are_all_there_are():
    assert names() == STEPS


def test_a_reader_cannot_write(place):
    reader = place.reader()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM calls")


def test_an_empty_file_is_not_a_store_to_read(tmp_path):
    path = tmp_path / "calls.db"
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="holds no calls yet"):
        open_reader(path)


def test_a_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot hold a store"):
        open_writer(tmp_path / "file" / "calls.db")


def test_another_program_that_holds_the_file_delays_a_commit_only(place):
    other = sqlite3.connect(place.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    batch = Batch(RUN, 1, records=(make_record(),))
    with pytest.raises(StoreBusy, match="another program holds"):
        place.writer.commit(batch)
    other.execute("ROLLBACK")
    place.writer.commit(batch)
    assert place.reader().counts().calls == 1


def test_a_full_store_says_so_gives_up_its_ballast_and_goes_on_when_there_is_room(tmp_path):
    place = Place(tmp_path / "calls.db", options={"ballast_bytes": 65536, "max_page_count": 80})
    ballast = tmp_path / "calls.db.ballast"
    assert ballast.stat().st_size == 65536
    kept = 0

    def fill():
        nonlocal kept
        while True:
            place.put(make_record([{"role": "user", "content": os.urandom(3000).hex()}], session="big"))
            kept += 1

    with pytest.raises(StoreFull, match=r"no space left .*free some"):
        fill()
    assert kept > 0
    assert not ballast.exists()
    assert place.reader().counts().calls == kept
    place.options = {}
    place.again().begin(RUN, START_NS)
    place.offset = kept
    place.put(make_record(session="after"))
    assert place.reader().counts().calls == kept + 1
    place.close()


def test_free_pages_are_given_back_at_most_so_many_and_all_if_asked(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("CREATE TABLE t (x)")
    connection.executemany("INSERT INTO t VALUES (?)", [(os.urandom(4000),) for _ in range(100)])
    connection.execute("DELETE FROM t")

    def free():
        return connection.execute("PRAGMA freelist_count").fetchone()[0]

    before = free()
    give_back(connection, 30)
    assert free() == before - 30 > 0
    give_back(connection)
    assert free() == 0
    connection.close()


def file_bytes(path):
    """What the file takes once its log is in it."""
    store = sqlite3.connect(path)
    (pages,) = store.execute("PRAGMA page_count").fetchone()
    store.close()
    return pages * 4096


def test_what_is_trimmed_or_deleted_makes_the_file_smaller(place):
    records = [make_record([{"role": "user", "content": os.urandom(100_000).hex()}], session=f"s{n}") for n in range(9)]
    place.put(*records)
    place.writer.trim(Budget(0, 0), START_NS)
    before = file_bytes(place.path)
    while place.writer.trim(Budget(0, 400_000), START_NS):
        pass
    assert before > 900_000 and file_bytes(place.path) < 500_000
    place.put(make_record([{"role": "user", "content": os.urandom(300_000).hex()}], session="large"))
    place.writer.delete_session("large")
    assert file_bytes(place.path) < 500_000
