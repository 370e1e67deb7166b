"""OpenAI moderations: `POST …/moderations`. Texts or images in; what is wrong with each out, kept as it is."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)moderations/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    model = pop_typed(rest, "model", str)
    return Asked(model=model, messages=_read_input(rest.pop("input", None)), parameters=rest)


def _read_input(value: Json) -> tuple[Message, ...]:
    """A list of parts is one message; a list of texts is one message each."""
    parts = isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
    return (Message("user", value),) if parts else read_prompts(value)


def answered(body: Json) -> Answered:
    usage, rest = read_rest(body)
    results = rest.get("results")
    error = rest.get("error")
    whole = [item for item in results if isinstance(item, dict)] if isinstance(results, list) else []
    extra = rest | {"flagged": sum(item.get("flagged") is True for item in whole)} if whole else rest
    return Answered(
        model=pop_typed(extra, "model", str),
        response_id=pop_typed(extra, "id", str),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=extra,
        lossy=not error and (not isinstance(results, list) or len(whole) != len(results)),
    )


DIALECT = Dialect(
    "openai_moderations",
    1,
    "moderation",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("POST /v1/moderations",),
)
