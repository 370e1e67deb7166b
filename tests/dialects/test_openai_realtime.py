"""A realtime conversation as turns."""

import json

import pytest
import recorded
from pandaprobe_proxy.dialects.openai_realtime import SOCKET, matches, read_piece, read_turns
from pandaprobe_proxy.dialects.sockets import SocketMessage
from pandaprobe_proxy.model.call import CallError, UsageSource

USER = {"id": "i1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]}
CALL = {"id": "i2", "type": "function_call", "name": "f", "call_id": "c1", "arguments": ""}
RESULT = {"id": "i3", "type": "function_call_output", "call_id": "c1", "output": "fog"}
SAID = {"id": "i4", "type": "message", "role": "assistant", "content": []}
USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


def got(kind, **fields):
    return {"type": kind, **fields}


def response(kind, name="r1", **fields):
    return got(kind, response_id=name, **fields)


def state(kind, name="r1", **fields):
    return got(kind, response={"id": name, "object": "realtime.response", "conversation_id": "conv", **fields})


def talk(*steps):
    """Messages a nanosecond apart; those that the client sent are in a tuple."""
    return [
        SocketMessage(isinstance(step, tuple), at, step[0] if isinstance(step, tuple) else step)
        for at, step in enumerate(steps)
    ]


SESSION = got(
    "session.created", session={"model": "gpt-realtime", "instructions": "Be brief.", "tools": [{"name": "f"}]}
)
FIRST = [
    SESSION,
    (got("conversation.item.create", item={}),),
    got("conversation.item.added", item=USER),
    (got("response.create"),),
    state("response.created", status="in_progress"),
    response("response.output_item.added", item=CALL),
    response("response.function_call_arguments.delta", item_id="i2", delta='{"a"'),
    response("response.function_call_arguments.delta", item_id="i2", delta=": 1}"),
    response("response.function_call_arguments.done", item_id="i2", arguments='{"a": 1}'),
    state("response.done", status="completed", output=[CALL | {"arguments": '{"a": 1}'}], usage=USAGE),
]
SECOND = [
    got("conversation.item.created", item=RESULT),
    (got("response.create", response={"instructions": "Now answer.", "tool_choice": "none"}),),
    got("response.created", response={"id": "r2", "object": "realtime.response"}),
    response("response.output_item.added", "r2", item=SAID),
    got("conversation.item.added", item=SAID),
    response("response.content_part.added", "r2", item_id="i4", content_index=0, part={"type": "audio"}),
    response("response.output_audio_transcript.delta", "r2", item_id="i4", content_index=0, delta="Fo"),
    response("response.output_audio.delta", "r2", item_id="i4", content_index=0, delta="AAAA"),
    response("response.output_audio_transcript.delta", "r2", item_id="i4", content_index=0, delta="g."),
]


def test_each_response_is_a_turn_whose_input_is_what_came_since_the_turn_before():
    first, second = read_turns(talk(*FIRST, *SECOND))
    assert [(message.role, message.text) for message in first.asked.messages] == [
        ("system", "Be brief."),
        ("user", "Weather?"),
    ]
    (answer,) = first.answered.messages
    assert [(call.id, call.name, call.arguments) for call in answer.tool_calls] == [("c1", "f", '{"a": 1}')]
    assert (answer.finish_reason, first.answered.response_id, first.answered.conversation_id) == (
        "completed",
        "r1",
        "conv",
    )
    assert (first.answered.usage.input, first.answered.usage.output) == (3, 4)
    assert first.answered.usage.source is UsageSource.REPORTED
    assert (first.started_ns, first.first_tool_ns, first.ended_ns, first.first_content_ns) == (3, 6, 9, None)
    assert (first.asked.model, first.answered.model, first.asked.tools) == (
        "gpt-realtime",
        "gpt-realtime",
        ({"name": "f"},),
    )
    roles = [(message.role, message.text or message.tool_calls[0].arguments) for message in second.asked.messages]
    assert roles == [("system", "Now answer."), ("user", "Weather?"), ("assistant", '{"a": 1}'), ("tool", "fog")]
    assert second.asked.parameters == {"tool_choice": "none"}


def test_what_a_conversation_with_an_id_holds_is_not_said_again():
    named = [*SECOND, state("response.done", "r2", status="completed")]
    _, second = read_turns(talk(*FIRST, *named))
    assert [(message.role, message.text) for message in second.asked.messages] == [
        ("system", "Now answer."),
        ("tool", "fog"),
    ]


def test_a_turn_that_never_ended_holds_what_came():
    _, second = read_turns(talk(*FIRST, *SECOND))
    (answer,) = second.answered.messages
    assert (answer.text, answer.finish_reason, second.answered.finished, second.ended_ns) == ("Fog.", None, False, None)
    assert second.answered.extra["audio_bytes"] == 3
    assert second.first_content_ns == len(FIRST) + 6


def test_every_cut_of_a_conversation_gives_a_part_of_it():
    whole = talk(*FIRST, *SECOND)
    for end in range(len(whole)):
        turns = read_turns(whole[:end])
        assert len(turns) <= 2
        for turn in turns:
            assert all("Fog.".startswith(message.text) for message in turn.answered.messages)


def test_a_transcript_of_what_was_spoken_may_come_after_its_turn_began():
    spoken = {"id": "i1", "type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": None}]}
    heard = "conversation.item.input_audio_transcription."
    (turn,) = read_turns(
        talk(
            got("conversation.item.added", item=spoken),
            state("response.created"),
            got(f"{heard}delta", item_id="i1", content_index=0, delta="Hel"),
            got(f"{heard}delta", item_id="gone", delta="x"),
            got(f"{heard}delta", item_id="i1"),
            got(f"{heard}completed", item_id="i1", transcript="Hello."),
        )
    )
    assert [message.text for message in turn.asked.messages] == ["Hello."]
    assert turn.started_ns == 1 and turn.asked.model is None and turn.answered.messages == ()


