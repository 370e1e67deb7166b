"""The prompt of a completion and the input of an embedding: a text, texts, or tokens."""

from typing import Any

from pandaprobe_proxy.dialects.base import Asked
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.model.call import Message

Json = Any


def read_completion(body: Json, model: str | None = None) -> Asked:
    """What a request for completions says: a prompt beside parameters. `model` is for a body that names none."""
    rest = dict(body)
    return Asked(
        model=pop_typed(rest, "model", str) or model,
        messages=read_prompts(rest.pop("prompt", None)),
        parameters=rest,
        stream=rest.get("stream") is True,
    )


def read_prompts(prompt: Json) -> tuple[Message, ...]:
    """One user message per text. Tokens are no text: they are kept as they are, in the extra `tokens`."""
    if prompt is None:
        return ()
    if not isinstance(prompt, list) or all(isinstance(item, int) for item in prompt):
        return (_read_prompt(prompt),)
    return tuple(_read_prompt(item) for item in prompt)


def _read_prompt(prompt: Json) -> Message:
    if isinstance(prompt, list) and all(isinstance(item, int) for item in prompt):
        return Message("user", extra={"tokens": prompt})
    return Message("user", prompt)
