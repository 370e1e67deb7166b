"""What is settled of a connection that is open."""

import json
from dataclasses import replace
from itertools import product

import pytest
from exchanges import make_exchange
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.settled import find_rest, find_settled
from pandaprobe_proxy.dialects.sockets import SocketTurn
from pandaprobe_proxy.wire.websocket import TEXT, write_frame

US = 1000


def turn(started_ns, ended_ns):
    return SocketTurn(Asked(), Answered(), started_ns, ended_ns)


@pytest.mark.parametrize(
    ("turns", "rest_ns"),
    [
        ([], None),
        ([turn(1, None)], None),
        ([turn(1, 5)], 5),
        ([turn(1, 5), turn(6, None)], 5),
        ([turn(1, 5), turn(5, None)], None),
        ([turn(1, 9), turn(2, 5), turn(10, 12), turn(11, None)], 9),
        ([turn(1, 9), turn(2, 12), turn(10, 11), turn(13, 14)], 14),
        ([turn(6, None), turn(1, 5)], 5),
    ],
)
def test_it_rests_when_everything_that_began_has_ended(turns, rest_ns):
    assert find_rest(turns) == rest_ns


def test_the_last_rest_is_the_last_moment_at_which_nothing_runs():
    spans = [(start, end) for start in range(4) for end in (None, *range(start + 1, 6))]
    for first, second in product(spans, spans):
        turns = [turn(*first), turn(*second)]
        resting = [
            end
            for end in range(6)
            if end in (first[1], second[1])
            and not any(start <= end and (stop is None or stop > end) for start, stop in (first, second))
        ]
        assert find_rest(turns) == max(resting, default=None), turns


def frame(value):
    return write_frame(TEXT, json.dumps(value).encode())


def ask(text):
    return frame({"type": "response.create", "model": "m", "input": text})


def state(kind, name):
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": name}]}
    return frame({"type": f"response.{kind}", "response": {"id": name, "status": kind, "output": [item]}})


def connection(asked, answered, path="/v1/responses"):
    """(time, bytes) of either side, as an exchange that is open."""
    exchange = make_exchange(
        b"".join(data for _, data in asked),
        b"".join(data for _, data in answered),
        method="GET",
        path=path,
        status=101,
        chunks=tuple((at, len(data)) for at, data in answered),
    )
    return replace(exchange, request_chunks=tuple((at, len(data)) for at, data in asked), ended=None)


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
