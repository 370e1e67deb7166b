"""The recorder lets the app and the relay go first."""

import os
import subprocess
import sys


def test_the_recorder_stands_back_within_its_group_and_with_it():
    """A session of its own is a group of its own, to which the niceness of a process within it means nothing."""
    code = (
        "import os; from pathlib import Path; from pandaprobe_proxy.app.priority import stand_back; stand_back();"
        "group = Path('/proc/self/autogroup');"
        "print(os.nice(0), os.sched_getscheduler(0), group.read_text() if group.exists() else 'nice 10')"
    )
    words = [sys.executable, "-c", code]
    told = subprocess.run(words, check=True, capture_output=True, text=True, start_new_session=True).stdout
    assert told.split()[:2] == ["10", str(os.SCHED_BATCH)]
    assert told.split()[-2:] == ["nice", "10"]


def test_what_was_put_further_back_stays_there():
    code = "import os; from pandaprobe_proxy.app.priority import stand_back; stand_back(); print(os.nice(0))"
    words = ["nice", "-n", "15", sys.executable, "-c", code]
    assert subprocess.run(words, check=True, capture_output=True, text=True, start_new_session=True).stdout == "15\n"
