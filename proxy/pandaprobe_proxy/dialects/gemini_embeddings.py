"""Gemini embeddings: `…:embedContent`, `…:batchEmbedContents`, and Vertex's `…:predict` of a model for embeddings."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.counts import add_counts, read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.gemini_contents import read_contents
from pandaprobe_proxy.dialects.gemini_paths import read_method, read_model
from pandaprobe_proxy.dialects.gemini_usage import read_usage
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.dialects.vectors import describe_vectors
from pandaprobe_proxy.model.call import Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_METHODS = frozenset({"embedContent", "batchEmbedContents"})
_MODELS = re.compile(r"embed|gecko")
"""What Vertex predicts with these is an embedding."""


def matches(method: str, path: str, headers: Headers) -> bool:
    what = read_method(path)
    predicts = what == "predict" and _MODELS.search(read_model(path) or "") is not None
    return method == "POST" and (what in _METHODS or predicts)


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    requests = pop_typed(rest, "requests", list) or []
    instances = pop_typed(rest, "instances", list) or []
    contents = [rest.pop("content", None), *(_take(request, "content", rest) for request in requests)]
    texts = [_take(instance, "content", rest) for instance in instances]
    messages = [*read_contents([content for content in contents if content is not None])]
    messages += [Message("user", text) for text in texts if text is not None]
    rest.pop("model", None)
    return Asked(model=read_model(path), messages=tuple(messages), parameters=rest)


def _take(item: Json, key: str, beside: dict[str, Json]) -> Json:
    """A field of one of many; its other fields are parameters, which are the same for all as a rule."""
    if not isinstance(item, dict):
        beside.setdefault("others", []).append(item)
        return None
    beside |= {name: value for name, value in item.items() if name not in {key, "model"}}
    return item.get(key)


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    error = rest.get("error")
    usage = pop_typed(rest, "usageMetadata", dict) or {}
    predictions = pop_typed(rest, "predictions", list)
    embeddings = pop_typed(rest, "embeddings", list)
    one = pop_typed(rest, "embedding", dict)
    entries = predictions or embeddings or ([one] if one else [])
    inner = [_inner(entry) for entry in entries]
    said, placed = describe_vectors([entry.get("values") for entry in inner])
    return Answered(
        usage=read_usage(usage) if usage else _count(inner),
        error=read_error(error) if error else None,
        extra=rest | said,
        lossy=not placed or (not entries and not error),
    )


def _inner(entry: Json) -> dict[str, Json]:
    """An embedding, which Vertex puts one level deeper."""
    deeper = entry.get("embeddings", entry) if isinstance(entry, dict) else None
    return deeper if isinstance(deeper, dict) else {}


def _count(embeddings: list[dict[str, Json]]) -> Usage:
    """Vertex counts the tokens of each text."""
    told = [entry["statistics"] for entry in embeddings if isinstance(entry.get("statistics"), dict)]
    tokens = add_counts(*(read_count(statistics, "token_count", "tokenCount") for statistics in told))
    return Usage() if tokens is None else Usage(tokens, source=UsageSource.REPORTED, raw={"statistics": told})


DIALECT = Dialect(
    "gemini_embeddings",
    1,
    "embeddings",
    matches,
    asked,
    answered,
    refuse_stream,
    endpoints=(
        "POST /v1beta/models/{model}:embedContent",
        "POST /v1beta/models/{model}:batchEmbedContents",
        "POST /v1/projects/{project}/locations/{location}/publishers/google/models/text-embedding-{version}:predict",
    ),
    offers=frozenset({"usage"}),
)
