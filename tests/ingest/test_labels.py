"""`POST /scores`, asked in values and with a real store behind it."""

import itertools
from dataclasses import dataclass

import pytest
from pandaprobe_proxy.ingest.labels import ROUTES
from pandaprobe_proxy.store.errors import Refused
from pandaprobe_proxy.store.labels import Sought
from records import START_NS, make_record

_ids = itertools.count(1)


@dataclass
class Asked:
    body: object
    at_ns: int = START_NS

    @staticmethod
    def new_id():
        return f"id-{next(_ids)}"


def post(place, **body):
    return ROUTES[0].answer(Asked(body), place.writer)


def test_a_score_of_a_session_is_kept_with_who_gave_it_and_why(place):
    place.put(make_record())
    reply = post(
        place, session_id="s-1", name="success", value=True, author="anna", source="ANNOTATION", reason="it works"
    )
    assert (reply.status, reply.body["value"], reply.body["data_type"]) == (201, "true", "BOOLEAN")
    (score,) = place.reader().labels(Sought(session_id="s-1"), 9)
    assert (score.name, score.author, score.source, score.reason) == ("success", "anna", "ANNOTATION", "it works")


@pytest.mark.parametrize(
    ("value", "kind", "kept"),
    [(0.5, "NUMERIC", "0.5"), ("False", "BOOLEAN", "false"), ("so-so", "CATEGORICAL", "so-so")],
)
def test_the_type_is_what_the_value_looks_like(place, value, kind, kept):
    body = post(place, trace_id="t", name="n", value=value).body
    assert (body["data_type"], body["value"], body["trace_id"]) == (kind, kept, "t")
    assert post(place, trace_id="t", name="n", value="1", data_type="CATEGORICAL").body["data_type"] == "CATEGORICAL"


def test_a_score_of_a_span_is_in_its_trace(place):
    (record,) = place.put(make_record())
    body = post(place, span_id=record.opened.id, name="n", value=1).body
    assert (body["span_id"], body["trace_id"]) == (record.opened.id, record.opened.id)
    with pytest.raises(Refused, match="there is no span gone"):
        post(place, span_id="gone", name="n", value=1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"session_id": "s", "trace_id": "t", "name": "n", "value": 1}, "body"),
        ({"name": "n", "value": 1}, "body"),
        ({"session_id": "s", "name": "n", "value": "x", "data_type": "NUMERIC"}, "value"),
        ({"session_id": "s", "name": "n", "value": "x" * 256}, "value"),
        ({"session_id": "s", "name": "", "value": 1}, "name"),
        ({"session_id": "s", "name": "n", "value": 1, "source": "AUTOMATED"}, "source"),
        ({"session_id": "s", "name": "n", "value": 1, "colour": "red"}, "colour"),
    ],
)
def test_what_is_no_score_is_told_by_field_and_not_kept(place, body, field):
    reply = post(place, **body)
    assert (reply.status, reply.body["errors"][0]["field"]) == (422, field)
    assert place.reader().labels(Sought(), 9) == []
