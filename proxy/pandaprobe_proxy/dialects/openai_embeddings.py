"""OpenAI embeddings: `POST …/embeddings`. Of the vectors only how many and how long is kept."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.dialects.openai_paths import read_deployment
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
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
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(known) != len(vectors or ()) or None in known or (vectors is None and not error),
    )


def read_dimensions(vector: Json) -> int | None:
    """How many numbers a vector has: a list of them, or base64 of little-endian float32; None if it is neither."""
    if isinstance(vector, list):
        return len(vector)
    if isinstance(vector, str):
        return len(vector.rstrip("=")) * 3 // 4 // 4
    return None


DIALECT = Dialect("openai_embeddings", 1, "embeddings", matches, asked, answered, refuse_stream)
