"""Runs of a body, looked for where an event ended."""

import re

from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.runs import WORTH_BYTES, Runs
from pandaprobe_proxy.wire.stream import StreamEvent

LINE = b'{"a":"which is one and the same in all of them","t":"%b"}\n'
WHOLE = re.compile(rb"(\{[^\n]*\})\n")
ALIKE = Alike(lambda value, kind: "t" if "t" in value else None)
FILLER = b" " * WORTH_BYTES


def runs_of(body, alike=ALIKE):
    return Runs(body, alike, WHOLE)


def event(start, line):
    return StreamEvent("message", line.decode(), "", start + len(line))


def test_a_run_is_followed_to_its_end():
    line, other = LINE % b"x", LINE.replace(b"same", b"last") % b"y"
    body = line * 2001 + other + FILLER
    followed = list(runs_of(body).follow(event(0, line), 0))
    assert sum(run.events for run in followed) == 2000
    assert followed[-1].end == 2001 * len(line)
    assert "".join(run.value["t"] for run in followed) == "x" * 2000
    assert max(len(run.value["t"]) for run in followed) < 64 * 1024


def test_a_run_of_one_window_after_another_ends_with_the_body():
    line = LINE % b"x"
    body = line * 201
    assert [run.events for run in runs_of(body).follow(event(0, line), 0)][-1:] != []
    assert list(runs_of(body).follow(event(0, line), 0))[-1].end == len(body)


def test_a_run_that_ends_where_an_event_only_seems_alike_is_followed_nearly_to_its_end():
    line = LINE % b"x"
    body = line * 200 + (LINE % b"\\") + line * 200
    followed = list(runs_of(body).follow(event(0, line), 0))
    assert 190 < sum(run.events for run in followed) < 200
    assert followed[-1].end == len(line) * (1 + sum(run.events for run in followed))


def test_what_begins_in_another_way_is_not_looked_at():
    line = LINE % b"x"
    asked = []
    runs = runs_of(line + b'{"b":1}\n' + FILLER, Alike(lambda value, kind: asked.append(value)))
    assert list(runs.follow(event(0, line), 0)) == []
    assert (asked, runs.pause_bytes) == ([], 0)


def test_the_end_of_a_body_is_not_looked_at():
    line = LINE % b"x"
    assert list(runs_of(line * 9).follow(event(0, line), 0)) == []


def test_after_a_search_in_vain_there_is_a_pause_that_grows():
    first, second = LINE % b"x", LINE.replace(b"same", b"last") % b"y"
    body = (first + second) * 500 + FILLER
    runs, at, pauses = runs_of(body), 0, []
    for line in (first, second) * 400:
        assert list(runs.follow(event(at, line), at)) == []
        pauses += [] if runs.pause_bytes in pauses else [runs.pause_bytes]
        at += len(line)
    assert pauses == [1024, 3072, 7168, 15360, 31744]


def test_a_long_run_ends_the_pauses():
    first, second, third = (LINE.replace(b"same", word) % b"x" for word in (b"same", b"last", b"next"))
    body = first + second * 2 + third * 9 + FILLER
    runs = runs_of(body)
    assert [run.events for run in runs.follow(event(len(first), second), len(first))] == [1]
    assert runs.pause_bytes == 1024
    at = len(first) + 2 * len(second)
    runs = runs_of(body)
    assert [run.events for run in runs.follow(event(at, third), at)] == [8]
    assert runs.pause_bytes == 0


def test_events_that_stand_alone_begin_no_run():
    line = LINE % b"x"
    assert list(runs_of(line * 200, Alike(lambda value, kind: None)).follow(event(0, line), 0)) == []


def test_an_event_longer_than_what_is_looked_at_is_left():
    line = LINE % (b"x" * 5000)
    assert list(runs_of(line * 3).follow(event(0, line), 0)) == []


def test_who_reads_can_make_a_pause():
    line = LINE % b"x"
    runs = runs_of(line * 200)
    runs.pause(len(line))
    assert list(runs.follow(event(0, line), 0)) == []
    assert list(runs.follow(event(30 * len(line), line), 30 * len(line))) != []
