"""Tries of one call, and answers that were fetched later."""

import json
from dataclasses import replace

import held
import pytest
from held import asking, fetching, stream
from pandaprobe_proxy.dialects import registry
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.pricing.own import Price
from pandaprobe_proxy.pricing.price import Prices
from records import START_NS, make_keeper, make_record

S = 1_000_000_000


@pytest.fixture(autouse=True)
def _held(monkeypatch):
    monkeypatch.setattr(registry, "DIALECTS", (held.HELD, *registry.DIALECTS))


def attempt(number=None, at_s=0, status=200, text="q", **more):
    """A chat call; `number` is what the client counts."""
    counted = ((b"x-stainless-retry-count", str(number).encode()),) if number is not None else ()
    record = make_record(
        [{"role": "user", "content": text}],
        session=more.get("session"),
        at_ns=START_NS + at_s * S,
        headers=(*counted, *more.get("headers", ())),
        outcome=Outcome.OK if status == 200 else Outcome.UPSTREAM_ERROR,
    )
    return record if status == 200 else replace(record, status=status, call=None)


def rows(place, *records):
    return [place.reader().call(record.opened.id).row for record in records]


def tries(place, *records):
    return [(row.attempt, row.attempt_of, row.attempt_inferred) for row in rows(place, *records)]


class TestAttempts:
    def test_counted_tries_are_tied_within_one_batch(self, place):
        records = place.put(attempt(0, status=429), attempt(1, 2, 503), attempt(2, 6))
        first = records[0].opened.id
        assert tries(place, *records) == [(0, None, False), (1, first, False), (2, first, False)]

    def test_and_over_batches_and_another_life_of_the_writer(self, place):
        (one,) = place.put(attempt(0, status=500))
        place.again()
        (two,) = place.put(attempt(1, 2))
        assert tries(place, two) == [(1, one.opened.id, False)]

    def test_a_try_goes_to_the_session_of_the_first_and_says_so(self, place):
        one, two = place.put(attempt(0, status=500), attempt(1, 2))
        stored = place.reader().call(two.opened.id)
        assert stored.row.session_id == f"call-{one.opened.id}"
        assert (stored.resolution.source, stored.resolution.confidence) == (Source.ATTEMPT, 0.9)
        assert [clue.value for clue in stored.resolution.clues] == [one.opened.id]
        (session,) = place.reader().sessions(9)
        assert (session.calls, session.errors, session.traces, session.open_calls) == (2, 1, 2, 0)
        assert (session.retries, session.recovered, session.input_tokens) == (1, 1, 10)
        assert (session.models, session.last_ns) == (("m",), START_NS + 2 * S + 4_000_000)
        assert place.reader().search("fine", 9)[0].session_id == session.session_id

    def test_a_session_that_was_said_stays(self, place):
        _, two = place.put(attempt(0, status=500, session="a"), attempt(1, 2, session="b"))
        (row,) = rows(place, two)
        assert (row.session_id, row.source, row.attempt) == ("b", "header", 1)

    def test_two_calls_that_fail_alike_have_a_chain_each(self, place):
        one, other = place.put(attempt(0, status=500), attempt(0, 1, 500))
        place.put(third := attempt(1, 2), fourth := attempt(1, 3))
        assert {row.attempt_of for row in rows(place, third, fourth)} == {one.opened.id, other.opened.id}

    def test_the_same_body_after_a_failure_is_inferred_and_after_a_success_is_not(self, place):
        one, two, three = place.put(attempt(status=503), attempt(at_s=5), attempt(at_s=7))
        assert tries(place, two, three) == [(1, one.opened.id, True), (0, None, False)]
        assert rows(place, two)[0].confidence == 0.6

    def test_another_body_client_or_credential_is_another_call(self, place):
        key = ((b"Authorization", b"Bearer of-somebody-else"),)
        records = (attempt(1, 1, text="p"), attempt(1, 1, headers=key), attempt(1, 1, headers=((b"User-Agent", b"x"),)))
        place.put(attempt(0, status=500), *records)
        assert {row.attempt_of for row in rows(place, *records[:2])} == {None}

    def test_a_name_of_the_client_ties_tries_whatever_their_bodies(self, place):
        named = {"headers": ((b"amz-sdk-invocation-id", b"i"), (b"amz-sdk-request", b"attempt=1; max=3"))}
        again = {"headers": ((b"amz-sdk-invocation-id", b"i"), (b"amz-sdk-request", b"attempt=2; max=3"))}
        one, two = place.put(attempt(status=500, **named), attempt(at_s=1, text="p", **again))
        assert tries(place, two) == [(1, one.opened.id, False)]

    def test_a_try_whose_first_was_never_seen_is_one_of_nothing(self, place):
        (two,) = place.put(attempt(2))
        assert tries(place, two) == [(2, None, False)]


