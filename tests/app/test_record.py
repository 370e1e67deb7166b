"""The recorder's process: its key, and the store that it cannot open yet."""

import os
import stat
import subprocess
import sys
import threading
import time

from pandaprobe_proxy.app.record import Recording, installation_key
from pandaprobe_proxy.capture.ring import CLOSED, Ring
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.sqlite import open_writer
from sidecar import wait_until


def test_the_key_is_made_once_and_read_by_nobody_else(tmp_path):
    key = installation_key(tmp_path / "data")
    path = tmp_path / "data" / "key"
    assert len(key) == 32
    assert installation_key(tmp_path / "data") == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_is_damaged_or_cannot_be_kept_is_one_for_this_run(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    assert len(installation_key(tmp_path)) == 32
    (tmp_path / "file").write_text("")
    assert len(installation_key(tmp_path / "file")) == 32


def test_a_key_that_could_not_be_written_whole_is_made_again(tmp_path):
    cramped = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    cramped += "resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8)); from pathlib import Path;"
    cramped += f"from pandaprobe_proxy.app.record import installation_key; installation_key(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", cramped], check=True, capture_output=True)
    assert installation_key(tmp_path) == installation_key(tmp_path)


def test_a_recorder_that_waits_for_its_store_says_so_and_is_not_taken_for_one_that_hangs(tmp_path):
    ring = Ring.create(1 << 20, "0190a1b2-0000-7000-8000-00000000000a")
    holder = open_writer(tmp_path / "calls.db")
    recording = Recording(Settings(data_dir=tmp_path), ring, os.getppid())
    started_ns = time.monotonic_ns()
    thread = threading.Thread(target=recording.run, args=(lambda: None,))
    thread.start()
    wait_until(lambda: ring.numbers().state == "store_busy")
    wait_until(lambda: ring.numbers().heartbeat_ns > started_ns)
    holder.close()
    wait_until(lambda: ring.numbers().state == "ok")
    ring.set(CLOSED, 1)
    thread.join(10)
    assert not thread.is_alive() and recording.code == 0
