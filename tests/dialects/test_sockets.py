"""Messages of both directions of an upgraded connection, in their order."""

import json
from dataclasses import replace

import pytest
from exchanges import make_exchange
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.sockets import SocketDialect, SocketMessage, Turn, join_turns, read_conversation
from pandaprobe_proxy.model.call import CallError, Message, Usage, UsageSource
from pandaprobe_proxy.wire.websocket import BINARY, CLOSE, TEXT, write_frame


def frame(value, opcode=TEXT):
    return write_frame(opcode, value if isinstance(value, bytes) else json.dumps(value).encode())


def connection(sent, received, headers=()):
    """(time, frame) of either side, as an exchange."""
    body = b"".join(data for _, data in received)
    exchange = make_exchange(
        b"".join(data for _, data in sent),
        body,
        method="GET",
        path="/v1/realtime",
        status=101,
        headers=headers,
        chunks=tuple((at, len(data)) for at, data in received),
    )
    return replace(exchange, request_chunks=tuple((at, len(data)) for at, data in sent))


def test_messages_come_in_the_order_of_their_times():
    found = read_conversation(
        connection([(5, frame({"a": 1})), (20, frame({"a": 2}))], [(3, frame({"b": 1})), (10, frame({"b": 2}))])
    )
    assert found.messages == (
        SocketMessage(False, 3, {"b": 1}),
        SocketMessage(True, 5, {"a": 1}),
        SocketMessage(False, 10, {"b": 2}),
        SocketMessage(True, 20, {"a": 2}),
    )
    assert not found.lossy


def test_times_are_not_guessed_when_the_bytes_are_not_those_that_arrived():
    exchange = replace(connection([(5, frame({"a": 1}))], []), request_chunks=((5, 1),))
    assert read_conversation(exchange).messages == (SocketMessage(True, 0, {"a": 1}),)


def test_control_frames_are_no_messages_and_binary_ones_are_told_by_their_size():
    found = read_conversation(connection([(1, frame(b"\x00\xff", BINARY)), (2, frame(b"", CLOSE))], []))
    assert found.messages == (SocketMessage(True, 1, {"type": "binary", "bytes": 2}),) and not found.lossy


@pytest.mark.parametrize("value", [b"{", [1], b"\xff\xfe"])
def test_a_message_that_is_no_object_is_a_loss(value):
    found = read_conversation(connection([(1, frame(value)), (2, frame({"a": 1}))], []))
    assert found.messages == (SocketMessage(True, 2, {"a": 1}),) and found.lossy


def test_frames_that_do_not_inflate_are_a_loss():
    broken = bytes([0xC0 | TEXT, 3]) + b"\xff\xff\xff"
    found = read_conversation(connection([(1, broken)], [(2, frame({"b": 1}))]))
    assert found.messages == (SocketMessage(False, 2, {"b": 1}),) and found.lossy


def joined(*turns):
    dialect = SocketDialect("socket", 3, "chat", lambda *_: True, lambda messages: list(turns))
    return join_turns(dialect, connection([(1, frame({"a": 1}))], [(2, frame({"b": 1}))]))


def turn(text, usage, finished=True, **more):
    answered = Answered(messages=(Message("assistant", text),), usage=usage, finished=finished, conversation_id="c")
    return Turn(Asked(model="m", messages=(Message("user", f"{text}?"),)), answered, 100, 150, **more)


def test_turns_are_one_call_with_the_last_answer_and_the_usage_of_all():
    first = turn("a", Usage(3, 4, source=UsageSource.REPORTED, audio_input=1), first_tool_ns=130)
    last = turn("b", Usage(5, 6, source=UsageSource.REPORTED, raw={"x": 1}), first_content_ns=140)
    call = joined(first, turn("?", Usage()), last)
    assert (call.dialect, call.version, call.operation, call.streamed) == ("socket", 3, "chat", True)
    assert (call.input[0].text, call.output[0].text, call.extra) == ("b?", "b", {"turns": 3})
    assert call.usage == Usage(8, 10, source=UsageSource.REPORTED, audio_input=1, raw={"x": 1})
    assert (call.marks.first_content, call.marks.first_tool, call.conversation_id) == (140, 130, "c")
    assert (call.partial, call.lossy, call.error) == (False, False, None)


def test_a_turn_that_broke_off_makes_it_partial():
    call = joined(turn("a", Usage(3, 4, source=UsageSource.REPORTED)), turn("b", Usage(), finished=False))
    assert call.partial and call.usage.source is UsageSource.PARTIAL
    assert joined(turn("a", Usage(), finished=False)).usage == Usage()


def test_a_connection_without_a_turn_is_no_call():
    assert joined() is None


def test_an_error_of_any_turn_is_told():
    failed = Turn(Asked(operation="prewarm"), Answered(error=CallError("m"), lossy=True), 1, 2)
    call = joined(failed, turn("a", Usage()))
    assert call.error == CallError("m") and call.lossy
    assert joined(failed).operation == "prewarm"
