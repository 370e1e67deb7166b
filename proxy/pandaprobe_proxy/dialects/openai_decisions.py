"""OpenAI decisions: `POST …/decisions`. Input and questions in; an answer with probabilities per question out."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_history import read_items
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)decisions/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    model = pop_typed(rest, "model", str)
    return Asked(model=model, messages=read_items(rest.pop("input", None)), parameters=rest)


def answered(body: Json) -> Answered:
    usage, rest = read_rest(body)
    answers = pop_typed(rest, "answers", list)
    error = rest.get("error")
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=(Message("assistant", answers),) if answers else (),
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=answers is None and not error,
    )


DIALECT = Dialect(
    "openai_decisions",
    1,
    "decision",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("POST /v1/decisions",),
    offers=frozenset({"usage", "cost"}),
)
