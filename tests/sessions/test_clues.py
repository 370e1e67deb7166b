import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.sessions.clues import MOST_CLUES, read_clues
from pandaprobe_proxy.sessions.ladder import IN_HEADERS, NEVER, Where
from pandaprobe_proxy.sessions.visible import read_visible


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


UUID = "0190b7a0-1111-7000-8000-000000000001"
OTHER = "0190b7a0-2222-7000-8000-000000000002"


def read(*headers: tuple[str, str], extra: tuple[str, ...] = ()) -> tuple[Clue, ...]:
    return read_clues(tuple((name.encode(), value.encode()) for name, value in headers), extra)


def used(*headers: tuple[str, str], extra: tuple[str, ...] = ()) -> str | None:
    return next((clue.value for clue in read(*headers, extra=extra) if clue.valid), None)


@pytest.mark.parametrize(
    "name", [rung.name for rung in IN_HEADERS if rung.where is Where.HEADER and not rung.field and rung.confidence]
)
def test_every_header_of_the_ladder_names_a_session_in_any_case(name):
    sent = name.replace("VENDOR", "acme")
    for written in (sent.lower(), sent.upper(), sent):
        (clue,) = read((written, UUID))
        assert (clue.source, clue.value, clue.valid) == (Source.AGENT, UUID, True)
        assert clue.name.lower() == sent.lower() and 0 < clue.confidence < 1


def test_all_candidates_are_kept_in_the_order_of_the_ladder_whatever_the_order_on_the_wire():
    sent = (
        ("session_id", "bare-name-1"),
        ("X-Acme-Session-Id", "a-vendor-1"),
        ("Helicone-Session-Id", "a-peer-1"),
        ("baggage", "session.id=in-baggage"),
        ("X-Claude-Code-Session-Id", UUID),
        ("X-My-Run", "my-own"),
        ("X-PandaProbe-Session", "ours"),
    )
    clues = read(*sent, extra=("x-my-run",))
    assert [clue.value for clue in clues] == [
        "ours",
        "my-own",
        "in-baggage",
        UUID,
        "a-peer-1",
        "a-vendor-1",
        "bare-name-1",
    ]
    assert [clue.source for clue in clues] == [
        Source.HEADER, Source.HEADER, Source.BAGGAGE, Source.AGENT, Source.AGENT, Source.AGENT, Source.AGENT,
    ]  # fmt: skip
    assert [clue.confidence for clue in clues] == sorted((clue.confidence for clue in clues), reverse=True)


def test_a_name_of_the_users_own_is_as_sure_as_ours_and_counts_once():
    assert read(("X-Session-Id", "s-1"), extra=("x-session-id",)) == (Clue(Source.HEADER, "x-session-id", "s-1"),)
    assert used(("X-Task-Id", "t-1"), extra=("X-Task-Id",)) == "t-1"
    (clue,) = read(("X-Acme-Session-Id", "s-1"), extra=("x-acme-session-id",))
    assert (clue.source, clue.confidence) == (Source.HEADER, 1.0)


def test_litellms_trace_is_stronger_than_its_session():
    assert used(("x-litellm-session-id", "s-1"), ("x-litellm-trace-id", "t-1")) == "t-1"


@pytest.mark.parametrize("name", sorted(NEVER))
def test_an_id_of_one_request_is_no_session_and_no_clue(name):
    assert read((name, UUID)) == ()


def test_a_header_that_anybody_uses_for_a_task_captures_nothing():
    assert read(("X-Task-Id", "nightly"), ("X-Client-Request-Id", UUID), ("traceparent", "00-1-2-01")) == ()


def test_the_id_of_one_question_is_a_hint():
    (clue,) = read(("x-interaction-id", UUID))
    assert (clue.valid, clue.confidence) == (False, 0)


