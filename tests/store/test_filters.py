"""What a filter says, term by term, and the sentence for what it cannot mean."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.store.filters import MOST_TERMS, BadFilter, Term, parse

NOW_NS = 1_700_000_000_000_000_000
HOUR_NS = 3_600_000_000_000


def only(text):
    (term,) = parse(text, NOW_NS)
    return term


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("model:gpt-4o*", Term("model", ":", "gpt-4o*")),
        ("-tag:prod", Term("tag", ":", "prod", negated=True)),
        ('user:"ann b"', Term("user", ":", "ann b")),
        ("session:a=b", Term("session", ":", "a=b")),
        ("status:failed", Term("status", ":", "failed")),
        ("status:500", Term("status", ":", "500")),
        ("cost>0.5", Term("cost", ">", 0.5)),
        ("errors>=1", Term("errors", ">=", 1.0)),
        ("calls:3", Term("calls", "=", 3.0)),
        ("duration<2m", Term("duration", "<", 120.0)),
        ("duration>30", Term("duration", ">", 30.0)),
        ("score.tool_errors<0.5", Term("score.tool_errors", "<", 0.5)),
        ("since:2h", Term("since", ":", str(NOW_NS - 2 * HOUR_NS))),
        ("until:2023-11-14", Term("until", ":", "1699920000000000000")),
        ("since:2023-11-14T00:00:01+00:00", Term("since", ":", "1699920001000000000")),
        ("rain", Term("text", ":", "rain")),
        ('"timed out: 5 s"', Term("text", ":", "timed out: 5 s")),
        ("-", Term("text", ":", "-")),
    ],
)
def test_a_term_is_read(text, term):
    assert only(text) == term


def test_all_terms_are_read_in_order():
    assert [term.field for term in parse('model:m  errors>0 "a b" c', NOW_NS)] == ["model", "errors", "text", "text"]
    assert parse("  ", NOW_NS) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo:1", "there is no 'foo'"),
        ("model>3", "model is compared by `:`"),
        ("cost>much", "cost is compared with a number, not 'much'"),
        ("cost>nan", "not 'nan'"),
        ("status:odd", "status is one of ok"),
        ("since:yesterday", "since is a date"),
        ("since:30", "since is a date"),
        ('"open', "has no partner"),
        (" ".join(["a"] * (MOST_TERMS + 1)), "at most 20 terms"),
    ],
)
def test_what_means_nothing_is_named(text, said):
    with pytest.raises(BadFilter, match=said.replace("`", "`")):
        parse(text, NOW_NS)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_sentence(text):
    with suppress(BadFilter):
        assert all(isinstance(term, Term) for term in parse(text, NOW_NS))
