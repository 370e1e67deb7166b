import pytest
from pandaprobe_proxy.model.exchange import (
    Assembly,
    Ended,
    Event,
    Outcome,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    assemble,
    find_header,
)

HEAD = RequestHead(
    exchange="e1",
    at_ns=1000,
    wall_ns=5_000_000,
    client="127.0.0.1:5",
    upstream="openai",
    url="https://api.openai.com/v1/chat/completions?a=b",
    method="POST",
    target=b"/v1/chat/completions?a=b?c",
    headers=((b"X-A", b"1"), (b"x-a", b"2")),
)
ANSWER = ResponseHead("e1", 1500, 200, b"OK", ((b"Content-Type", b"text/event-stream"),))
ENDED = Ended("e1", 1900, Outcome.OK, sent_ns=1300)
EVENTS: list[Event] = [
    HEAD,
    RequestBody("e1", 1100, b"as"),
    ResponseBody("e1", 1050, b""),
    RequestBody("e1", 1200, b"ked"),
    ANSWER,
    ResponseBody("e1", 1600, b"ans"),
    ResponseBody("e1", 900, b"wered"),
    ENDED,
]


def test_an_exchange_holds_what_its_events_told():
    exchange = assemble(iter(EVENTS))
    assert (exchange.head, exchange.response, exchange.ended) == (HEAD, ANSWER, ENDED)
    assert (exchange.request_body, exchange.response_body) == (b"asked", b"answered")
    assert exchange.chunks == ((50, 0), (600, 3), (0, 5)), "no moment lies before the start"
    assert exchange.request_chunks == ()


@pytest.mark.parametrize("length", range(1, len(EVENTS) + 1))
def test_events_may_be_cut_short_anywhere(length):
    exchange = assemble(EVENTS[:length])
    assert b"asked".startswith(exchange.request_body) and b"answered".startswith(exchange.response_body)
    assert exchange.outcome is (Outcome.OK if length == len(EVENTS) else Outcome.OPEN)


def test_an_upgraded_connection_keeps_the_times_of_both_directions():
    upgrade = ResponseHead("e1", 1500, 101, b"", ())
    exchange = assemble([HEAD, upgrade, RequestBody("e1", 1600, b"abc"), ResponseBody("e1", 1700, b"d")])
    assert exchange.upgraded
    assert (exchange.request_chunks, exchange.chunks) == (((600, 3),), ((700, 1),))


@pytest.mark.parametrize("events", [[], [ANSWER], [ENDED, HEAD]])
def test_an_exchange_without_its_head_first_is_refused(events):
    with pytest.raises(ValueError, match="starts with its RequestHead"):
        assemble(events)


@pytest.mark.parametrize("stranger", [HEAD, RequestBody("e2", 1, b"")])
def test_events_of_two_exchanges_are_refused(stranger):
    with pytest.raises(ValueError, match="events of another exchange"):
        assemble([HEAD, stranger])


def test_an_exchange_can_be_told_at_any_moment_and_goes_on():
    assembly = Assembly()
    for number, event in enumerate(EVENTS, 1):
        assembly.add(event)
        assert (assembly.tell(), assembly.last_ns) == (assemble(EVENTS[:number]), event.at_ns)
        assert assembly.head is HEAD
    assert assembly.pieces == 5


def test_what_was_copied_of_an_exchange_does_not_go_on():
    assembly = Assembly()
    for event in EVENTS[:-2]:
        assembly.add(event)
    told, copied = assembly.tell(), assembly.copy()
    for event in EVENTS[-2:]:
        assembly.add(event)
    assert (copied.tell(), assembly.tell()) == (told, assemble(EVENTS)) and copied.pieces < assembly.pieces
    for event in EVENTS[-2:]:
        copied.add(event)
    assert (copied.tell(), copied.last_ns) == (assemble(EVENTS), assembly.last_ns)


def test_what_is_asked_of_an_exchange_is_derived():
    exchange = assemble(EVENTS)
    assert (exchange.id, exchange.status, exchange.path) == ("e1", 200, "/v1/chat/completions")
    assert exchange.header(b"x-a") == b"1"
    assert exchange.response_header(b"content-type") == b"text/event-stream"
    assert (exchange.since_start(1900), exchange.since_start(0)) == (900, 0)
    assert not exchange.upgraded


def test_an_exchange_without_an_answer_has_no_status_and_no_headers():
    exchange = assemble([HEAD])
    assert (exchange.status, exchange.response_header(b"x"), exchange.outcome) == (None, None, Outcome.OPEN)


def test_header_names_have_no_case_and_the_first_value_counts():
    assert find_header(((b"A", b"1"), (b"B", b"2"), (b"b", b"3")), b"b") == b"2"
    assert find_header((), b"b") is None
