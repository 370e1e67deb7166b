"""What a search can find of a call: its messages by fingerprint and text, within bounds. Pure.

It costs more than anything else that a store does with a call, so it is done before, where nothing waits for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.model.record import Said
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store.media import leave_out

MOST_MESSAGES = 2000
"""Of a call with more messages, the last ones can be found; those before them came with an earlier call."""
FIRST_INPUT_CHARS = 200
LAST_OUTPUT_CHARS = 200
MOST_CHARS = 128 * 1024
"""Of a message, that much can be searched: an index of words takes a quarter of a second for a megabyte."""


def list_said(call: Call | None, names: Sequence[bytes] = ()) -> tuple[Said, ...]:
    """What the store needs of a call's messages, in order; `names` are their digests, where somebody has them."""
    if call is None:
        return ()
    messages = last_messages(call)
    return tuple(map(tell, messages, names[-MOST_MESSAGES:]) if names else map(tell, messages))


def last_messages(call: Call) -> tuple[Message, ...]:
    """Those of a call that can be found."""
    return (*call.input, *call.output)[-MOST_MESSAGES:]


def tell(message: Message, name: bytes = b"") -> Said:
    """What the store needs of one message; `name` is its digest, where somebody has it."""
    return Said(name or digest(message), message.role, searchable(message))


def searchable(message: Message) -> str:
    """What of a message can be searched: its text, refusal, reasoning, tools and arguments. No base64."""
    calls = (f"{call.name} {call.arguments}" for call in message.tool_calls)
    return "\n".join(_bound((message.text, message.refusal, message.reasoning, *calls))).replace("\0", " ")


def first_input(call: Call) -> str:
    """The first thing that a user said in it, cut."""
    said = (message.text for message in call.input if message.role == "user" and message.text)
    return next(said, "")[:FIRST_INPUT_CHARS]


def first_and_last(call: Call) -> tuple[str, str]:
    """What a list of sessions shows of it."""
    return first_input(call), last_output(call)


def last_output(call: Call) -> str:
    """The words of its answer, cut; empty if it has none."""
    return next((answer.text for answer in call.output if answer.text), "")[:LAST_OUTPUT_CHARS]


def slim(call: Call) -> Call:
    """A call whose messages are told, with what a store needs of it besides: it may be a hundred times smaller."""
    first = first_input(call)
    said = last_output(call) or None
    heads = tuple(Message(message.role, said, finish_reason=message.finish_reason) for message in call.output[:1])
    asked = (Message("user", first),) if first else ()
    return replace(call, input=asked, output=heads, tools=(), parameters={}, extra={})


def _bound(texts: Iterable[str | None]) -> list[str]:
    """Of these the beginning, as much as can be searched."""
    parts: list[str] = []
    room = MOST_CHARS
    for text in texts:
        part = leave_out(text)[:room] if text and room > 0 else ""
        if part:
            parts.append(part)
            room -= len(part)
    return parts


def explain(call: Call | None, said: Sequence[Said]) -> tuple[str, ...]:
    """What cannot be found although it was said: a sentence each."""
    if call is None:
        return ()
    whole = len(call.input) + len(call.output)
    few = (f"of {whole} messages the last {len(said)} can be searched",) if whole > len(said) else ()
    cut = any(len(one.text) >= MOST_CHARS for one in said)
    return (*few, f"of a message the first {MOST_CHARS} characters can be searched") if cut else few
