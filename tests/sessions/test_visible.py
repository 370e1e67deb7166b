"""Text that can be seen, and bytes made visible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.sessions.visible import MAX_CHARS, escape, read_visible


@pytest.mark.parametrize("text", ["a", "a b", "x" * MAX_CHARS, "réseau", "会話", "👩‍👩‍👧"])
def test_visible_text_is_read_as_it_is_whether_bytes_or_not(text):
    assert read_visible(f" {text}\t") == read_visible(text.encode()) == text


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "a\x00b", "a\u2028b", "\u200b", "\ud800", b"caf\xe9"])
def test_what_cannot_be_seen_or_is_too_long_is_none(value):
    assert read_visible(value) is None


@given(st.text())
def test_what_is_visible_is_not_changed_by_reading_it_again(text):
    once = read_visible(text)
    assert once is None or read_visible(once) == once


def test_escaping_leaves_visible_text_alone():
    assert escape("sitzung ä".encode()) == "sitzung ä"


def test_what_cannot_be_seen_is_escaped_and_what_is_long_is_cut():
    assert escape(b"a\x00b\xff\xe2\x80\xa8") == "a\\x00b\\xff\\u2028"
    assert escape(b"\x00" * 300) == ("\\x00" * 255)[:MAX_CHARS]
