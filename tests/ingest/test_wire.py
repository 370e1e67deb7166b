"""The SDK's JSON, read leniently."""

import pytest
from pandaprobe_proxy.ingest.wire import PostedScore, PostedSpan, PostedTrace, TraceChange
from pydantic import ValidationError

TRACE = "11111111-1111-4111-8111-111111111111"
NOON_NS = 1_767_268_800_000_000_000


@pytest.mark.parametrize(
    "moment",
    ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00", "2026-01-01T13:00:00.000000+01:00", 1_767_268_800, 1_767_268_800.0],
)
def test_a_moment_may_be_written_in_many_ways(moment):
    assert PostedTrace(trace_id=TRACE, name="t", started_at=moment).started_at == NOON_NS


@pytest.mark.parametrize("text", [TRACE, TRACE.replace("-", ""), f"urn:uuid:{TRACE}", f"{{{TRACE}}}"])
def test_an_id_is_a_uuid_in_any_form(text):
    assert PostedTrace(trace_id=text, name="t", started_at=0).trace_id == TRACE


def test_what_is_too_long_is_cut_and_what_is_unknown_is_ignored():
    posted = PostedTrace(trace_id=TRACE, name="n" * 600, session_id="s" * 300, started_at=0, new_field=1)
    assert (len(posted.name), len(posted.session_id)) == (512, 255)


@pytest.mark.parametrize(
    "wrong",
    [{"trace_id": "x"}, {"name": ""}, {"name": None}, {"status": "DONE"}, {"started_at": "soon"}, {"spans": {}}],
)
def test_what_cannot_be_understood_is_refused(wrong):
    with pytest.raises(ValidationError):
        PostedTrace(**{"trace_id": TRACE, "name": "t", "started_at": 0, **wrong})


def test_a_span_needs_an_id_a_name_and_a_start_only():
    span = PostedSpan(span_id=TRACE, name="s", started_at=0)
    assert (span.kind, span.status, span.input) == ("OTHER", "UNSET", None)


def test_a_change_says_only_what_changes():
    assert TraceChange(name="x").model_fields_set == {"name"}


def test_a_score_has_a_type():
    assert PostedScore(trace_id=TRACE, name="q", value=1).data_type == "NUMERIC"
    with pytest.raises(ValidationError):
        PostedScore(trace_id=TRACE, name="q", value=1, data_type="OTHER")
