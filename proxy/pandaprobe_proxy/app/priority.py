"""Who goes first where the processor is short: the app and the relay, and the recorder after them."""

import os
from contextlib import suppress
from pathlib import Path

NICENESS = 10
AUTOGROUP = Path("/proc/self/autogroup")


def stand_back() -> None:
    """Lets all others go first; what the recorder cannot read in time is counted.

    To Linux a session of its own is a group of its own, and niceness counts only within it (sched(7), "The autogroup
    feature"): so the group stands back, too. Without that the app's waking waits for the scheduler's next tick.
    """
    for task in os.listdir("/proc/self/task"):  # to Linux each thread has a niceness of its own
        with suppress(OSError):  # the thread has ended, or whoever started all of this put it further back
            os.setpriority(os.PRIO_PROCESS, int(task), max(NICENESS, os.getpriority(os.PRIO_PROCESS, int(task))))
            os.sched_setscheduler(int(task), os.SCHED_BATCH, os.sched_param(0))
    with suppress(OSError):  # where there are no such groups, as in a container, niceness is enough
        AUTOGROUP.write_text(str(NICENESS))
