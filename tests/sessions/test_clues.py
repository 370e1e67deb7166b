import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.sessions.clues import escape, read_clues, read_visible


def values(*headers: tuple[bytes, bytes]) -> list[tuple[str, bool]]:
    return [(clue.value, clue.valid) for clue in read_clues(headers)]


def test_the_header_is_a_clue():
    assert read_clues(((b"x-PANDAPROBE-session", b" run-1 "), (b"host", b"h"))) == (
        Clue(Source.HEADER, "X-PandaProbe-Session", "run-1"),
    )


def test_the_alias_is_a_clue_that_comes_second():
    headers = ((b"X-PandaProbe-Session-Id", b"b"), (b"X-PandaProbe-Session", b"a"))
    assert [(clue.name, clue.value) for clue in read_clues(headers)] == [
        ("X-PandaProbe-Session", "a"),
        ("X-PandaProbe-Session-Id", "b"),
    ]


def test_different_values_are_all_kept_and_equal_ones_once():
    name = b"X-PandaProbe-Session"
    assert values((name, b"a"), (name, b""), (name, b"b"), (name, b"a")) == [("a", True), ("", False), ("b", True)]


def test_no_header_is_no_clue():
    assert read_clues(((b"host", b"h"),)) == ()


@pytest.mark.parametrize(
    "text", ["a", "a b", "x" * 255, "réseau", "会話", "👩‍👩‍👧", "a,b;c=d", "../../etc", "'; drop table", "é" * 255]
)
def test_visible_text_is_a_session_id(text):
    assert values((b"X-PandaProbe-Session", text.encode())) == [(text, True)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"", ""),
        (b"  \t ", "  \\t "),
        (b"a\x00b", "a\\x00b"),
        (b"a\x7fb", "a\\x7fb"),
        (b"a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u2028b".encode(), "a\\u2028b"),
        ("\u200b".encode(), "\\u200b"),
        (b"caf\xe9", "caf\\xe9"),
        (b"x" * 256, "x" * 255),
        (b"\x00" * 300, ("\\x00" * 255)[:255]),
    ],
)
def test_anything_else_is_an_invalid_clue_that_can_be_shown(value, shown):
    assert values((b"X-PandaProbe-Session", value)) == [(shown, False)]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_clue_that_fits_and_can_be_stored(value):
    ((text, valid),) = values((b"X-PandaProbe-Session", value))
    assert len(text) <= 255 and isinstance(text.encode(), bytes)
    if valid:
        assert read_visible(text) == text == value.decode().strip(" \t")


@given(st.text())
def test_what_is_visible_is_not_changed_by_reading_it_again(text):
    once = read_visible(text)
    assert once is None or read_visible(once) == once


def test_escaping_leaves_visible_text_alone():
    assert escape("sitzung ä".encode()) == "sitzung ä"