class TestAnswers:
    def test_a_run_that_is_answered_later_counts_once_and_where_it_was_asked_for(self, place):
        asked, *polls = place.put(
            asking("q", status="queued"),
            fetching(status="queued", at_s=1, session=None),
            fetching(answer="four", at_s=2, session=None),
            fetching(answer="four", at_s=3, session=None),
        )
        row, *others = rows(place, asked, *polls)
        assert (row.pending, row.usage.output, row.finish_reason, row.model) == (False, 4, "stop", "m-1")
        assert row.ended_ns == polls[1].ended_ns
        assert [(other.usage.output, other.retrieves) for other in others] == [(None, asked.opened.id)] * 3
        assert {(other.session_id, other.source) for other in others} == {("s-1", "retrieved")}
        (session,) = place.reader().sessions(9)
        assert (session.calls, session.input_tokens, session.output_tokens, session.errors) == (4, 10, 4, 0)

    def test_a_poll_without_an_answer_changes_nothing(self, place):
        asked, _ = place.put(asking("q", status="queued"), fetching(status="queued", at_s=1))
        (row,) = rows(place, asked)
        assert (row.pending, row.ended_ns) == (True, asked.ended_ns)

    def test_what_is_fetched_with_another_credential_is_no_answer(self, place):
        asked, other = place.put(asking("q", status="queued"), fetching(answer="four", at_s=1, key="of-somebody-else"))
        row, strange = rows(place, asked, other)
        assert (row.pending, strange.retrieves, strange.usage.output) == (True, None, 4)

    def test_without_the_call_that_asked_the_first_that_fetches_counts(self, place):
        records = place.put(fetching(answer="four"), fetching(answer="four", at_s=1))
        assert [row.usage.output for row in rows(place, *records)] == [4, None]
        assert place.reader().session("s-1").output_tokens == 4

    def test_an_answer_that_is_fetched_while_the_call_goes_on_becomes_its_own_when_it_ends(self, place):
        (early,) = place.put(fetching(answer="four", at_s=1))
        (asked,) = place.put(asking("q", stream=stream(0, ["fo"]), outcome=Outcome.CLIENT_DISCONNECTED))
        row, other = rows(place, asked, early)
        assert (row.usage.output, row.outcome, other.usage.output, other.retrieves) == (4, "ok", None, asked.opened.id)
        assert place.reader().session("s-1").output_tokens == 4

    def test_fetching_an_answer_that_is_whole_already_adds_nothing(self, place):
        asked, other = place.put(asking("q", answer="four"), fetching(answer="four", at_s=9))
        row, fetched = rows(place, asked, other)
        assert (row.ended_ns, fetched.usage.output) == (asked.ended_ns, None)
        assert place.reader().session("s-1").output_tokens == 4

    def test_every_exchange_stays_as_it_was(self, place):
        _, poll = place.put(asking("q", status="queued"), fetching(answer="four", at_s=1))
        assert b'"text": "four"' in place.reader().call(poll.opened.id).response.data


