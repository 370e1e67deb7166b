"""A whole response object of the OpenAI Responses API as an answer."""

from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.responses_items import read_items
from pandaprobe_proxy.model.call import CallError, Message

Json = Any
UNDECIDED = frozenset({"queued", "in_progress"})
"""What a response is whose answer comes later."""


def read_response(body: dict[str, Json], output: list[Json] | None = None) -> Answered:
    """The answer that a response object gives; of its `output`, or of the items given in its stead."""
    usage, rest = read_rest(body)
    told = pop_typed(rest, "output", list)
    items = told if output is None else output
    status = rest.get("status")
    error = _read_error(rest)
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=_end(read_items(items or ()), _read_reason(rest)),
        usage=read_usage(usage),
        error=error,
        lossy="output" in rest or not _is_whole(items, bool(status or error)),
        conversation_id=read_conversation(rest.get("conversation")),
        pending=isinstance(status, str) and status in UNDECIDED,
        extra=rest,
    )


def _is_whole(items: list[Json] | None, told: bool) -> bool:
    """Whether every item has its place, or there may be none."""
    return told if items is None else all(isinstance(item, dict) for item in items)


def read_conversation(value: Json) -> str | None:
    """The id of a conversation, which is named by it or by an object."""
    name = value.get("id") if isinstance(value, dict) else value
    return name if isinstance(name, str) else None


def _read_error(rest: dict[str, Json]) -> CallError | None:
    if rest.get("error"):
        return read_error(rest["error"])
    return CallError("the response failed") if rest.get("status") == "failed" else None


def _read_reason(rest: dict[str, Json]) -> str | None:
    """Why the answer ended, in the provider's word; None while it has not."""
    status, details = rest.get("status"), rest.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    if isinstance(reason, str):
        return reason
    return status if isinstance(status, str) and status not in UNDECIDED else None


def _end(messages: tuple[Message, ...], reason: str | None) -> tuple[Message, ...]:
    if not messages or reason is None or messages[-1].role != "assistant":
        return messages
    return (*messages[:-1], replace(messages[-1], finish_reason=reason))
