"""OpenAI embeddings: `POST …/embeddings`. Of the vectors only how many and how long is kept."""

import re
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_blobs import decode_base64
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.model.call import Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?<!/api)(?:^|/)embeddings/?$")
"""Ollama has embeddings of its own at `/api/embeddings`."""


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    return Asked(
        model=pop_typed(rest, "model", str) or read_deployment(path),
        messages=read_prompts(rest.pop("input", None)),
        parameters=rest,
    )


def answered(body: Json) -> Answered:
    usage, rest = read_rest(body)
    vectors = pop_typed(rest, "data", list)
    error = rest.get("error")
    known = [read_dimensions(item.get("embedding")) for item in vectors or () if isinstance(item, dict)]
    lengths = sorted({length for length in known if length is not None})
    if vectors is not None:
        rest["count"] = len(vectors)
        rest["dimensions"] = lengths[0] if len(lengths) == 1 else lengths
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        usage=_count_input(read_usage(usage)),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(known) != len(vectors or ()) or None in known or (vectors is None and not error),
    )


def read_dimensions(vector: Json) -> int | None:
    """How many numbers a vector has: a list of them, or base64 of little-endian floats; None if it is neither."""
    if isinstance(vector, list):
        return len(vector)
    data = decode_base64(vector) if isinstance(vector, str) else None
    if data is None:
        return None
    return len(data) // (8 if _is_double(data) else 4)


def _is_double(data: bytes) -> bool:
    """Floats have 32 bits, but older vLLM widens its halves to 64: then the lower half of each is zero."""
    return bool(data) and len(data) % 8 == 0 and not any(any(data[at::8]) for at in range(4))


def _count_input(usage: Usage) -> Usage:
    """Some providers say the total alone; there is no output."""
    total = usage.raw.get("total_tokens")
    alone = usage.input is None and usage.output is None and isinstance(total, int)
    return replace(usage, input=total) if alone and usage.source is UsageSource.REPORTED else usage


DIALECT = Dialect(
    "openai_embeddings",
    2,
    "embeddings",
    matches,
    asked,
    answered,
    refuse_stream,
    endpoints=("POST /v1/embeddings",),
    offers=frozenset({"usage", "cost"}),
)
