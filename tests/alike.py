"""What holds of every stream whose runs are read as one event each: the answer is the one that event by event gives."""

import random
from collections.abc import Sequence

from pandaprobe_proxy.dialects.base import Dialect
from pandaprobe_proxy.dialects.framings import Framing, open_stream
from pandaprobe_proxy.wire.runs import WORTH_BYTES, RunError
from pandaprobe_proxy.wire.sse import SseReader

FILLER = b": " + b"x" * WORTH_BYTES + b"\n\n"
"""After a stream this makes even its shortest run worth to be looked for."""
TEXTS = (
    *(
        b"a",
        b" the",
        b"",
        b" ",
        b"x" * 300,
        b"\\n\\n",
        b' \\"q\\" ',
        b"\\\\",
        b"}",
        b"]}",
        b'\\"}}',
        b"\xc3\xa9",
        b"[DONE]",
    ),
    *(
        b"\\u00e9",
        b"\\ud83d",
        b"\\ude00",
        b"\\ud83d\\ude00",
        b"\xf0\x9f\x98\x80",
        b"\\",
        b'"',
        b"\xc3",
        b"\xa9",
        b"\x01",
    ),
    *(
        b"\\x",
        b"\\u12",
        b"34",
        b"\\/",
        b"\\u0041",
        b"data: ",
        b"\x7f",
        b"\xed\xa0\xbd",
        b"\t",
        b"\xe2\x80\xa8",
        b"\\u2028",
    ),
)
"""Insides of JSON strings: whole ones, halves, and what breaks them."""
ODD = b'"\\{}[]:,\n\r \x00\xff01aetn/'


def check_alike(dialect: Dialect, body: bytes, framing: Framing = SseReader) -> int:
    """Asserts it; returns how many events less there were."""
    plain, fused = framing(body), open_stream(framing, body, dialect.alike)
    expected = dialect.streamed(plain)
    taken = 0

    def count():
        nonlocal taken
        for event in fused:
            taken += event.events - 1
            yield event

    try:
        told = dialect.streamed(count())
    except RunError:
        return 0
    assert told == expected
    assert (fused.tail, fused.first_end, repr(fused.error)) == (plain.tail, plain.first_end, repr(plain.error))
    return taken


def make_stream(dice: random.Random, events: Sequence[bytes], ends: bytes = b"\n\n") -> bytes:
    """A stream of some of these events in runs, each with `<>` for its text and `#` for numbers and paddings.

    Now and then an event is cut, repeated, differs from the others, or has a byte that it should not have.
    """
    made: list[bytes] = []
    number = dice.randrange(3)
    for _ in range(dice.randrange(1, 5)):
        event = dice.choice(events)
        texts = dice.choice((TEXTS, TEXTS[:18], TEXTS[:13], TEXTS[:3]))
        for _ in range(dice.randrange(12)):
            number += 1 if dice.random() < 0.98 else dice.randrange(-3, 4)
            told = event.replace(b"<>", dice.choice(texts)).replace(b"##", dice.choice((b"", b"aZ9", b"x_-")))
            made.append(told.replace(b"#", b"%d" % number).replace(b"~", b" " * dice.randrange(4)))
    for at, event in enumerate(made):
        if dice.random() < 0.01:
            place = dice.randrange(len(event))
            made[at] = event[:place] + bytes([dice.choice(ODD)]) + event[place + dice.randrange(2) :]
        elif dice.random() < 0.01:
            made[at] = dice.choice(made)
    body = b"".join(
        event + (ends if dice.random() < 0.99 else dice.choice((b"\n\n", b"\r\n\r\n", b"\n", b"\r\r")))
        for event in made
    )
    return body[: dice.randrange(len(body) + 1)] if dice.random() < 0.2 else body
