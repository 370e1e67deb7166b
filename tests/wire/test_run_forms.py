"""The form of a run, learned from its first event."""

import re

import pytest
from pandaprobe_proxy.wire.run_forms import NUMBER, PADDING, Alike, learn
from pandaprobe_proxy.wire.stream import StreamEvent

WHOLE = re.compile(rb"(\{[^\n]*\})\n")
FIRST = StreamEvent("message", "", "", 10)


def grows(value, kind):
    return "t" if isinstance(value.get("t"), str) else None


PLAIN = Alike(grows)
RICH = Alike(grows, {"n": NUMBER, "p": PADDING}, rises="n", padded=True)


def read(first, following, alike=PLAIN):
    """(data, how many events, what is left) of what follows an event."""
    form = learn(first, FIRST, alike, WHOLE)
    run = form.read(following)
    return None if run is None else (run.data, run.events, following[run.end :])


def test_the_texts_of_all_events_become_one():
    lines = b'{"a":1,"t":"x"}\n{"a":1,"t":""}\n{"a":1,"t":" \\"y\\" \\n"}\n'
    assert read(b'{"a":1,"t":"z"}\n', lines) == ('{"a":1,"t":"x \\"y\\" \\n"}', 3, b"")


def test_of_other_values_the_last_one_counts_and_spaces_may_vary():
    lines = b'{"n":2,"t":"a","p":"Xy"  }\n{"n":3,"t":"b","p":"" }\n'
    assert read(b'{"n":1,"t":"z","p":"A"}\n', lines, RICH) == ('{"n":3,"t":"ab","p":"" }', 2, b"")


def test_what_is_not_there_does_not_vary():
    assert read(b'{"t":"z"}\n', b'{"t":"a"}\n', RICH) == ('{"t":"a"}', 1, b"")
    assert read(b'{"t":"z","p":null}\n', b'{"t":"a","p":null}\n', RICH) == ('{"t":"a","p":null}', 1, b"")


@pytest.mark.parametrize(
    "other",
    [
        b'{"a":2,"t":"b"}\n',
        b'{"t":"b","a":1}\n',
        b'{"a":1,"t":"b" }\n',
        b'{"a":1,"t":"b"}\r\n',
        b'{"a":1,"t":null}\n',
        b'{"a":1,"t":"\\"}\n',
        b'{"a":1,"t":"\\x"}\n',
        b'{"a":1,"t":"\\u12"}\n',
        b'{"a":1,"t":"\\ud83d"}\n',
        b'{"a":1,"t":"\\ude00"}\n',
        b'{"a":1,"t":"\x01"}\n',
        b'{"a":1,"t":"\xc3"}\n',
        b'{"a":1,"t":"b"',
        b"",
    ],
)
def test_what_differs_in_another_way_is_left(other):
    first, line, last = b'{"a":1,"t":"z"}\n', b'{"a":1,"t":"a"}\n', b'{"a":1,"t":"c"}\n'
    assert read(first, line + line + other + last)[1:] == (2 if other else 3, other + last if other else b"")
    assert other == b"" or read(first, other + last) is None


def test_halves_of_a_character_are_not_joined():
    first, lines = b'{"t":"z"}\n', b'{"t":"\xc3"}\n{"t":"\xa9"}\n'
    assert read(first, lines) is None
    assert read(first, b'{"t":"\\ud83d\\ude00"}\n' * 2) == ('{"t":"' + "\\ud83d\\ude00" * 2 + '"}', 2, b"")
    assert read(first, '{"t":"é"}\n'.encode() * 2) == ('{"t":"éé"}', 2, b"")


def test_a_number_rises_by_one_or_the_run_ends():
    def lines(*numbers):
        return b"".join(b'{"n":%d,"t":"a"}\n' % number for number in numbers)

    assert read(lines(4), lines(5, 6, 6, 7), RICH) == ('{"n":6,"t":"aa"}', 2, lines(6, 7))
    assert read(lines(4), lines(4), RICH) is None
    assert read(lines(4), lines(6), RICH) is None


def test_a_number_goes_on_rising_where_the_bytes_were_cut():
    form = learn(b'{"n":1,"t":"a"}\n', FIRST, RICH, WHOLE)
    assert [form.read(b'{"n":%d,"t":"a"}\n' % number).data for number in (2, 3)] == [
        '{"n":2,"t":"a"}',
        '{"n":3,"t":"a"}',
    ]
    assert form.read(b'{"n":3,"t":"a"}\n') is None


@pytest.mark.parametrize(
    "raw",
    [
        b'{"t":"z"}',
        b'x{"t":"z"}\n',
        b'{"t":"z",}\n',
        b'{"t":"\xc3"}\n',
        b'{"t":"\\ud83d"}\n',
        b'{"t":1}\n',
        b'{"t":  "z"}\n',
        b'{"t":"y","t":"z"}\n',
        b'{"t":"z","u":{"t":1}}\n',
        b'{"t":"z","u":"\\n"}\n',
        b'{"\\u0074":"z","u":{"t":"z"}}\n',
    ],
)
def test_an_event_that_can_be_read_in_another_way_begins_no_run(raw):
    assert learn(raw, FIRST, RICH, WHOLE) is None


def test_bytes_are_cut_where_an_event_can_end():
    form = learn(b'{"t":"z"}\n', FIRST, PLAIN, WHOLE)
    body = b'{"t":"a"}\n{"t":"b"}\n{"t":"'
    assert form.cut(body, 0, 99) == body[:20]
    assert form.cut(body, 10, 19) == b""
    assert form.cut(body, 10, 20) == b'{"t":"b"}\n'


def test_the_event_is_told_as_the_first_one_was():
    form = learn(b'{"t":"z"}\n', StreamEvent("delta", "", "7", 10), PLAIN, WHOLE)
    assert form.read(b'{"t":"a"}\n') == StreamEvent("delta", '{"t":"a"}', "7", 10, 1)
