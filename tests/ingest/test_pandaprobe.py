"""The SDK's endpoints, asked in values and with a real store behind them."""

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pandaprobe_proxy.ingest.pandaprobe import ROUTES
from records import START_NS

TRACE, SPAN = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
NOW = "2026-01-01T12:00:00+00:00"
WIRE = Path(__file__).resolve().parents[3] / "shared" / "data" / "pandaprobe_wire"
RECORDED = sorted(WIRE.glob("[0-9]*.json"))
_ids = itertools.count(1)


@dataclass
class Asked:
    body: object
    params: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    at_ns: int = START_NS
    agent: str = "pandaprobe-python/0.6.0"

    @staticmethod
    def new_id():
        return f"id-{next(_ids)}"


def ask(place, method, path, body, **more):
    """The reply of the route that a method and a path lead to."""
    for route in ROUTES:
        names, parts = route.path.strip("/").split("/"), path.strip("/").split("/")
        fits = len(names) == len(parts) and all(n == p or n[0] == "{" for n, p in zip(names, parts, strict=False))
        if route.method == method and fits:
            params = {n.strip("{}"): p for n, p in zip(names, parts, strict=True) if n[0] == "{"}
            return route.answer(Asked(body, params, **more), place.writer)
    raise AssertionError(f"no route for {method} {path}")


def trace(**more):
    return {"trace_id": TRACE, "name": "t", "started_at": NOW, **more}


def span(span_id=SPAN, **more):
    return {"span_id": span_id, "name": "s", "started_at": NOW, **more}


def test_a_trace_is_taken_and_answered_as_the_backend_does(place):
    reply = ask(place, "POST", "/traces", trace(session_id="s", spans=[span(kind="TOOL", output={"a": 1})], tags=["x"]))
    assert (reply.status, reply.body["trace_id"]) == (202, TRACE)
    assert set(reply.body) == {"trace_id", "task_id"}
    found = place.reader().trace(TRACE)
    assert (found.session_id, found.origin, found.tags) == ("s", "sdk", ("x",))
    assert [(s.kind, s.output) for s in found.spans] == [("TOOL", {"a": 1})]


def test_the_shims_own_posts_are_known(place):
    ask(place, "POST", "/traces", trace(), agent="pandaprobe-shim/0.1.0")
    assert place.reader().trace(TRACE).origin == "shim"


def test_posting_twice_is_one_trace(place):
    for _ in range(2):
        ask(place, "POST", "/traces", trace(session_id="s", spans=[span()]))
    assert place.reader().session("s").traces == 1
    assert len(place.reader().trace(TRACE).spans) == 1


def test_spans_are_added_to_a_trace_that_is_there(place):
    assert ask(place, "POST", f"/traces/{TRACE}/spans", [span()]).status == 404
    ask(place, "POST", "/traces", trace())
    reply = ask(place, "POST", f"/traces/{TRACE}/spans", [span()])
    assert (reply.status, reply.body) == (201, {"span_ids": [SPAN]})


@pytest.mark.parametrize("count", [0, 501])
def test_too_many_or_no_spans_are_refused_in_one_sentence(place, count):
    ask(place, "POST", "/traces", trace())
    spans = [span(f"00000000-0000-4000-8000-{number:012}") for number in range(count)]
    reply = ask(place, "POST", f"/traces/{TRACE}/spans", spans)
    assert (reply.status, reply.body["detail"]) == (422, f"send 1 to 500 spans at once; these are {count}.")


def test_patching_changes_what_is_said_and_clears_what_is_null(place):
    ask(place, "POST", "/traces", trace(output="o", user_id="u", spans=[span(model="m")]))
    reply = ask(place, "PATCH", f"/traces/{TRACE}", {"name": "new", "output": None})
    assert (reply.status, reply.body["name"], reply.body["output"], reply.body["user_id"]) == (200, "new", None, "u")
    reply = ask(place, "PATCH", f"/traces/{TRACE}/spans/{SPAN}", {"model": None, "output": [1]})
    assert (reply.status, reply.body["model"], reply.body["output"]) == (200, None, [1])


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", f"/traces/{TRACE}"), ("PATCH", f"/traces/{TRACE}/spans/{SPAN}")]
)
def test_what_is_not_there_cannot_be_patched(place, method, path):
    assert ask(place, method, path, {"name": "x"}).status == 404


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"value": 0.5}, "0.5"),
        ({"value": "2"}, "2"),
        ({"value": True, "data_type": "BOOLEAN"}, "true"),
        ({"value": "FALSE", "data_type": "BOOLEAN"}, "false"),
        ({"value": "good", "data_type": "CATEGORICAL"}, "good"),
    ],
)
def test_a_score_is_kept_as_text_with_its_type(place, given, kept):
    reply = ask(place, "POST", "/evaluations/trace-scores", {"trace_id": TRACE, "name": "q", **given})
    assert (reply.status, reply.body["value"]) == (201, kept)
    (score,) = place.reader().scores(trace_id=TRACE)
    assert (score.value, score.name, score.source) == (kept, "q", "PROGRAMMATIC")


@pytest.mark.parametrize("given", [{"value": "x"}, {"value": "nan"}, {"value": "maybe", "data_type": "BOOLEAN"}])
def test_a_score_that_its_type_does_not_allow_is_refused(place, given):
    reply = ask(place, "POST", "/evaluations/trace-scores", {"trace_id": TRACE, "name": "q", **given})
    assert (reply.status, reply.body["errors"][0]["field"]) == (422, "value")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "trace_id"), (trace(name=""), "name"), (trace(spans=[{}]), "spans -> 0 -> span_id"), ([], "body")],
)
def test_what_does_not_validate_is_told_field_by_field(place, body, field):
    reply = ask(place, "POST", "/traces", body)
    assert (reply.status, reply.body["detail"]) == (422, "Validation error")
    assert field in [error["field"] for error in reply.body["errors"]]
    assert place.reader().counts().sessions == 0


@pytest.mark.skipif(not RECORDED, reason="needs the recorded posts of the official SDK")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_everything_that_the_official_sdk_posts_is_taken(place, path):
    posts = [post for post in json.loads(path.read_text())["sink_requests"] if isinstance(post["body"], dict | list)]
    known = set()
    for post in posts:
        named = post["path"].split("/")[2] if post["path"].startswith("/traces/") else None
        status = ask(place, post["method"], post["path"], post["body"]).status
        assert status < 300 or (status == 404 and named not in known)
        known |= {post["body"]["trace_id"] if post["path"] == "/traces" else named} if status < 300 else set()
    reader = place.reader()
    traces = {post["body"]["trace_id"]: post["body"] for post in posts if post["path"] == "/traces"}
    for trace_id, body in traces.items():
        found = reader.trace(trace_id)
        assert {span["span_id"] for span in body.get("spans") or []} <= {span.span_id for span in found.spans}
        assert (found.name, found.input) == (body["name"], body.get("input"))
        if body.get("session_id"):
            assert found.session_id == body["session_id"]
