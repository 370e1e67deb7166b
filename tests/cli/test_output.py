"""Printing: tables, sizes, durations, and text that is safe on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.cli.output import clean, duration, one_line, size


@given(st.text())
def test_clean_text_has_no_control_characters_but_lines_and_tabs(text):
    cleaned = clean(text)
    assert all(c in "\n\t" or c.isprintable() or c.isspace() or ord(c) > 0xA0 for c in cleaned)
    assert "\x1b" not in cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("\x1b[31mred\x1b[0m", "red"), ("\x1b]0;title\x07x", "x"), ("a\x00b\tc\nd\r", "ab\tc\nd"), ("\u202eabc", "abc")],
)
def test_escape_sequences_go_whole(text, cleaned):
    assert clean(text) == cleaned


@given(st.text(), st.integers(1, 40))
def test_one_line_is_one_line_of_at_most_that_width(text, width):
    line = one_line(text, width)
    assert len(line) <= width
    assert "\n" not in line


@pytest.mark.parametrize(
    ("ns", "text"), [(None, "-"), (1_400_000, "1 ms"), (999_000_000, "999 ms"), (1_500_000_000, "1.5 s")]
)
def test_durations_as_people_read_them(ns, text):
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (3_000_000_000, "3.0 GB")]
)
def test_sizes_as_people_read_them(count, text):
    assert size(count) == text
