"""Each term of a filter, over sessions and over calls that were recorded."""

import pytest
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.filters import parse
from pandaprobe_proxy.store.judged import Judged
from records import START_NS, make_record

SECOND_NS = 1_000_000_000
TOOL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
}
HEADERS = ((b"X-PandaProbe-User", b"ann"), (b"X-PandaProbe-Tags", b"prod,eu"))


@pytest.fixture
def filled(place):
    """`good`: two calls of ann, tagged; `bad`: one that failed, 10 s later; `odd`: of a strange name."""
    asked = [{"role": "user", "content": "umbrella today?"}]
    first = make_record(asked, TOOL, session="good", model="gpt-4o-mini", headers=HEADERS)
    second = make_record(session="good", model="o1", at_ns=START_NS + 5 * SECOND_NS)
    failed = make_record(session="bad", at_ns=START_NS + 10 * SECOND_NS, outcome=Outcome.UPSTREAM_ERROR)
    odd = make_record(session="o[d]?", at_ns=START_NS + 20 * SECOND_NS)
    place.put(first, second, failed, odd)
    place.writer.put_judged([Judged("good", "x", "", Judgement("risk", 1, 0.25, "low"), START_NS)])
    return place


def sessions(place, text):
    page = place.reader().list_sessions(parse(text, START_NS + 30 * SECOND_NS), "last", 50)
    return {line.row.session_id for line in page.items}


def calls(place, text):
    page = place.reader().list_calls(parse(text, START_NS + 30 * SECOND_NS), None, 50)
    return [call.session_id for call in reversed(page.items)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"good", "bad", "o[d]?"}),
        ("model:gpt-4o*", {"good"}),
        ("model:gpt-4o", set()),
        ("-model:m", {"good"}),
        ("status:failed", {"bad"}),
        ("status:ok", {"good", "o[d]?"}),
        ("status:open", set()),
        ("status:idle", set()),
        ("status:closed", set()),
        ("status:200", {"good", "bad", "o[d]?"}),
        ("status:500", set()),
        ("tag:prod", {"good"}),
        ("-tag:prod", {"bad", "o[d]?"}),
        ("user:a*", {"good"}),
        ("session:o[d]?", {"o[d]?"}),
        ("session:*o*d*", {"good", "o[d]?"}),
        ("source:header", {"good", "bad", "o[d]?"}),
        ("provider:openai", {"good", "bad", "o[d]?"}),
        ("agent:x", set()),
        ("tool:get_weather", {"good"}),
        ("umbrella", {"good"}),
        ('"umbrella today"', {"good"}),
        ("-umbrella", {"bad", "o[d]?"}),
        ("!?", set()),
        ("calls>=2", {"good"}),
        ("errors>0", {"bad"}),
        ("tokens>15", {"good"}),
        ("cost=0", {"good", "bad", "o[d]?"}),
        ("duration>4s", {"good"}),
        ("since:15s", {"o[d]?"}),
        ("until:15s", {"good", "bad"}),
        ("score.risk<0.5", {"good"}),
        ("-score.risk<0.5", {"bad", "o[d]?"}),
        ("model:o1 user:ann", {"good"}),
        ("model:o1 -user:ann", set()),
    ],
)
def test_sessions_are_chosen(filled, text, found):
    assert sessions(filled, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model:gpt*", ["good"]),
        ("status:failed", ["bad"]),
        ("status:ok", ["good", "good", "o[d]?"]),
        ("status:open", []),
        ("status:idle", []),
        ("status:closed", []),
        ("status:200", ["good", "good", "bad", "o[d]?"]),
        ("errors=1", ["bad"]),
        ("tag:eu", ["good"]),
        ("user:ann", ["good", "good"]),
        ("session:bad", ["bad"]),
        ("source:header calls>1", ["good", "good"]),
        ("agent:x", []),
        ("provider:open*", ["good", "good", "bad", "o[d]?"]),
        ("umbrella", ["good"]),
        ("tool:get_weather", ["good"]),
        ("tokens=15 cost>0", []),
        ("duration<1", ["good", "good", "bad", "o[d]?"]),
        ("since:22s until:15s", ["bad"]),
        ("score.risk<0.5", ["good", "good"]),
    ],
)
def test_calls_are_chosen(filled, text, found):
    assert calls(filled, text) == found
