"""Whole bodies of the Anthropic format: a request, a message, an error, a count of tokens.

Anthropic itself, Bedrock and Vertex take and give the same ones; where they differ is what names the model.
"""

from collections.abc import Mapping
from typing import Any

from pandaprobe_proxy.dialects.anthropic_blocks import NOTHING, make_message, read_message, read_system
from pandaprobe_proxy.dialects.anthropic_usage import read_usage
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls

Json = Any
_OF_MESSAGE = ("stop_sequence", "stop_details")
"""Fields of an answer that tell of its end, as its finish reason does."""


def read_request(body: dict[str, Json], model: str | None = None, stream: bool | None = None) -> Asked:
    """What a request asks; `model` and `stream` where the path says them and not the body."""
    rest = dict(body)
    messages = pop_typed(rest, "messages", list) or []
    system = read_system(rest.pop("system", None))
    tools = pop_typed(rest, "tools", list) or []
    return Asked(
        model=pop_typed(rest, "model", str) or model,
        messages=system + tuple(part for message in messages for part in read_message(message)),
        tools=tuple(tools),
        parameters=rest,
        stream=rest.get("stream") is True if stream is None else stream,
        previous_id=_read_previous(rest.get("thread")),
    )


def _read_previous(thread: Json) -> str | None:
    """The answer that a thread held by the provider goes on from. `diagnostics` names one too, but there the whole
    history comes along."""
    previous = thread.get("previous_message_id") if isinstance(thread, dict) else None
    return previous if isinstance(previous, str) else None


def read_answer(body: dict[str, Json], whole: bool = True, written: Mapping[int, str] = NOTHING) -> Answered:
    """What an answer says. `whole` is for its usage; `written` as in make_message."""
    rest = without_nulls(body)
    kind = rest.pop("type", None)
    content = pop_typed(rest, "content", list)
    if content is None:
        return _read_rest(rest, kind)
    usage = pop_typed(rest, "usage", dict) or {}
    ends = {key: rest.pop(key) for key in _OF_MESSAGE if key in rest}
    role = pop_typed(rest, "role", str) or "assistant"
    reason = pop_typed(rest, "stop_reason", str) or None
    error = rest.get("error")
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=(make_message(role, content, reason, written, ends),),
        usage=read_usage(usage, whole),
        error=read_error(error) if error else None,
        extra=rest,
    )


def _read_rest(rest: dict[str, Json], kind: Json) -> Answered:
    """An answer without content: an error, or a count of tokens, which are none that anybody spent."""
    if rest.get("error"):
        return Answered(error=read_error(rest["error"]), extra=rest)
    known = "input_tokens" in rest or "context_management" in rest
    return Answered(extra=rest if kind is None else rest | {"type": kind}, lossy=not known)
