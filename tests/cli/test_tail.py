"""`tail`: calls as they are recorded."""

import json
import os
import signal
import subprocess
import sys

from pandaprobe_proxy.cli.tail import AT_ONCE, _After
from records import START_NS, make_record
from sidecar import clean_environment


def test_the_last_calls_oldest_first(terminal, place):
    made = place.put(*(make_record(at_ns=START_NS + i * 10**9) for i in range(4)))
    lines = [json.loads(line) for line in terminal.out("tail", "-n", "2", "--json").splitlines()]
    assert [line["call_id"] for line in lines] == [record.opened.id for record in made[2:]]
    assert made[3].opened.id in terminal.out("tail").splitlines()[-1]


def test_following_prints_what_ends_until_interrupted(place):
    place.put(make_record())
    process = subprocess.Popen(
        [sys.executable, "-m", "pandaprobe_proxy", "tail", "-f", "--json"],
        env={**clean_environment(), "PANDAPROBE_DATA_DIR": str(place.path.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # ignored behind a shell
    )
    process.stdout.readline()
    later = make_record(at_ns=START_NS + 10**9)
    place.open(later.opened)
    place.put(later)
    assert json.loads(process.stdout.readline())["call_id"] == later.opened.id
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(10) == 130
    assert process.communicate()[1].strip() == ""


def test_what_runs_for_long_holds_up_no_other_and_each_is_told_once(place):
    long, first, second = (make_record(at_ns=START_NS + at * 10**9) for at in range(3))
    place.open(long.opened)
    place.put(first)
    after = _After("")

    def told():
        return [row.call_id for row in after.take(place.reader().calls(AT_ONCE, after=after.last))]

    assert told() == [first.opened.id] and after.last == ""
    place.put(second)
    assert told() == [second.opened.id] and told() == []
    place.put(long)
    assert told() == [long.opened.id] and after.last == second.opened.id
    assert told() == []
