"""Ollama's own embeddings: `…/api/embed` (many) and `…/api/embeddings` (one, of a prompt)."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.dialects.vectors import describe_vectors
from pandaprobe_proxy.model.call import Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)api/embed(?:dings)?/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    texts = rest.pop("input", None)
    prompt = rest.pop("prompt", None)
    messages = (*read_prompts(texts), *read_prompts(prompt))
    return Asked(model=pop_typed(rest, "model", str), messages=messages, parameters=rest)


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    error = rest.get("error")
    one = pop_typed(rest, "embedding", list)
    vectors = pop_typed(rest, "embeddings", list)
    tokens = read_count(rest, "prompt_eval_count")
    said, placed = describe_vectors(vectors if vectors is not None else [one] if one is not None else None)
    raw = {} if tokens is None else {"prompt_eval_count": rest.pop("prompt_eval_count")}
    return Answered(
        model=pop_typed(rest, "model", str),
        usage=Usage() if tokens is None else Usage(tokens, source=UsageSource.REPORTED, raw=raw),
        error=read_error(error) if error else None,
        extra=rest | said,
        lossy=not placed and not error,
    )


DIALECT = Dialect(
    "ollama_embeddings",
    1,
    "embeddings",
    matches,
    asked,
    answered,
    refuse_stream,
    endpoints=("POST /api/embed", "POST /api/embeddings"),
    offers=frozenset({"usage"}),
)
