"""Cohere's embeddings: `…/v2/embed` and `…/v1/embed`, of texts, images or both, in one type of number or in several."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.cohere_usage import read_usage
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.dialects.vectors import describe_vectors
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)v[12]/embed/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    texts, images = pop_typed(rest, "texts", list), pop_typed(rest, "images", list) or []
    inputs = pop_typed(rest, "inputs", list) or []
    messages = (
        *read_prompts(texts),
        *(Message("user", [{"type": "image", "image": image}]) for image in images),
        *(Message("user", item.get("content") if isinstance(item, dict) else item) for item in inputs),
    )
    return Asked(model=pop_typed(rest, "model", str), messages=messages, parameters=rest)


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    error = rest.get("error")
    embeddings = rest.pop("embeddings", None)
    typed = embeddings if isinstance(embeddings, dict) else {"float": embeddings}
    told = {kind: describe_vectors(vectors) for kind, vectors in typed.items() if vectors is not None}
    said = next((described for described, _ in told.values()), {"count": 0, "dimensions": []})
    return Answered(
        response_id=pop_typed(rest, "id", str),
        usage=read_usage(pop_typed(rest, "meta", dict)),
        error=read_error(error) if error else None,
        extra=rest | said | {"embedding_types": list(told)},
        lossy=not all(placed for _, placed in told.values()) or (not told and not error),
    )


DIALECT = Dialect(
    "cohere_embeddings",
    1,
    "embeddings",
    matches,
    asked,
    answered,
    refuse_stream,
    endpoints=("POST /v2/embed", "POST /v1/embed"),
    offers=frozenset({"usage", "cost"}),
)