def test_an_item_that_was_deleted_is_no_input_of_what_comes_after():
    deleted = [got("conversation.item.deleted", item_id=name) for name in ("i1", "unknown", None)]
    first, second = read_turns(talk(*FIRST, *deleted, *SECOND))
    assert [message.text for message in first.asked.messages] == ["Be brief.", "Weather?"]
    assert [message.role for message in second.asked.messages] == ["system", "assistant", "tool"]


def test_an_error_belongs_to_the_response_that_runs():
    error = got("error", error={"message": "m", "type": "t", "code": "c"})
    first, second = read_turns(talk(error, state("response.created"), error, error, state("response.created", "r2")))
    assert first.answered.error == CallError("m", "t", "c") and second.answered.error is None
    assert read_turns(talk(error)) == []


def test_a_response_that_failed_says_why():
    details = {"type": "failed", "error": {"type": "server_error", "message": "overloaded"}}
    (turn,) = read_turns(talk(state("response.done", status="failed", status_details=details)))
    assert turn.answered.error == CallError("overloaded", "server_error")


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"type": 7},
        got("rate_limits.updated"),
        got("session.updated", session=[]),
        got("conversation.item.added", item=[]),
        got("conversation.item.truncated", item_id="i1"),
        got("conversation.item.added", item={"id": 3}),
        got("response.created", response=[]),
        got("response.created", response={"id": None}),
        response("response.output_text.delta", "unknown", item_id="i1", delta="x"),
        response("response.output_text.delta", item_id="unknown", delta="x"),
        response("response.output_text.delta", item_id="i1", delta=[1]),
        response("response.something.new", item_id="i1"),
        got("input_audio_buffer.speech_started"),
        (got("response.create", response=[]),),
    ],
)
def test_what_cannot_be_placed_harms_nothing(odd):
    turns = read_turns(talk(*FIRST[:3], *FIRST[3:], odd))
    assert len(turns) == 1 and turns[0].answered.messages[0].tool_calls


def test_texts_grow_by_part():
    parts = [
        response("response.output_item.added", item=SAID),
        response("response.text.delta", item_id="i4", content_index=1, delta="b"),
        response("response.output_text.delta", item_id="i4", content_index="?", delta="a"),
        response("response.output_text.done", item_id="i4", content_index=1, text="bb"),
    ]
    (turn,) = read_turns(talk(state("response.created"), *parts))
    assert turn.answered.messages[0].text == "a\nbb"


def test_the_path_is_known_after_any_prefix():
    assert matches("GET", "/openai/v1/realtime", ()) and SOCKET.name == "openai_realtime"
    assert not matches("POST", "/v1/realtime", ()) and not matches("GET", "/v1/realtime/calls", ())


@pytest.mark.parametrize("path", [path for path in sorted(recorded.FOLDER.glob("*_ws_*")) if "google" not in path.name])
def test_recorded_conversations_are_read_whole(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    said = [line for line in lines if line["kind"] == "message" and isinstance(line["data"], dict)]
    turns = read_turns([SocketMessage(line["direction"] == "sent", at, line["data"]) for at, line in enumerate(said)])
    assert turns
    for turn in turns:
        assert turn.answered.finished and turn.asked.messages
        assert all(message.text or message.tool_calls for message in turn.answered.messages)


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("conversation.item.input_audio_transcription.delta", ("i1 0", False)),
        ("conversation.item.input_audio_transcription.segment", ("i1 0", False)),
        ("conversation.item.input_audio_transcription.completed", ("i1 0", True)),
        ("conversation.item.input_audio_transcription.failed", ("i1 0", True)),
        ("conversation.item.added", None),
        (None, None),
    ],
)
def test_what_was_heard_is_said_in_pieces(kind, piece):
    data = {"type": kind, "item_id": "i1", "content_index": 0}
    assert read_piece(SocketMessage(False, 1, data)) == piece
    assert read_piece(SocketMessage(True, 1, data)) is None
