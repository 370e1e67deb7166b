"""Streams that went on in another exchange, put together."""

import gzip
from dataclasses import replace

import pytest
from exchanges import JSON, SSE, make_exchange, sse
from msgspec import structs
from pandaprobe_proxy.dialects.resume import complete, is_stream, join_streams
from pandaprobe_proxy.model.call import Call, Marks, Message
from pandaprobe_proxy.model.exchange import Outcome


def numbered(*numbers):
    return sse([{"sequence_number": number} for number in numbers], done=False)


def streamed(body, wall_ns=0, **more):
    exchange = make_exchange(response=body, headers=more.pop("headers", SSE), **more)
    return replace(exchange, head=structs.replace(exchange.head, wall_ns=wall_ns))


def test_each_event_is_taken_once_whichever_stream_brought_it():
    joined = join_streams(streamed(numbered(0, 1, 2)), [streamed(numbered(2, 3)), streamed(numbered(1, 4))])
    assert joined.response_body == numbered(0, 1, 2, 3, 4)


def test_pieces_have_their_own_times_and_the_end_is_that_of_the_last():
    asked = streamed(numbered(0), outcome=Outcome.UPSTREAM_RESET)
    joined = join_streams(asked, [streamed(numbered(1), wall_ns=5_000)])
    assert [at_ns for at_ns, _ in joined.chunks] == [700, 5_700]
    assert sum(length for _, length in joined.chunks) == len(joined.response_body)
    assert joined.ended.outcome is Outcome.OK


def test_events_that_have_no_number_are_kept():
    others = sse(["[DONE]", {"sequence_number": None}, 'no "sequence_number"', '["sequence_number"]'], done=False)
    assert join_streams(streamed(numbered(0) + others), []).response_body == numbered(0) + others


def test_what_a_stream_left_unfinished_is_taken_from_the_last_only():
    cut = numbered(0) + b'data: {"sequence_number": 1'
    assert join_streams(streamed(cut), [streamed(numbered(1))]).response_body == numbered(0, 1)
    assert join_streams(streamed(numbered(0)), [streamed(b"data: 1")]).response_body == numbered(0) + b"data: 1"


def test_a_request_that_was_answered_with_json_gets_the_stream_that_was_fetched():
    asked = make_exchange(b'{"q": 1}', b'{"status": "queued"}')
    joined = join_streams(asked, [streamed(numbered(0))])
    assert (joined.request_body, joined.response_body, joined.response.headers) == (
        b'{"q": 1}',
        numbered(0),
        ((b"content-type", b"text/event-stream"),),
    )


def test_codings_are_undone():
    coded = gzip.compress(numbered(1))
    joined = join_streams(streamed(numbered(0)), [streamed(coded, headers=(*SSE, (b"content-encoding", b"gzip")))])
    assert joined.response_body == numbered(0, 1)


@pytest.mark.parametrize(
    "other",
    [
        make_exchange(response=None),
        make_exchange(headers=JSON),
        make_exchange(response=numbered(1), status=404, headers=SSE),
    ],
)
def test_what_is_no_stream_adds_nothing(other):
    asked = make_exchange()
    assert join_streams(asked, [other]) is asked and not is_stream(other)


def call(text="", **more):
    return Call("d", 1, "chat", output=(Message("assistant", text),), **more)


class TestComplete:
    def test_a_whole_call_stays_as_it_is(self):
        whole = call("a")
        assert complete(whole, [call("b")], None) is whole

    def test_the_newest_whole_answer_counts(self):
        found = complete(call(pending=True), [call("a"), call("b"), call(pending=True)], None)
        assert (found.output[0].text, found.pending) == ("b", False)

    def test_streams_that_are_whole_together_count_first(self):
        joined = call("joined", marks=Marks(ended=9))
        found = complete(call(partial=True), [call("b")], joined)
        assert (found.output[0].text, found.marks.ended, found.streamed, found.partial) == ("joined", 9, True, False)

    def test_what_came_of_a_stream_is_better_than_no_answer(self):
        found = complete(call(pending=True), [call(pending=True)], call("half", partial=True))
        assert (found.output[0].text, found.partial) == ("half", True)

    def test_a_whole_answer_is_better_than_half_a_stream(self):
        assert complete(call(partial=True), [call("b")], call("half", partial=True)).output[0].text == "b"

    def test_what_is_known_stays_where_the_answer_has_no_messages(self):
        found = complete(call("so far", partial=True), [Call("d", 1, "retrieve", model="m")], None)
        assert (found.output[0].text, found.partial, found.model) == ("so far", False, "m")

    def test_with_nothing_it_stays_as_it_is(self):
        asked = call(pending=True)
        assert complete(asked, [], None) is asked
