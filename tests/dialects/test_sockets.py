"""Messages of both directions of an upgraded connection, in their order."""

from dataclasses import replace

import pytest
from exchanges import frame
from exchanges import make_connection as connection
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.sockets import (
    SocketDialect,
    SocketMessage,
    SocketTurn,
    read_connection,
    read_conversation,
)
from pandaprobe_proxy.model.call import CallError, Marks, Message, Usage, UsageSource
from pandaprobe_proxy.wire.websocket import BINARY, CLOSE, TEXT

REPORTED = Usage(3, 4, source=UsageSource.REPORTED)


def test_messages_come_in_the_order_of_their_times():
    found = read_conversation(
        connection(
            [(5001, frame({"a": 1})), (20000, frame({"a": 2}))], [(3000, frame({"b": 1})), (10000, frame({"b": 2}))]
        )
    )
    assert found.messages == (
        SocketMessage(False, 3000, {"b": 1}),
        SocketMessage(True, 5000, {"a": 1}),
        SocketMessage(False, 10000, {"b": 2}),
        SocketMessage(True, 20000, {"a": 2}),
    )
    assert not found.lossy


def test_times_are_not_guessed_when_the_bytes_are_not_those_that_arrived():
    exchange = replace(connection([(5, frame({"a": 1}))], []), request_chunks=((5, 1),))
    assert read_conversation(exchange).messages == (SocketMessage(True, 0, {"a": 1}),)


def test_control_frames_are_no_messages_and_binary_ones_are_told_by_their_size():
    found = read_conversation(connection([(1, frame(b"\x00\xff", BINARY)), (2, frame(b"", CLOSE))], []))
    assert found.messages == (SocketMessage(True, 0, {"type": "binary", "bytes": 2}),) and not found.lossy


@pytest.mark.parametrize("value", [b"{", [1], b"\xff\xfe"])
def test_a_message_that_is_no_object_is_a_loss(value):
    found = read_conversation(connection([(1, frame(value)), (2, frame({"a": 1}))], []))
    assert found.messages == (SocketMessage(True, 0, {"a": 1}),) and found.lossy


def test_frames_that_do_not_inflate_are_a_loss():
    broken = bytes([0xC0 | TEXT, 3]) + b"\xff\xff\xff"
    found = read_conversation(connection([(1, broken)], [(2, frame({"b": 1}))]))
    assert found.messages == (SocketMessage(False, 0, {"b": 1}),) and found.lossy


def read(*turns, close=None, **flags):
    dialect = SocketDialect("socket", 3, "chat", lambda *_: True, lambda messages: list(turns), **flags)
    closing = [(3, frame(close, CLOSE))] if close is not None else []
    return read_connection(dialect, connection([(1, frame({"a": 1}))], [(2, frame({"b": 1})), *closing]))


def turn(text, usage=REPORTED, finished=True, at_ns=100, **more):
    answered = Answered(messages=(Message("assistant", text),), usage=usage, finished=finished, conversation_id="c")
    asked = Asked(model="m", messages=(Message("user", f"{text}?"),), operation=more.pop("operation", None))
    return SocketTurn(asked, answered, at_ns, at_ns + 50 if finished else None, **more)


def test_a_connection_has_its_turns_as_calls_and_no_messages_or_usage_itself():
    call = read(turn("a", first_tool_ns=130), turn("b", at_ns=2_000_000, first_content_ns=2_000_040))
    assert (call.dialect, call.version, call.operation, call.streamed) == ("socket", 3, "connection", True)
    assert (call.input, call.output, call.usage, call.model, call.partial) == ((), (), Usage(), None, False)
    first, second = call.turns
    assert (first.call.operation, first.call.input[0].text, first.call.output[0].text) == ("chat", "a?", "a")
    assert (first.call.usage, first.call.conversation_id, first.number, second.number) == (REPORTED, "c", 1, 2)
    assert (first.started_ns, first.ended_ns) == (100, 150)
    assert first.call.marks == Marks(first_tool=30, ended=50) and second.call.marks == Marks(first_content=40, ended=50)


def test_the_id_of_a_turn_tells_when_it_began_and_does_not_depend_on_those_before_it():
    one, two, three = read(turn("a"), turn("b"), turn("c", at_ns=2_000_000)).turns
    assert len({one.call_id, two.call_id, three.call_id}) == 3 and one.call_id < three.call_id
    assert read(turn("c", at_ns=2_000_000)).turns[0].call_id == three.call_id


