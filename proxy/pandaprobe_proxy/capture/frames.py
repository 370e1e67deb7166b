"""Events as bytes: what lies in the ring and in a store's staging area. Pure.

A frame is a head of 49 bytes (length of all, kind, exchange id, monotonic ns) and a payload: the data of a body as
it is, everything else as MessagePack. `Dropped` is the relay side's word that the rest of an exchange will not come.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import msgspec

from pandaprobe_proxy.model.exchange import (
    Ended,
    Event,
    Headers,
    Outcome,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
)

REQUEST_HEAD, REQUEST_BODY, RESPONSE_HEAD, RESPONSE_BODY, ENDED, DROPPED = range(1, 7)
HEAD = struct.Struct("<IB36sQ")
HEAD_BYTES = HEAD.size

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class FrameError(ValueError):
    """These bytes are not a run of frames."""


@final
@dataclass(frozen=True, slots=True)
class Dropped:
    """The relay side gave up this exchange; no Ended follows."""

    exchange: str
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: the event it holds and its own bytes."""

    exchange: str
    event: Event | Dropped
    data: bytes


def encode(event: Event | Dropped) -> bytes:
    """The frame of an event."""
    return b"".join(encode_apart(event))


def encode_apart(event: Event | Dropped) -> tuple[bytes, bytes]:
    """The head and the payload of the frame of an event: a large payload is the very bytes that the event has."""
    if type(event) is ResponseBody:  # the two that come in thousands are asked for first
        kind, payload = RESPONSE_BODY, event.data
    elif type(event) is RequestBody:
        kind, payload = REQUEST_BODY, event.data
    else:
        kind, payload = _pack_fields(event)
    return HEAD.pack(HEAD_BYTES + len(payload), kind, event.exchange.encode(), event.at_ns), payload


def _pack_fields(event: RequestHead | ResponseHead | Ended | Dropped) -> tuple[int, bytes]:
    if type(event) is RequestHead:
        fields = (event.wall_ns, event.client, event.upstream, event.url, event.method, event.target, event.headers)
        return REQUEST_HEAD, _pack(fields)
    if type(event) is ResponseHead:
        return RESPONSE_HEAD, _pack((event.status, event.reason, event.headers))
    if type(event) is Ended:
        return ENDED, _pack((str(event.outcome), event.error, event.sent_ns, event.trailers, event.asked_usage))
    return DROPPED, _pack(event.reason)


def decode(data: bytes) -> Iterator[Frame]:
    """The frames in `data`, which holds whole ones only. Raises FrameError otherwise."""
    at = 0
    while at < len(data):
        if len(data) - at < HEAD_BYTES:
            raise FrameError(f"{len(data) - at} bytes are too few for a frame")
        length, kind, exchange, at_ns = HEAD.unpack_from(data, at)
        if length < HEAD_BYTES or at + length > len(data):
            raise FrameError(f"a frame of {length} bytes at {at} of {len(data)}")
        frame = data[at : at + length]
        yield _read(kind, exchange.decode("ascii"), at_ns, frame)
        at += length


def whole(data: bytes) -> int:
    """How many of the bytes are whole frames. What is none ends nowhere: all is told, for `decode` to refuse."""
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        if length < HEAD_BYTES:
            return len(data)
        if at + length > len(data):
            break
        at += length
    return at


def _read(kind: int, exchange: str, at_ns: int, frame: bytes) -> Frame:
    payload = frame[HEAD_BYTES:]
    if kind == RESPONSE_BODY:
        return Frame(exchange, ResponseBody(exchange, at_ns, payload), frame)
    if kind == REQUEST_BODY:
        return Frame(exchange, RequestBody(exchange, at_ns, payload), frame)
    try:
        return Frame(exchange, _READERS[kind](exchange, at_ns, _unpack(payload)), frame)
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise FrameError(f"a frame of kind {kind} cannot be read") from error


def _read_request_head(exchange: str, at_ns: int, fields: Any) -> RequestHead:
    wall_ns, client, upstream, url, method, target, headers = fields
    return RequestHead(exchange, at_ns, wall_ns, client, upstream, url, method, target, _headers(headers))


def _read_response_head(exchange: str, at_ns: int, fields: Any) -> ResponseHead:
    status, reason, headers = fields
    return ResponseHead(exchange, at_ns, status, reason, _headers(headers))


def _read_ended(exchange: str, at_ns: int, fields: Any) -> Ended:
    outcome, error, sent_ns, trailers, asked_usage = fields
    return Ended(exchange, at_ns, Outcome(outcome), error, sent_ns, _headers(trailers), asked_usage)


def _headers(pairs: Any) -> Headers:
    return tuple((bytes(name), bytes(value)) for name, value in pairs)


_READERS: dict[int, Callable[[str, int, Any], Event | Dropped]] = {
    REQUEST_HEAD: _read_request_head,
    RESPONSE_HEAD: _read_response_head,
    ENDED: _read_ended,
    DROPPED: lambda exchange, at_ns, reason: Dropped(exchange, at_ns, str(reason)),
}
