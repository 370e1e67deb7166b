"""A secret split over the messages of a WebSocket."""

import json

import pytest
from pandaprobe_proxy.capture.redact_frames import mask_messages
from pandaprobe_proxy.wire.websocket import BINARY, PING, TEXT, WebSocketMessage

SECRET = "sk-canary-0123456789abcdef"


def message(value, opcode=TEXT, indent=None):
    payload = value if isinstance(value, bytes) else json.dumps(value, indent=indent).encode()
    return WebSocketMessage(opcode, payload, 0)


def delta(text, kind="response.output_text.delta"):
    return message({"type": kind, "delta": text})


def texts(payloads):
    return "".join(json.loads(payload).get("delta", "") for payload in payloads)


@pytest.mark.parametrize("size", [1, 7, 40])
def test_every_piece_of_it_is_crossed_out_and_the_rest_is_untouched(size):
    pieces = [SECRET[at : at + size] for at in range(0, len(SECRET), size)]
    masked = mask_messages([delta("say "), *map(delta, pieces), delta(" now")], [SECRET.encode()])
    assert texts(masked) == "say " + "x" * len(SECRET) + " now"


def test_messages_of_another_kind_may_come_between():
    audio = delta("AAAA", "response.output_audio.delta")
    ping = message(b"still there?", PING)
    masked = mask_messages([delta(SECRET[:9]), audio, ping, delta(SECRET[9:])], [SECRET.encode()])
    assert masked[1:3] == [audio.payload, ping.payload]
    assert texts([masked[0], masked[3]]) == "x" * len(SECRET)


def test_messages_may_have_no_type_and_many_lines():
    said = [{"serverContent": {"outputTranscription": {"text": text}}} for text in (SECRET[:9], SECRET[9:])]
    masked = mask_messages([message(value, BINARY, indent=2) for value in said], [SECRET.encode()])
    found = [json.loads(payload)["serverContent"]["outputTranscription"]["text"] for payload in masked]
    assert "".join(found) == "x" * len(SECRET)


def test_what_holds_no_secret_stays_as_it_is():
    messages = [message(b"no JSON\n"), message([1]), message({"type": 5}, indent=1), message(b"\xff", BINARY)]
    assert mask_messages(messages, [SECRET.encode()]) == [given.payload for given in messages]