def test_a_prewarm_is_no_turn():
    warm, real = read(turn("a", operation="prewarm"), turn("b", at_ns=200)).turns
    assert (warm.number, warm.call.operation, real.number) == (None, "prewarm", 1)


def test_a_turn_that_broke_off_makes_the_connection_partial():
    call = read(turn("a"), turn("b", finished=False, at_ns=200))
    assert call.partial and call.turns[1].call.partial and not call.turns[0].call.partial
    assert call.turns[1].call.usage.source is UsageSource.PARTIAL and call.turns[1].ended_ns is None


def test_why_a_server_closed_is_the_error_of_the_turn_that_it_broke_off():
    call = read(turn("a"), turn("b", finished=False), close=b"\x03\xf3quota")
    assert [one.call.error for one in call.turns] == [None, CallError("quota", "closed", "1011")]
    bare = read(turn("b", finished=False), close=b"\x03\xf3").turns[0]
    assert bare.call.error == CallError("the connection was closed with code 1011", "closed", "1011")
    assert read(turn("b", finished=False), close=b"\x03\xe8").turns[0].call.error is None
    assert read(turn("b", finished=False), close=b"").turns[0].call.error is None


def test_tokens_are_estimated_where_that_is_worth_something():
    assert read(turn("abcd", Usage())).turns[0].call.usage == Usage()
    found = read(turn("abcd", Usage(raw={"x": 1})), counts_tokens=True).turns[0].call.usage
    assert (found.output, found.source, found.raw) == (1, UsageSource.ESTIMATED, {"x": 1})
    silent = replace(turn("a"), answered=Answered())
    assert read(silent, counts_tokens=True).turns[0].call.usage == Usage()


def test_a_connection_without_a_turn_is_no_call():
    assert read() is None


def test_what_a_turn_lost_its_connection_lost():
    assert read(replace(turn("a"), answered=Answered(lossy=True))).lossy


def test_halves_of_characters_that_two_messages_say_are_joined_and_lone_ones_replaced():
    said = replace(turn("\ud83d\ude00 \ud83d"), asked=Asked())
    whole = connection([(1, frame({"a": "\ud83d"}))], [(2, frame(b"{}"))])
    dialect = SocketDialect("socket", 3, "chat", lambda *_: True, lambda messages: [said])
    assert read_connection(dialect, whole).turns[0].call.output[0].text == "\U0001f600 \ufffd"


def test_most_dialects_say_nothing_in_pieces_beside_their_turns():
    dialect = SocketDialect("socket", 3, "chat", lambda *_: True, lambda messages: [])
    assert dialect.piece(SocketMessage(False, 1, {})) is None


def named(text, name, previous=None, asked=None, conversation=None, **more):
    """A turn that is answered under a name, and names what it goes on from."""
    said = turn(text, **more)
    asked = replace(asked or said.asked, previous_id=previous, operation=said.asked.operation)
    return replace(said, asked=asked, answered=replace(said.answered, response_id=name, conversation_id=conversation))


def followed(*turns):
    """Of each turn, the place of the one that it goes on from."""
    found = read(*turns).turns
    places = {one.call_id: at for at, one in enumerate(found)}
    return [places.get(one.follows) for one in found]


def test_a_turn_goes_on_from_the_one_that_it_names():
    assert followed(named("a", "r1"), named("b", "r2", "r1"), named("c", "r3", "r1"), named("d", "r4", "r9")) == [
        None, 0, 0, None,
    ]  # fmt: skip
    assert followed(named("a", "r1", "r0"), named("b", "r2")) == [None, None]


def test_a_turn_goes_on_from_the_one_before_if_it_states_the_same_or_the_provider_holds_it():
    first = Asked(messages=(Message("user", "a?"),))
    again = Asked(messages=(*first.messages, Message("assistant", "a"), Message("user", "b?")))
    assert followed(named("a", "r1", asked=first), named("b", "r2", asked=again)) == [None, 0]
    assert followed(named("a", "r1", conversation="c"), named("b", "r2", conversation="c")) == [None, 0]
    assert followed(named("a", "r1", asked=Asked()), named("b", "r2", asked=Asked())) == [None, None]


def test_what_goes_on_from_a_prewarm_goes_on_from_what_that_does():
    warm = named("b", "r2", "r1", operation="prewarm")
    assert followed(named("a", "r1"), warm, named("c", "r3", "r2")) == [None, 0, 0]
    assert followed(named("b", "r2", operation="prewarm"), named("c", "r3", "r2")) == [None, 0]
