"""The form of a run, learned from its first event."""

import re

import pytest
from pandaprobe_proxy.wire.run_forms import NUMBER, PADDING, Alike, learn
from pandaprobe_proxy.wire.stream import StreamEvent

WHOLE = re.compile(rb"(\{[^\n]*\})\n")
FIRST = StreamEvent("message", "", "", 10)


def grows(value, kind):
    return "t" if "t" in value or "a" in value else None


PLAIN = Alike(grows)
TURNS = Alike(grows, whose="n")
RICH = Alike(grows, {"n": NUMBER, "p": PADDING}, rises="n", padded=True)


def read(first, following, alike=PLAIN):
    """(JSON, how many events, what is left) of what follows an event; None if it is not all alike."""
    runs, end = read_all(learn(first, FIRST, alike, WHOLE), following)
    assert len(runs) < 2
    return (runs[0].value, runs[0].events, following[end:]) if runs else None


def read_all(form, following):
    """The events that `following` holds up to the last one that may be alike, and where it ends."""
    end, last = form.find_last(following, 0, len(following))
    return form.read(following, 0, end, last) if end else [], end


def test_the_texts_of_all_events_become_one():
    lines = b'{"a":1,"t":"x"}\n{"a":1,"t":""}\n{"a":1,"t":" \\"y\\" \\n"}\n'
    assert read(b'{"a":1,"t":"z"}\n', lines) == ({"a": 1, "t": 'x "y" \n'}, 3, b"")


def test_a_text_is_found_wherever_it_is():
    lines = b'{"a":[{"b":1},{"t":"x"}]}\n{"a":[{"b":1},{"t":"y"}]}\n'
    assert read(lines[:26], lines) == ({"a": [{"b": 1}, {"t": "xy"}]}, 2, b"")


def test_a_key_may_be_a_value_too_and_is_there_once_as_a_key():
    assert read(b'{"k":"t","t":"z"}\n', b'{"k":"t","t":"a"}\n') == ({"k": "t", "t": "a"}, 1, b"")
    for twice in (b'{"a":{"t" :"t"},"t":"z"}\n', b'{"t" :"z"}\n'):
        assert learn(twice, FIRST, PLAIN, WHOLE) is None


def test_of_other_values_the_last_one_counts_and_spaces_may_vary():
    lines = b'{"n":2,"t":"a","p":"Xy"  }\n{"n":3,"t":"b","p":"" }\n'
    assert read(b'{"n":1,"t":"z","p":"A"}\n', lines, RICH) == ({"n": 3, "t": "ab", "p": ""}, 2, b"")


def test_what_is_not_there_does_not_vary():
    assert read(b'{"t":"z"}\n', b'{"t":"a"}\n', RICH) == ({"t": "a"}, 1, b"")
    assert read(b'{"t":"z","p":null}\n', b'{"t":"a","p":null}\n', RICH) == ({"t": "a", "p": None}, 1, b"")


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
def test_what_differs_in_another_way_is_none_of_them(other):
    first, line = b'{"a":1,"t":"z"}\n', b'{"a":1,"t":"a"}\n'
    assert read(first, line + line + other) in [({"a": 1, "t": "aa"}, 2, other), None]
    if other:
        assert read(first, line + other + line) in [({"a": 1, "t": "a"}, 1, other + line), None]
        assert read(first, other + line) is None


@pytest.mark.parametrize(
    "texts",
    [
        (b"\\", b'","'),
        (b"\\", b"n"),
        (b"\\u12", b"34"),
        (b"\\u", b"0041"),
        (b"\\ud83d", b"\\ude00"),
        (b"\xc3", b"\xa9"),
        (b'a"', b'"b'),
        (b'a","', b"b"),
        (b'a",5,"', b"b"),
        (b'a",["', b'"],"b'),
        (b'a":"', b"b"),
        (b"a\n", b"b"),
    ],
)
@pytest.mark.parametrize("alike", [PLAIN, RICH, TURNS])
def test_texts_that_complete_each_other_are_not_joined(texts, alike):
    events = [b'{"n":%d,"t":"%b"}\n' % (at + 1, text) for at, text in enumerate(texts)]
    assert read(b'{"n":0,"t":"z"}\n', b"".join(events), alike) is None


def test_texts_may_end_with_what_is_escaped():
    lines = [b'{"t":"%b"}\n' % text for text in (b"a\\\\", b"n\\\\\\\\", b'\\"', b",\\u00e9", b"\x7f")]
    assert read(b'{"t":"z"}\n', b"".join(lines)) == ({"t": 'a\\n\\\\",é\x7f'}, 5, b"")


def test_whole_characters_are_joined():
    first = b'{"t":"z"}\n'
    assert read(first, b'{"t":"\\ud83d\\ude00"}\n' * 2) == ({"t": "😀😀"}, 2, b"")
    assert read(first, '{"t":"é"}\n'.encode() * 2) == ({"t": "éé"}, 2, b"")


def test_a_number_rises_by_one_or_there_is_no_run():
    def lines(*numbers):
        return b"".join(b'{"n":%d,"t":"a"}\n' % number for number in numbers)

    assert read(lines(4), lines(5, 6), RICH) == ({"n": 6, "t": "aa"}, 2, b"")
    assert read(lines(4), lines(5, 6, 6, 7), RICH) is None
    assert read(lines(4), lines(4), RICH) is None
    assert read(lines(4), lines(6), RICH) is None


