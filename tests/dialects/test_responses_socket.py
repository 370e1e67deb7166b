"""Responses over WebSocket as turns."""

import json

import pytest
import recorded
from pandaprobe_proxy.dialects.responses_socket import SOCKET, matches, read_turns
from pandaprobe_proxy.dialects.sockets import SocketMessage
from pandaprobe_proxy.model.call import CallError


def talk(*steps):
    """Messages a nanosecond apart; those that the client sent are in a tuple."""
    return [
        SocketMessage(isinstance(step, tuple), at, step[0] if isinstance(step, tuple) else step)
        for at, step in enumerate(steps)
    ]


def create(text, lane=None, **fields):
    said = {"type": "response.create", "model": "m", "input": text, **fields}
    return (said | ({"stream_id": lane} if lane else {}),)


def event(kind, lane=None, **fields):
    return {"type": f"response.{kind}", **fields} | ({"stream_id": lane} if lane else {})


def state(kind, name, lane=None, **fields):
    return event(kind, lane, response={"id": name, "status": kind, "model": "m-1", **fields})


def answer(name, text, lane=None):
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    return [
        state("created", name, lane),
        event("output_text.delta", lane, output_index=0, content_index=0, delta=text),
        state("completed", name, lane, output=[item], usage=usage),
    ]


def said(turn):
    return [message.text for message in (*turn.asked.messages, *turn.answered.messages)]


def test_each_request_is_a_turn_that_names_what_it_goes_on_from():
    first, second = read_turns(
        talk(create("one"), *answer("r1", "1"), create("two", previous_response_id="r1"), *answer("r2", "2"))
    )
    assert (said(first), said(second)) == (["one", "1"], ["two", "2"])
    assert (first.answered.response_id, second.asked.previous_id, second.asked.model) == ("r1", "r1", "m")
    assert (first.started_ns, first.first_content_ns, first.ended_ns, first.first_tool_ns) == (0, 2, 3, None)
    assert (first.answered.usage.input, first.answered.model, first.asked.stream) == (3, "m-1", True)
    assert "type" not in first.asked.parameters


def test_what_only_warms_the_cache_is_told_as_that():
    warm, real = read_turns(
        talk(
            create("system", generate=False),
            state("created", "r1"),
            state("completed", "r1", output=[]),
            create("go", previous_response_id="r1"),
            *answer("r2", "gone"),
        )
    )
    assert (warm.asked.operation, warm.answered.response_id, warm.answered.messages) == ("prewarm", "r1", ())
    assert (real.asked.operation, real.asked.previous_id, said(real)) == (None, "r1", ["go", "gone"])


def test_lanes_interleave():
    a, b = answer("ra", "A", "a"), answer("rb", "B", "b")
    steps = [step for pair in zip(b, a, strict=True) for step in pair]
    first, second = read_turns(talk(create("for a", "a"), create("for b", "b"), *steps))
    assert (said(first), said(second)) == (["for a", "A"], ["for b", "B"])


def test_within_a_lane_answers_come_in_the_order_of_what_was_asked():
    turns = read_turns(talk(create("one"), create("two"), *answer("r1", "1"), *answer("r2", "2")))
    assert [said(turn) for turn in turns] == [["one", "1"], ["two", "2"]]


def test_an_error_ends_the_turn_that_it_is_of():
    error = {"type": "error", "status": 400, "error": {"type": "t", "code": "c", "message": "no"}}
    refused, broken, later = read_turns(
        talk(create("one"), error, create("two"), state("created", "r2"), error, create("three"), *answer("r3", "3"))
    )
    assert refused.answered.error == broken.answered.error == CallError("no", "t", "c")
    assert (refused.answered.finished, refused.ended_ns, broken.answered.response_id) == (True, 1, "r2")
    assert (later.answered.error, said(later)) == (None, ["three", "3"])
    assert read_turns(talk(error)) == []


def test_a_terminal_event_may_follow_an_error():
    error = {"type": "error", "error": {"message": "no"}}
    (turn,) = read_turns(
        talk(create("one"), state("created", "r1"), error, state("failed", "r1", error={"message": "x"}))
    )
    assert (turn.ended_ns, turn.answered.error.message) == (3, "x")


@pytest.mark.parametrize("status", ["incomplete", "cancelled"])
def test_how_an_answer_ended_is_why_it_ended(status):
    (turn,) = read_turns(talk(create("q"), *answer("r1", "a")[:2], state(status, "r1", output=[])))
    assert turn.answered.finished and turn.answered.extra["status"] == status


def test_a_socket_that_closes_in_the_middle_leaves_what_came():
    whole = talk(create("q"), *answer("r1", "abc"))
    for end in range(1, len(whole)):
        (turn,) = read_turns(whole[:end])
        assert not turn.answered.finished and turn.ended_ns is None
        assert all("abc".startswith(message.text) for message in turn.answered.messages)


def test_a_new_direction_is_what_the_next_answer_answers():
    steer = ({"type": "response.steer", "previous_response_id": "r1", "input": "rather this"},)
    first, second = read_turns(
        talk(create("q", tools=[{}]), state("created", "r1"), steer, state("incomplete", "r1"), *answer("r2", "so"))
    )
    assert (said(first), said(second)) == (["q"], ["rather this", "so"])
    assert (second.asked.previous_id, second.asked.tools, second.started_ns) == ("r1", ({},), 2)


def test_a_direction_without_an_answer_of_its_own_is_input_of_the_one_that_ran():
    steer = ({"type": "response.steer", "input": [{"role": "user", "content": "quick"}]},)
    (turn,) = read_turns(talk(create("q"), state("created", "r1"), steer, *answer("r1", "a")[1:]))
    assert said(turn) == ["q", "quick", "a"]
    (turn,) = read_turns(talk(state("created", "r1"), ({"type": "response.steer"},)))
    assert said(turn) == [] and read_turns(talk(steer)) == []


def test_an_answer_that_nobody_asked_for_is_a_turn_all_the_same():
    (turn,) = read_turns(talk(*answer("r1", "hello")))
    assert said(turn) == ["hello"] and turn.started_ns == 0


@pytest.mark.parametrize(
    "odd", [{}, {"type": 7}, {"type": "codex.rate_limits"}, event("output_text.delta", delta="x"), ({"type": "other"},)]
)
def test_what_has_no_place_makes_no_turn(odd):
    assert read_turns(talk(odd)) == []
    assert [said(turn) for turn in read_turns(talk(odd, create("q"), *answer("r1", "a"), odd))] == [["q", "a"]]


def test_the_path_is_known_after_any_prefix():
    assert matches("GET", "/openai/v1/responses", ()) and SOCKET.name == "responses_socket"
    assert not matches("POST", "/v1/responses", ()) and not matches("GET", "/v1/responses/r1", ())


@pytest.mark.parametrize("path", sorted(recorded.FOLDER.glob("*_responses_websocket.frames.jsonl")))
def test_a_recorded_client_warms_the_cache_and_goes_on_from_it(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    sent = [SocketMessage(True, at, line["data"]) for at, line in enumerate(lines) if line["kind"] == "text"]
    warm, turn = read_turns(sent)
    assert (warm.asked.operation, turn.asked.operation, turn.asked.previous_id) == ("prewarm", None, "resp_1")
