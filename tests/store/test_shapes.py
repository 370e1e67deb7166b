"""What is read from a store as JSON."""

import json
from base64 import b64encode
from hashlib import sha256

from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.model.trace import Span, SpanKind, Trace, TraceStatus
from pandaprobe_proxy.store.shapes import (
    call_json,
    hit_json,
    iso,
    items_json,
    score_json,
    session_json,
    stored_call_json,
    trace_json,
)
from records import START_NS, make_record

TRACE, SPAN = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def test_times_are_iso_8601_in_utc_to_the_microsecond():
    assert iso(START_NS + 1_234_567) == "2023-11-14T22:13:20.001234+00:00"
    assert iso(None) is None


def test_a_session_has_pandaprobes_names_and_ours_beside_them(place):
    place.put(make_record([{"role": "user", "content": "hi"}]))
    value = session_json(place.reader().session("s-1"))
    assert (value["session_id"], value["trace_count"], value["has_error"]) == ("s-1", 1, False)
    assert (value["total_tokens"], value["input_tokens"], value["calls"]) == (15, 10, 1)
    assert value["total_latency_ms"] == 4.0
    assert value["first_trace_at"] == "2023-11-14T22:13:20.000000+00:00"


def test_a_call_is_a_line_and_a_stored_call_is_whole(place):
    (record,) = place.put(make_record([{"role": "user", "content": "hi"}], "hello"))
    stored = place.reader().call(record.opened.id)
    line, whole = call_json(stored.row), stored_call_json(stored)
    assert (line["call_id"], line["latency_ms"], line["outcome"]) == (record.opened.id, 4.0, "ok")
    assert "started_ns" not in line and "raw" not in line["usage"]
    assert whole["call"]["output"][0]["content"] == "hello"
    assert whole["resolution"]["source"] == "header"
    assert whole["request"]["size"] == stored.request.size
    assert json.loads(json.dumps(whole))["request_headers"][0][0] == "X-PandaProbe-Session"


def test_a_trace_and_its_spans_have_pandaprobes_names(place):
    spans = (Span(SPAN, name="step", kind=SpanKind.TOOL, started_ns=START_NS, ended_ns=START_NS + 2_000_000),)
    place.writer.put_trace(
        Trace(TRACE, name="t", status=TraceStatus.COMPLETED, started_ns=START_NS, session_id="s", spans=spans), START_NS
    )
    value = trace_json(place.reader().trace(TRACE))
    (span,) = value["spans"]
    assert (value["trace_id"], value["session_id"], value["status"]) == (TRACE, "s", "COMPLETED")
    assert (span["kind"], span["latency_ms"], span["call_id"], span["time_to_first_token_ms"]) == (
        "TOOL",
        2.0,
        None,
        None,
    )


def test_a_list_says_how_many_it_may_hold(place):
    assert items_json([{"a": 1}], 5) == {"items": [{"a": 1}], "limit": 5}


def test_a_hit_and_a_score_are_told_plainly(place):
    place.put(make_record([{"role": "user", "content": "needle"}]))
    (hit,) = place.reader().search("needle", 5)
    assert hit_json(hit)["snippet"] == "[needle]"
    score = score_json(Score("id", "q", "1", "NUMERIC", START_NS, trace_id=TRACE))
    assert (score["name"], score["trace_id"], score["value"]) == ("q", TRACE, "1")


def test_media_in_a_calls_messages_is_told_and_not_shown(place):
    image = b64encode(bytes(2000)).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}
    (record,) = place.put(make_record([{"role": "user", "content": [part]}]))
    stored = place.reader().call(record.opened.id)
    (told,) = stored_call_json(stored)["call"]["input"][0]["content"]
    digest = sha256(bytes(2000)).hexdigest()
    assert told["image_url"]["url"] == {"type": "image/png", "bytes": 2000, "sha256": digest}
    assert stored.call.input[0].content == [part]