@pytest.mark.parametrize("value", ["default", "NULL", "undefined", "None", "0", "[object Object]", "-"])
@pytest.mark.parametrize("name", ["X-Session-Id", "Helicone-Session-Id", "X-Claude-Code-Session-Id", "X-My-Run"])
def test_a_word_for_no_session_is_kept_and_never_joins_strangers(name, value):
    (clue,) = read((name, value), extra=("X-My-Run",))
    assert (clue.value, clue.valid) == (value, False)


def test_under_our_own_name_every_text_is_meant():
    assert used(("X-PandaProbe-Session", "default")) == "default"


@pytest.mark.parametrize("name", ["X-Acme-Session-Id", "session_id", "Session-Id", "Thread-Id", "conversation_id"])
@pytest.mark.parametrize("value", ["short", "with space 1234", "a.b.c.d.e.f", "ümlaut-ümlaut"])
def test_a_name_that_may_mean_anything_must_have_a_value_that_looks_like_an_id(name, value):
    assert [clue.valid for clue in read((name, value))] == [False]
    assert used((name, "ses_0123abcDEF")) == "ses_0123abcDEF"


def test_codex_tells_its_session_and_thread_in_json():
    told = json.dumps({"turn_id": "t", "session_id": UUID, "thread_id": OTHER})
    clues = read(("x-codex-turn-metadata", told))
    assert [(clue.name, clue.value, clue.valid) for clue in clues] == [
        ("X-Codex-Turn-Metadata.session_id", UUID, True),
        ("X-Codex-Turn-Metadata.thread_id", OTHER, True),
    ]


@pytest.mark.parametrize("told", ["", "{", "[]", '"s"', '{"session_id": 7}', '{"turn_id": "t"}'])
def test_codex_may_tell_nothing(told):
    assert read(("x-codex-turn-metadata", told)) == ()


def test_half_a_character_in_json_is_an_invalid_clue():
    (clue,) = read(("x-codex-turn-metadata", '{"session_id": "\\ud800"}'))
    assert (clue.value, clue.valid) == ("\\xed\\xa0\\x80", False)


@pytest.mark.parametrize(
    ("baggage", "session"),
    [
        ("session.id=s-1", "s-1"),
        ("user.id=u, session.id = a%20b ;p=1", "a b"),
        ("gen_ai.conversation.id=c-1,session.id=s-1", "s-1"),
        ("gen_ai.conversation.id=c-1", "c-1"),
        ("session.id=null,gen_ai.conversation.id=c-1", "c-1"),
        ("session.id=%FF", None),
        ("Session.Id=s-1", None),
        ("session.id", None),
    ],
)
def test_baggage_names_a_session(baggage, session):
    assert used(("baggage", baggage)) == session


def test_baggage_of_another_name_is_none():
    assert read(("baggage", "user.id=u-1"), ("session.id", "a-header-1")) == ()


def test_clues_are_bounded_and_the_first_valid_one_is_never_cut():
    junk = tuple(("X-PandaProbe-Session", "\t" + "\x01" * (number + 1)) for number in range(100))
    clues = read(*junk, ("X-Session-Id", "s-1"), ("X-Session-Affinity", "s-2"))
    assert len(clues) == MOST_CLUES and [clue.value for clue in clues if clue.valid] == ["s-1"]
    many = read(*(("X-PandaProbe-Session", f"s-{number}") for number in range(100)))
    assert len(many) == MOST_CLUES and many[0].value == "s-0"
    assert len(read(*junk)) == MOST_CLUES


def test_nothing_is_remembered_from_one_call_to_the_next():
    assert used(("X-Claude-Code-Session-Id", UUID)) == UUID
    assert read() == ()


NAMES = st.sampled_from([rung.name for rung in IN_HEADERS] + ["baggage", "x-task-id", "X-PandaProbe-Session"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=40))
def test_any_headers_give_clues_that_can_be_stored(headers):
    clues = read_clues(tuple((name.encode(), value) for name, value in headers), ("X-My-Run",))
    assert len(clues) <= MOST_CLUES and len({(clue.name.lower(), clue.value) for clue in clues}) == len(clues)
    assert all(len(clue.value.encode()) <= 4 * 255 and clue.name for clue in clues)
