from dataclasses import replace

from pandaprobe_proxy.capture.keep import Sizes
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.store.evaluated import to_session
from records import START_NS, make_exchange, make_keeper, make_record

S = 1_000_000_000


def said(role, text):
    return {"role": role, "content": text}


def stored(place, *records):
    place.put(*records)
    reader = place.reader()
    return to_session("s-1", reader.conversation("s-1", 100))


def test_a_stored_session_is_its_conversation_with_the_calls_that_brought_it(place):
    first = make_record([said("user", "hello")], "hi")
    more = [said("user", "hello"), said("assistant", "hi"), said("user", "bye")]
    second = make_record(more, "see you", at_ns=START_NS + S)
    session = stored(place, first, second)
    ids = [record.opened.id for record in (first, second)]
    assert [(line.text, line.call_id) for line in session.lines] == [
        ("hello", ids[0]), ("hi", ids[0]), ("bye", ids[1]), ("see you", ids[1]),
    ]  # fmt: skip
    assert [line.trace_id for line in session.lines] == [ids[0], ids[0], ids[1], ids[1]]
    assert [(step.call.usage.output, step.took_ns) for step in session.steps] == [(5, 4_000_000)] * 2
    assert (session.task_id, session.user_id) == (None, None)


def test_the_task_and_the_user_are_those_that_a_call_names(place):
    headers = ((b"X-PandaProbe-Metadata", b'{"task_id": 7, "k": "v"}'), (b"X-PandaProbe-User", b"anna"))
    session = stored(place, make_record(), make_record(headers=headers, at_ns=START_NS + S))
    assert (session.task_id, session.user_id, session.metadata["k"]) == ("7", "anna", "v")


def unanswered(outcome):
    exchange = replace(make_exchange([said("user", "hello")], outcome=outcome), response=None, response_body=b"")
    keeper = make_keeper()
    return keeper.finish(keeper.begin(exchange.head), exchange, Sizes(len(exchange.request_body), 0))


def test_a_provider_that_gave_no_answer_is_the_call_s_error(place):
    (step,) = stored(place, unanswered(Outcome.TIMEOUT)).steps
    assert step.call.error.message == "it failed"


def test_a_client_that_went_away_is_no_error_of_the_provider(place):
    assert stored(place, unanswered(Outcome.CLIENT_DISCONNECTED)).steps[0].call.error is None


def test_what_no_dialect_knows_says_nothing(place):
    other = make_record(path="/v1/unheard-of", request=b"{}", response=b"{}", outcome=Outcome.OK)
    assert stored(place, other).steps == ()
