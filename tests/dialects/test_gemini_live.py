"""Gemini Live as turns."""

import json

import pytest
import recorded
from pandaprobe_proxy.dialects.gemini_live import SOCKET, matches, read_piece, read_turns
from pandaprobe_proxy.dialects.sockets import SocketMessage

SETUP = (
    {
        "setup": {
            "model": "models/gemini-live",
            "generationConfig": {"responseModalities": ["AUDIO"]},
            "system_instruction": {"parts": [{"text": "Be brief."}]},
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
        }
    },
)
AUDIO = {"inlineData": {"mimeType": "audio/pcm", "data": "AAAA"}}
USAGE = {"promptTokenCount": 10, "responseTokenCount": 5, "totalTokenCount": 15}


def talk(*steps):
    """Messages a nanosecond apart; those that the client sent are in a tuple."""
    return [
        SocketMessage(isinstance(step, tuple), at, step[0] if isinstance(step, tuple) else step)
        for at, step in enumerate(steps)
    ]


def ask(text, **more):
    return ({"client_content": {"turns": [{"role": "user", "parts": [{"text": text}]}], **more}},)


def speak(**fields):
    return ({"realtimeInput": {"audio": {"data": "AAAA", "mimeType": "audio/pcm"}, **fields}},)


def server(**fields):
    return {"serverContent": fields}


def part(*parts):
    return server(modelTurn={"parts": [*parts]})


def heard(text):
    return server(inputTranscription={"text": text})


def told(text):
    return server(outputTranscription={"text": text})


DONE = {"serverContent": {"turnComplete": True}, "usageMetadata": USAGE}


def said(turn):
    return [(message.role, message.text) for message in (*turn.asked.messages, *turn.answered.messages)]


def test_each_answer_is_a_turn_whose_input_is_the_conversation_before_it():
    thought = {"text": "Hm.", "thought": True}
    first, second = read_turns(
        talk(SETUP, {"setupComplete": {}}, ask("hello"), part(thought), told("Hi "), part(AUDIO), told("there."), DONE)
        + talk(ask("again"), part({"text": "Hi."}), DONE)
    )
    assert said(first) == [("system", "Be brief."), ("user", "hello"), ("assistant", "Hi there.")]
    assert said(second) == [*said(first), ("user", "again"), ("assistant", "Hi.")]
    assert (first.asked.model, first.asked.tools) == ("gemini-live", ({"functionDeclarations": [{"name": "f"}]},))
    assert first.asked.parameters == {"generationConfig": {"responseModalities": ["AUDIO"]}}
    assert (first.started_ns, first.first_content_ns, first.ended_ns) == (2, 4, 7)
    (message,) = first.answered.messages
    assert (message.reasoning, message.finish_reason, first.answered.extra) == (
        "Hm.",
        "turnComplete",
        {"audio_bytes": 3},
    )
    assert (first.answered.usage.input, first.answered.usage.output, first.answered.finished) == (10, 5, True)


def test_the_results_of_functions_begin_the_next_turn():
    call = {"toolCall": {"functionCalls": [{"id": "c1", "name": "f", "args": {"a": 1}}]}}
    result = ({"tool_response": {"functionResponses": [{"id": "c1", "name": "f", "response": {"x": 2}}]}},)
    first, second = read_turns(talk(SETUP, ask("go"), call, call, result, told("Done."), DONE))
    (message,) = first.answered.messages
    assert [(one.id, one.arguments) for one in message.tool_calls] == [("c1", '{"a": 1}')] * 2
    assert (message.finish_reason, first.first_tool_ns, first.ended_ns) == ("toolCall", 2, 2)
    assert [message.role for message in second.asked.messages] == ["system", "user", "assistant", "tool"]
    assert (second.asked.messages[-1].tool_call_id, second.started_ns, said(second)[-1][1]) == ("c1", 4, "Done.")
    assert second.answered.usage.input == 10 and first.answered.usage.input is None


def test_results_that_nobody_waits_for_are_input():
    result = ({"toolResponse": {"functionResponses": [{"id": "c1", "name": "f", "response": {}}]}},)
    first, second = read_turns(talk(ask("go"), told("Well."), result, told("More."), DONE, result, told("So."), DONE))
    assert [message.role for message in first.asked.messages] == ["user"]
    assert (said(first)[-1], second.asked.messages[-1].role) == (("assistant", "Well.More."), "tool")


