"""What holds of every stream whose runs are read as one event each: its answer is the one that event by event gives."""

from collections.abc import Callable, Iterable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.framings import Framing, open_stream
from pandaprobe_proxy.wire.ndjson import NdjsonReader
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.runs import WORTH_BYTES, RunError
from pandaprobe_proxy.wire.sse import SseReader
from pandaprobe_proxy.wire.stream import StreamEvent

_END = {SseReader: b"\n\n", NdjsonReader: b"\n"}
FILLERS = {SseReader: b": " + b"x" * WORTH_BYTES + b"\n\n", NdjsonReader: b" " * WORTH_BYTES + b"\n"}
"""What says nothing and is so long that every run before it is worth to be looked for."""
WHOLE = (b"a", b" the", b"", b"x" * 300, b"\\n\\n", b' \\"q\\" ', b"\\\\", b"}", b'\\"}}', b"\xc3\xa9", b"\\u0041")
PAIRS = (b"\\ud83d", b"\\ude00", b"\\ud83d\\ude00", b"\xf0\x9f\x98\x80", b"\xc3", b"\xa9", b"\\u2028", b"\x7f", b"\\/")
BROKEN = (b"\\", b'"', b"\x01", b"\\x", b"\\u12", b"34", b"data: ", b"\xed\xa0\xbd", b"\t", b"[DONE]", b"\xe2\x80\xa8")
TEXTS = (WHOLE, WHOLE[:3], WHOLE + PAIRS, WHOLE + PAIRS + BROKEN)
"""Insides of JSON strings: whole ones, halves of characters, and what breaks the JSON."""
_ODD = b'"\\{}[]:,\n\r \x00\xff01aetn/'


def check_alike(
    streamed: Callable[[Iterable[StreamEvent]], Answered], alike: Alike, body: bytes, framing: Framing = SseReader
) -> int:
    """Asserts it. Returns how many events came as a part of another one."""
    plain, fused = framing(body), open_stream(framing, body, alike)
    expected = streamed(plain)
    taken = 0

    def count() -> Iterable[StreamEvent]:
        nonlocal taken
        for event in fused:
            taken += event.events - 1
            yield event

    try:
        told = streamed(count())
    except RunError:
        return 0
    assert told == expected
    assert (fused.tail, fused.first_end, repr(fused.error)) == (plain.tail, plain.first_end, repr(plain.error))
    return taken


def claims(streamed, alike, events, long=1, framing=SseReader):
    """The three tests of a dialect that reads runs, of events that may be of a run and events that may not; the first
    `long` of them are."""
    end = _END[framing]

    @settings(max_examples=300, deadline=None)
    @given(st.randoms(use_true_random=False))
    def test_runs_say_what_their_events_say(dice):
        check_alike(streamed, alike, make_body(dice, events, framing), framing)

    @pytest.mark.parametrize("event", events)
    def test_a_long_run_says_what_its_events_say(event):
        check_alike(streamed, alike, make_run(event, end), framing)

    @pytest.mark.parametrize("event", events[:long])
    def test_a_long_run_is_read_as_few_events(event):
        assert check_alike(streamed, alike, make_run(event, end), framing) > 400

    return (
        test_runs_say_what_their_events_say,
        test_a_long_run_says_what_its_events_say,
        test_a_long_run_is_read_as_few_events,
    )


def make_body(dice: Random, events: Sequence[bytes], framing: Framing = SseReader) -> bytes:
    """A stream of runs of some of these events: `<>` is a text, `##` a padding, `#` and `@` numbers, `~` are spaces.

    Now and then a number jumps, and an event has an odd byte, is another one's copy, or ends in another way.
    """
    end = _END[framing]
    some = dice.sample(events, dice.choice((1, 1, 2, 3)))
    made: list[bytes] = []
    number = dice.randrange(3)
    for _ in range(dice.randrange(1, 4)):
        event, texts = dice.choice(some), dice.choice(TEXTS)
        for _ in range(dice.randrange(12)):
            number += 1 if dice.random() < 0.98 else dice.randrange(-3, 4)
            told = event.replace(b"<>", dice.choice(texts)).replace(b"##", dice.choice((b"", b"aZ9", b"x_-")))
            told = told.replace(b"#", b"%d" % number).replace(b"@", b"%d" % dice.randrange(3))
            made.append(told.replace(b"~", b" " * dice.randrange(4)))
    for at, event in enumerate(made):
        if dice.random() < 0.01:
            place = dice.randrange(len(event))
            made[at] = event[:place] + bytes([dice.choice(_ODD)]) + event[place + dice.randrange(2) :]
        elif dice.random() < 0.01:
            made[at] = dice.choice(made)
        made[at] += end if dice.random() < 0.99 else dice.choice((b"\r\n\r\n", b"\n", b"\r\r"))
    body = b"".join(made)
    return (body[: dice.randrange(len(body) + 1)] if dice.random() < 0.1 else body) + FILLERS[framing]


def make_run(event: bytes, end: bytes) -> bytes:
    """A stream of 500 of these events."""
    said = event.replace(b"##", b"x").replace(b"~", b"")
    turns = ((said.replace(b"@", b"%d" % (at * at % 3)), b"%d" % at) for at in range(500))
    return b"".join(told.replace(b"<>", number + b" ").replace(b"#", number) + end for told, number in turns)
