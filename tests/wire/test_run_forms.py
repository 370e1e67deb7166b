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
    run = read_all(learn(first, FIRST, alike, WHOLE), following)
    return None if run is None else (run.data, run.events, following[run.end :])


def read_all(form, following):
    """The events of one text that `following` begins with."""
    runs = form.read(following, 0, form.find_end(following, 0, len(following)))
    assert len(runs) < 2
    return runs[0] if runs else None


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
        b'{"a":1,"t":"\xc3"}\n',
        b'{"a":1,"t":"b"',
        b"",
    ],
)
def test_what_differs_in_another_way_is_left(other):
    first, line, last = b'{"a":1,"t":"z"}\n', b'{"a":1,"t":"a"}\n', b'{"a":1,"t":"c"}\n'
    told = read(first, line + line + other + last)
    assert told[1:] in [(2, other + last), (1, line + other + last)] if other else told[1:] == (3, b"")
    assert other == b"" or read(first, other + last) is None


def test_bytes_that_are_as_the_marks_begin_no_run():
    first, line = b'{"t":"z"}\n', b'{"t":"a"}\n'
    assert read(first, line * 3 + b'{"t":"\x01"}\n') is None
    assert read(first, line * 3 + b'{"t":"\x02"}\n') is None


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
    assert [read_all(form, b'{"n":%d,"t":"a"}\n' % number).data for number in (2, 3)] == [
        '{"n":2,"t":"a"}',
        '{"n":3,"t":"a"}',
    ]
    assert read_all(form, b'{"n":3,"t":"a"}\n') is None


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


def test_a_number_after_the_text_may_rise_as_well():
    def lines(*numbers):
        return b"".join(b'{"t":"a","n":%d}\n' % number for number in numbers)

    assert read(lines(4), lines(5, 6, 7), RICH) == ('{"t":"aaa","n":7}', 3, b"")
    assert read(lines(4), lines(5, 6, 8), RICH) == ('{"t":"aa","n":6}', 2, lines(8))
    assert read(lines(4), lines(6), RICH) is None


def test_a_number_with_too_many_digits_is_none():
    first = b'{"n":1234567890123456,"t":"a"}\n'
    assert read(first, first, RICH) == ('{"n":1234567890123456,"t":"a"}', 1, b"")


TURNS = Alike(grows, whose="n")


def read_turns(*numbers):
    form = learn(b'{"n":0,"t":"z"}\n', FIRST, TURNS, WHOLE)
    lines = b"".join(b'{"n":%d,"t":"%d "}\n' % (number, at) for at, number in enumerate(numbers))
    return [(run.data, run.events, run.end) for run in form.read(lines, 0, len(lines))]


def test_texts_that_come_in_turn_are_taken_apart():
    assert read_turns(1, 0, 1, 1, 0) == [('{"n":1,"t":"0 2 3 "}', 3, 85), ('{"n":0,"t":"1 4 "}', 2, 85)]
    assert read_turns(0, 0) == [('{"n":0,"t":"0 1 "}', 2, 34)]
    assert len(read_turns(*range(16), *range(16))) == 16


def test_very_many_texts_in_turn_are_no_run():
    assert read_turns(*range(17)) == []


def test_whose_a_text_is_does_not_vary_behind_it():
    assert read(b'{"t":"z","n":0}\n', b'{"t":"a","n":0}\n{"t":"b","n":1}\n{"t":"c","n":1}\n', TURNS) == (
        '{"t":"a","n":0}',
        1,
        b'{"t":"b","n":1}\n{"t":"c","n":1}\n',
    )
    assert read(b'{"t":"z"}\n', b'{"t":"a"}\n', TURNS) == ('{"t":"a"}', 1, b"")


def test_an_event_of_more_bytes_than_a_pattern_can_have_begins_no_run():
    assert learn(b'{"a":"%b","t":"z"}\n' % (b"x" * 70_000), FIRST, PLAIN, WHOLE) is None


def test_long_texts_of_escapes_are_read():
    lines = b'{"t":"%b"}\n' % (b"\\n" * 50_000) * 2
    assert read(b'{"t":"z"}\n', lines) == ('{"t":"%s"}' % ("\\n" * 100_000), 2, b"")


def test_bytes_are_cut_where_an_event_can_end():
    form = learn(b'{"t":"z"}\n', FIRST, PLAIN, WHOLE)
    body = b'{"t":"a"}\n{"t":"b"}\n{"t":"'
    assert form.find_end(body, 0, 99) == 20
    assert form.find_end(body, 10, 19) == 10
    assert form.find_end(body, 10, 20) == 20
    assert form.find_end(b'{"t":"', 0, 6) == 0
    assert learn(b'{"t":"z"   }\n', FIRST, PLAIN, WHOLE).find_end(b'{"t":"z"   }\n', 0, 13) == 13


def test_the_event_is_told_as_the_first_one_was():
    form = learn(b'{"t":"z"}\n', StreamEvent("delta", "", "7", 10), PLAIN, WHOLE)
    assert read_all(form, b'{"t":"a"}\n') == StreamEvent("delta", '{"t":"a"}', "7", 10, 1)
