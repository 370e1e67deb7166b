"""What a request to the OpenAI Responses API asks: instructions and input as messages, and whom it goes on from."""

from typing import Any

from pandaprobe_proxy.dialects.base import Asked
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.dialects.responses_answer import read_conversation
from pandaprobe_proxy.dialects.responses_items import read_items
from pandaprobe_proxy.model.call import Message

Json = Any


def read_create(body: dict[str, Json], path: str) -> Asked:
    """The body of a request, or of a `response.create` frame."""
    rest = dict(body)
    messages = _pop_instructions(rest) + _pop_input(rest)
    return Asked(
        model=pop_typed(rest, "model", str) or read_deployment(path),
        messages=messages,
        tools=tuple(pop_typed(rest, "tools", list) or ()),
        previous_id=pop_typed(rest, "previous_response_id", str),
        conversation_id=read_conversation(rest.get("conversation")),
        parameters=rest,
        stream=rest.get("stream") is True,
        operation="prewarm" if _is_prewarm(rest) else None,
    )


def _pop_instructions(rest: dict[str, Json]) -> tuple[Message, ...]:
    instructions = rest.get("instructions")
    if isinstance(instructions, list):
        return read_items(rest.pop("instructions"))
    text = pop_typed(rest, "instructions", str)
    return (Message("system", text),) if text else ()


def _pop_input(rest: dict[str, Json]) -> tuple[Message, ...]:
    if isinstance(rest.get("input"), str):
        return (Message("user", rest.pop("input")),)
    return read_items(pop_typed(rest, "input", list) or ())


def _is_prewarm(rest: dict[str, Json]) -> bool:
    """Whether only the provider's cache is to be filled: no answer comes of it."""
    options = rest.get("prompt_cache_options")
    return rest.get("generate") is False or (isinstance(options, dict) and options.get("prewarm") is True)