def test_a_number_goes_on_rising_where_the_bytes_were_cut():
    form = learn(b'{"n":1,"t":"a"}\n', FIRST, RICH, WHOLE)
    assert [read_all(form, b'{"n":%d,"t":"a"}\n' % number)[0][0].value["n"] for number in (2, 3)] == [2, 3]
    assert read_all(form, b'{"n":3,"t":"a"}\n')[0] == []


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
        b'{"t":"z","u":' + b"[" * 60 + b"]" * 60 + b"}\n",
    ],
)
def test_an_event_that_can_be_read_in_another_way_begins_no_run(raw):
    assert learn(raw, FIRST, RICH, WHOLE) is None


def test_a_number_after_the_text_may_rise_as_well():
    def lines(*numbers):
        return b"".join(b'{"t":"a","n":%d}\n' % number for number in numbers)

    assert read(lines(4), lines(5, 6, 7), RICH) == ({"t": "aaa", "n": 7}, 3, b"")
    assert read(lines(4), lines(5, 6, 8), RICH) is None
    assert read(lines(4), lines(6), RICH) is None


def test_a_number_with_too_many_digits_is_none():
    first = b'{"n":1234567890123456,"t":"a"}\n'
    assert read(first, first, RICH) == ({"n": 1234567890123456, "t": "a"}, 1, b"")


def read_turns(*numbers):
    form = learn(b'{"n":0,"t":"z"}\n', FIRST, TURNS, WHOLE)
    lines = b"".join(b'{"n":%d,"t":"%d "}\n' % (number, at) for at, number in enumerate(numbers))
    return [(run.value, run.events, run.end) for run in read_all(form, lines)[0]]


def test_texts_that_come_in_turn_are_taken_apart():
    assert read_turns(1, 0, 1, 1, 0) == [({"n": 1, "t": "0 2 3 "}, 3, 85), ({"n": 0, "t": "1 4 "}, 2, 85)]
    assert read_turns(0, 0) == [({"n": 0, "t": "0 1 "}, 2, 34)]
    assert read_turns(0, 1, 1, 0, 1, 1)[1][0] == {"n": 1, "t": "1 2 4 5 "}
    assert len(read_turns(*range(40), *range(40))) == 40


def test_texts_that_come_strictly_in_turn_are_taken_apart_the_same():
    assert read_turns(2, 0, 1, 2, 0) == [
        ({"n": 2, "t": "0 3 "}, 2, 85),
        ({"n": 0, "t": "1 4 "}, 2, 85),
        ({"n": 1, "t": "2 "}, 1, 85),
    ]


def test_texts_that_break_out_of_their_strings_are_told_apart_by_nothing():
    form = learn(b'{"n":0,"t":"z"}\n', FIRST, TURNS, WHOLE)
    lines = b'{"n":1,"t":"a",["b"}\n{"n":0,"t":"c"],"d"}\n{"n":1,"t":"e"}\n'
    assert read_all(form, lines)[0] == []


def test_whose_a_text_is_does_not_vary_behind_it():
    assert read(b'{"t":"z","n":0}\n', b'{"t":"a","n":0}\n{"t":"b","n":1}\n', TURNS) == (
        {"t": "a", "n": 0},
        1,
        b'{"t":"b","n":1}\n',
    )
    assert read(b'{"t":"z"}\n', b'{"t":"a"}\n', TURNS) == ({"t": "a"}, 1, b"")


def test_an_event_of_more_bytes_than_a_pattern_can_have_begins_no_run():
    assert learn(b'{"a":"%b","t":"z"}\n' % (b"x" * 70_000), FIRST, PLAIN, WHOLE) is None


def test_long_texts_of_escapes_are_read():
    lines = b'{"t":"%b"}\n' % (b"\\n" * 50_000) * 2
    assert read(b'{"t":"z"}\n', lines) == ({"t": "\n" * 100_000}, 2, b"")


def test_bytes_are_cut_where_an_event_can_end():
    form = learn(b'{"t":"z"}\n', FIRST, PLAIN, WHOLE)
    body = b'{"t":"a"}\n{"t":"b"}\n{"t":"'
    assert form.find_last(body, 0, 99) == (20, (b"b",))
    assert form.find_last(body, 10, 19) == (10, ())
    assert form.find_last(body, 10, 20) == (20, (b"b",))
    assert form.find_last(body, 1, 20) == (1, ())
    assert form.find_last(b'{"t":"', 0, 6) == (0, ())
    assert learn(b'{"t":"z"   }\n', FIRST, PLAIN, WHOLE).find_last(b'{"t":"z"   }\n', 0, 13) == (13, (b"z",))


def test_events_that_end_alike_and_are_not_are_passed_over_but_not_too_many_of_them():
    form = learn(b'{"t":"z"}\n', FIRST, PLAIN, WHOLE)
    line, other = b'{"t":"a"}\n', b'{"t":1,"u":"{"t":"z"}\n'
    assert form.find_last(line + other * 3, 0, 999) == (10, (b"a",))
    assert form.find_last(line + other * 8, 0, 999) == (0, ())


def test_the_event_is_told_as_the_first_one_was():
    form = learn(b'{"t":"z"}\n', StreamEvent("delta", "", "7", 10), PLAIN, WHOLE)
    assert read_all(form, b'{"t":"a"}\n')[0] == [StreamEvent("delta", "", "7", 10, 1, {"t": "a"})]