def test_speech_is_its_transcript_even_if_that_comes_late():
    spoken = talk(SETUP, speak(), heard("Hel"), told("Hi."), heard("lo."), DONE)
    (turn,) = read_turns(spoken)
    assert said(turn) == [("system", "Be brief."), ("user", "Hello."), ("assistant", "Hi.")]
    assert turn.asked.messages[1].extra == {"audio_bytes": 3} and turn.started_ns == 2


def test_speech_without_a_transcript_is_told_by_its_length():
    (turn,) = read_turns(talk(speak(activityEnd={}), (speak()[0],), part(AUDIO)))
    assert [message.content for message in turn.answered.messages] == [None]
    silent = ({"realtimeInput": {"mediaChunks": [{"data": "AAAA"}, {}, 3]}},)
    (turn,) = read_turns(talk(silent, part(AUDIO)))
    assert [(message.role, message.content, message.extra) for message in turn.asked.messages] == [
        ("user", None, {"audio_bytes": 3})
    ]


def test_text_may_be_given_in_the_middle_of_a_stream():
    (turn,) = read_turns(talk(({"realtimeInput": {"text": "now"}},), told("yes")))
    assert said(turn) == [("user", "now"), ("assistant", "yes")] and not turn.answered.finished


def test_who_is_interrupted_has_said_what_came():
    first, second = read_turns(
        talk(ask("q"), told("Well, "), server(interrupted=True), DONE, heard("Stop."), told("Ok."))
    )
    assert (first.answered.messages[0].finish_reason, first.answered.finished, first.ended_ns) == (
        "interrupted",
        True,
        3,
    )
    assert said(second)[-2:] == [("user", "Stop."), ("assistant", "Ok.")] and second.ended_ns is None


def test_an_answer_whose_generation_is_complete_is_whole():
    (turn,) = read_turns(talk(ask("q"), told("a"), server(generationComplete=True)))
    assert turn.answered.finished and turn.ended_ns == 2


def test_a_turn_without_an_answer_is_one_and_history_that_is_only_given_is_none():
    (turn,) = read_turns(talk(ask("q"), server(turnComplete=True, turnCompleteReason="BLOCKED")))
    assert turn.answered.messages == () and turn.answered.finished
    assert read_turns(talk(ask("q", turnComplete=False), DONE)) == []


def test_what_is_told_beside_an_answer_is_kept():
    cancelled = {"toolCallCancellation": {"ids": ["c1"]}}
    (turn,) = read_turns(talk(ask("q"), told("a"), server(groundingMetadata={"x": 1}), cancelled, {"goAway": {}}))
    assert turn.answered.extra == {"groundingMetadata": {"x": 1}, "toolCallCancellation": {"ids": ["c1"]}}


def test_the_path_is_known_on_both_hosts():
    service = "GenerativeService.BidiGenerateContent"
    assert matches("GET", f"/ws/google.ai.generativelanguage.v1beta.{service}", ()) and SOCKET.name == "gemini_live"
    assert matches("GET", f"/ws/google.ai.generativelanguage.v1alpha.{service}Constrained", ())
    assert not matches("GET", "/v1beta/models/m:generateContent", ())


@pytest.mark.parametrize("path", sorted(recorded.FOLDER.glob("*_ws_google_*")))
def test_recorded_conversations_are_read_whole(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    messages = [line for line in lines if line["kind"] == "message" and isinstance(line["data"], dict)]
    turns = read_turns([SocketMessage(one["direction"] == "sent", at, one["data"]) for at, one in enumerate(messages)])
    assert turns and turns[-1].answered.usage.input
    for turn in turns:
        assert turn.answered.finished and turn.asked.messages
        assert all(message.text or message.tool_calls for message in turn.answered.messages)


@pytest.mark.parametrize(
    ("data", "piece"),
    [
        ({"serverContent": {"modelTurn": {"parts": []}}}, ("turn", False)),
        ({"server_content": {"input_transcription": {"text": "a"}}}, ("turn", False)),
        ({"serverContent": {"outputTranscription": {"text": "a"}}}, ("turn", False)),
        ({"toolCall": {"functionCalls": []}}, ("turn", False)),
        ({"serverContent": {"generationComplete": True}}, None),
        ({"serverContent": {"turnComplete": True, "modelTurn": {}}}, ("turn", True)),
        ({"usageMetadata": {}}, None),
    ],
)
def test_an_answer_is_said_in_pieces_until_its_turn_is_complete(data, piece):
    assert read_piece(SocketMessage(False, 1, data)) == piece
    assert read_piece(SocketMessage(True, 1, data)) is None
