"""What is settled of a connection that is open."""

from itertools import product

import pytest
from exchanges import frame, make_connection, make_exchange
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.settled import find_rest, find_settled

US = 1000


@pytest.mark.parametrize(
    ("spans", "rest_ns"),
    [
        ([], None),
        ([(1, None)], None),
        ([(1, 5)], 5),
        ([(1, 5), (6, None)], 5),
        ([(1, 5), (5, None)], None),
        ([(1, 9), (2, 5), (10, 12), (11, None)], 9),
        ([(1, 9), (2, 12), (10, 11), (13, 14)], 14),
        ([(6, None), (1, 5)], 5),
    ],
)
def test_it_rests_when_everything_that_began_has_ended(spans, rest_ns):
    assert find_rest(spans) == rest_ns


def test_the_last_rest_is_the_last_moment_at_which_nothing_runs():
    spans = [(start, end) for start in range(4) for end in (None, *range(start + 1, 6))]
    for pair in product(spans, spans):
        ends = {end for _, end in pair if end is not None}
        resting = [
            end for end in ends if not any(start <= end and (stop is None or stop > end) for start, stop in pair)
        ]
        assert find_rest(pair) == max(resting, default=None), pair


def ask(text):
    return frame({"type": "response.create", "model": "m", "input": text})


def state(kind, name):
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": name}]}
    return frame({"type": f"response.{kind}", "response": {"id": name, "status": kind, "output": [item]}})


def connection(asked, answered, path="/v1/responses"):
    return make_connection(asked, answered, path, outcome=None)


ASKED = [(1 * US, ask("one")), (5 * US, ask("two"))]
ANSWERED = [(2 * US, state("created", "r1")), (3 * US, state("completed", "r1")), (6 * US, state("created", "r2"))]


def test_what_is_asked_and_not_answered_is_left_out():
    settled = find_settled(connection(ASKED, ANSWERED))
    assert (settled.request_body, settled.request_chunks) == (ask("one"), ((1 * US, len(ask("one"))),))
    assert settled.response_body == state("created", "r1") + state("completed", "r1")
    assert settled.chunks == tuple((at, len(data)) for at, data in ANSWERED[:2])
    assert [one.call.response_id for one in decode(settled).turns] == ["r1"] and settled.ended is None


def test_what_is_settled_is_found_the_same_however_much_has_come_since():
    whole = connection([*ASKED, (9 * US, ask("three"))], [*ANSWERED, (7 * US, state("completed", "r2"))])
    last = find_settled(whole)
    assert [one.call.response_id for one in decode(last).turns] == ["r1", "r2"]
    assert find_settled(last) == last
    first = decode(find_settled(connection(ASKED, ANSWERED))).turns[0]
    assert first == decode(last).turns[0]


def test_a_frame_that_is_half_there_is_left_out_with_the_time_of_its_piece():
    more = frame({"type": "rate_limits.updated"})
    answered = [ANSWERED[0], (3 * US, state("completed", "r1") + more[:2]), (3 * US + 1, more[2:4]), (9 * US, more[4:])]
    settled = find_settled(connection(ASKED[:1], answered))
    assert settled.response_body == state("created", "r1") + state("completed", "r1")
    assert settled.chunks == ((2 * US, len(state("created", "r1"))), (3 * US, len(state("completed", "r1"))))


def test_what_came_with_the_end_of_an_answer_belongs_to_it():
    more = frame({"type": "rate_limits.updated"})
    answered = [ANSWERED[0], (3 * US, state("completed", "r1") + more)]
    assert find_settled(connection(ASKED[:1], answered)).response_body.endswith(more)


def test_nothing_is_settled_where_nobody_can_tell():
    assert find_settled(connection(ASKED[:1], ANSWERED[:1])) is None
    assert find_settled(connection(ASKED, ANSWERED, path="/v1/other")) is None
    assert find_settled(connection([], [])) is None
    assert find_settled(connection([*ASKED, (6 * US, frame([1]))], ANSWERED)) is None
    assert find_settled(make_exchange(b"{}", b"{}")) is None


def realtime(*events):
    """The client asks, and is answered so; a microsecond apart."""
    told = [(at * US, frame(value)) for at, value in enumerate(events, 2)]
    return connection([(US, frame({"type": "response.create"}))], told, "/v1/realtime")


def heard(step, text, item="i1"):
    return {"type": f"conversation.item.input_audio_transcription.{step}", "item_id": item, "content_index": 0} | (
        {"delta": text} if step == "delta" else {"transcript": text}
    )


CREATED = {"type": "response.created", "response": {"id": "r1"}}
DONE = {"type": "response.done", "response": {"id": "r1", "status": "completed", "output": []}}


@pytest.mark.parametrize(
    ("events", "settled"),
    [
        ([CREATED, DONE], 2),
        ([CREATED, heard("delta", "a"), heard("completed", "ab"), DONE], 4),
        ([CREATED, heard("delta", "a"), DONE], 0),
        ([CREATED, heard("delta", "a"), DONE, heard("delta", "b"), heard("completed", "ab")], 5),
        ([CREATED, heard("delta", "a"), DONE, heard("failed", "")], 4),
        ([CREATED, heard("delta", "a"), DONE, heard("completed", "x", "i2")], 0),
        ([heard("completed", "x"), CREATED, DONE], 3),
    ],
)
def test_what_a_user_is_heard_to_say_is_settled_once_it_is_whole(events, settled):
    found = find_settled(realtime(*events))
    assert (len(found.chunks) if found else 0) == settled


def live(*events):
    told = [
        (at * US, frame({"serverContent": event} if event.keys() != {"toolCall"} else event)) for at, event in events
    ]
    asked = [(US, frame({"clientContent": {"turns": [{"parts": [{"text": "hi"}]}], "turnComplete": True}}))]
    path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    return connection(asked, told, path)


def test_a_live_answer_is_settled_once_its_turn_is_complete():
    said = {"modelTurn": {"parts": [{"text": "a"}]}}
    whole = [(2, said), (3, {"generationComplete": True}), (4, {"turnComplete": True})]
    assert [
        len(find_settled(live(*whole[:count])).chunks) if count > 2 else find_settled(live(*whole[:count]))
        for count in range(1, 4)
    ] == [None, None, 3]
    assert len(find_settled(live(*whole, (5, {"inputTranscription": {"text": "sk-"}}))).chunks) == 3
    assert len(find_settled(live(*whole, (5, {"toolCall": {"functionCalls": [{"name": "f"}]}}))).chunks) == 3
