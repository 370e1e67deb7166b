"""What is left of bodies and calls whose content must not be kept. Pure; `keep` decides when that is."""

from dataclasses import replace

from pandaprobe_proxy.capture.bodies import Kept
from pandaprobe_proxy.model.call import Call, Message
from pandaprobe_proxy.model.record import Body


def withhold(size: int, why: str) -> Kept:
    """A body of that many bytes, none of which is kept."""
    return Kept(Body(size=size, complete=False, withheld=why), b"")


def without_content(call: Call) -> Call:
    """The numbers and ends of a call and of its turns, without what was said."""
    output = tuple(Message(role=message.role, finish_reason=message.finish_reason) for message in call.output)
    turns = tuple(replace(turn, call=without_content(turn.call)) for turn in call.turns)
    return replace(call, input=(), output=output, tools=(), parameters={}, extra={}, turns=turns)


def read_texts(message: Message) -> list[str]:
    """Every text in which a message can say something."""
    arguments = [call.arguments for call in message.tool_calls]
    return [text for text in (message.text, message.refusal, message.reasoning, *arguments) if text]
