"""Messages of both directions of an upgraded connection, in their order."""

import json
from dataclasses import replace

import pytest
from exchanges import make_exchange
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.sockets import SocketDialect, SocketMessage, Turn, read_conversation, to_calls
from pandaprobe_proxy.model.call import Usage, UsageSource
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


@pytest.mark.parametrize(
    ("finished", "known", "source"),
    [
        (True, UsageSource.REPORTED, UsageSource.REPORTED),
        (False, UsageSource.REPORTED, UsageSource.PARTIAL),
        (False, UsageSource.NONE, UsageSource.NONE),
    ],
)
def test_a_turn_is_a_call_with_times_since_its_own_start(finished, known, source):
    answered = Answered(model="m1", usage=Usage(3, 4, source=known), finished=finished, conversation_id="c")
    turn = Turn(Asked(model="m", operation="prewarm"), answered, 100, 150, first_content_ns=120)
    dialect = SocketDialect("socket", 3, "chat", lambda *_: True, lambda messages: [turn])
    ((same, call),) = to_calls(dialect, read_conversation(connection([], [])))
    assert same is turn and (call.dialect, call.version, call.operation) == ("socket", 3, "prewarm")
    assert (call.marks.first_content, call.marks.first_tool, call.marks.ended) == (20, None, 50)
    assert (call.usage.source, call.partial, call.conversation_id) == (source, not finished, "c")