def told(path, body, at_s=0, type=b"application/json"):
    """The Record of a call that is answered with that body."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return make_record((), path=path, request=b"{}", response=body, type=type, at_ns=START_NS + at_s * S)


RUN = {"id": "run_1", "object": "thread.run", "thread_id": "t", "model": "m", "usage": None}
OVER = RUN | {"status": "completed", "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}}
WAITING = RUN | {
    "status": "requires_action",
    "required_action": {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        },
    },
}


class TestRuns:
    def test_a_run_that_is_polled_counts_once(self, place):
        poll = "/v1/threads/t/runs/run_1"
        asked, *polls = place.put(
            told("/v1/threads/t/runs", RUN | {"status": "queued"}),
            told(poll, RUN | {"status": "in_progress"}, 1),
            told(poll, OVER, 2),
            told(poll, OVER, 3),
        )
        row, *others = rows(place, asked, *polls)
        assert (row.pending, row.usage.input, row.usage.output) == (False, 20, 5)
        assert {(other.retrieves, other.usage.output) for other in others} == {(asked.opened.id, None)}
        (session,) = place.reader().sessions(9)
        assert (session.calls, session.input_tokens, session.output_tokens) == (4, 20, 5)

    def test_each_part_of_a_run_that_waits_for_tools_has_its_own_answer(self, place):
        poll = "/v1/threads/t/runs/run_1"
        asked, first, given, second, third = place.put(
            told("/v1/threads/t/runs", RUN | {"status": "queued"}),
            told(poll, WAITING, 1),
            told(f"{poll}/submit_tool_outputs", RUN | {"status": "queued"}, 2),
            told(poll, OVER, 3),
            told(poll, OVER, 4),
        )
        row, went_on = rows(place, asked, given)
        assert (row.pending, row.finish_reason, row.usage.output) == (False, "requires_action", None)
        assert (went_on.pending, went_on.usage.output) == (False, 5)
        ids = [other.retrieves for other in rows(place, first, second, third)]
        assert ids == [asked.opened.id, given.opened.id, given.opened.id]
        assert place.reader().session("s-1").output_tokens == 5
        shown = place.reader().call(asked.opened.id).call
        assert shown.output[0].tool_calls[0].name == "f"

    def test_the_results_of_a_batch_count_once_and_are_its_answers(self, place):
        batch = {"id": "b_1", "type": "message_batch", "processing_status": "in_progress"}
        message = {
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "Paris."}],
            "usage": {"input_tokens": 3, "output_tokens": 4},
        }
        line = json.dumps({"custom_id": "a", "result": {"type": "succeeded", "message": message}}).encode()
        paths, lines = "/v1/messages/batches", b"application/x-jsonl"
        asked, *others = place.put(
            told(paths, batch),
            told(f"{paths}/b_1", batch | {"processing_status": "ended"}, 1),
            told(f"{paths}/b_1/results", line, 2, lines),
            told(f"{paths}/b_1/results", line, 3, lines),
        )
        row, *fetched = rows(place, asked, *others)
        assert (row.pending, row.usage.output) == (False, 4)
        assert {(other.retrieves, other.usage.output) for other in fetched} == {(asked.opened.id, None)}
        assert place.reader().session("s-1").output_tokens == 4
        assert [said.text for said in place.reader().call(asked.opened.id).call.output] == ["Paris."]

    def test_the_price_of_a_run_comes_with_its_answer(self, place):
        keeper = make_keeper(pricing=Prices({"m": Price(input=1, output=2)}).price)
        asked, *_ = place.put(
            make_record(
                (), keeper=keeper, path="/v1/threads/t/runs", response=json.dumps(RUN | {"status": "queued"}).encode()
            ),
            make_record(
                (),
                keeper=keeper,
                path="/v1/threads/t/runs/run_1",
                response=json.dumps(OVER).encode(),
                at_ns=START_NS + S,
            ),
        )
        assert rows(place, asked)[0].cost.total == pytest.approx(30e-6)
        assert place.reader().session("s-1").unpriced == 0
