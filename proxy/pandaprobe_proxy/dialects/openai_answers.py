"""A whole answer of the chat format: its choices by index, and what stands beside them."""

from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_messages import read_choice

Json = Any


def read_answer(body: dict[str, Json]) -> Answered:
    """What the body of an answer says."""
    usage, rest = read_rest(body)
    choices = pop_typed(rest, "choices", list)
    whole = [choice for choice in choices or () if isinstance(choice, dict)]
    error = rest.get("error")
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=tuple(read_choice(choice) for choice in sorted(whole, key=_index)),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(whole) != len(choices or ()) or (choices is None and not error),
    )


def _index(choice: dict[str, Json]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0
