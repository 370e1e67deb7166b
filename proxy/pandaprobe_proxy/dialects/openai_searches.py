"""A search in one of OpenAI's vector stores: `POST …/vector_stores/{id}/search`. A query in, pieces of files out."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, without_nulls
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)vector_stores/([^/]+)/search/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    found = _PATH.search(path)
    return Asked(
        messages=read_prompts(rest.pop("query", None)),
        parameters=rest | ({"vector_store_id": found[1]} if found else {}),
    )


def answered(body: Json) -> Answered:
    _, rest = read_rest(body)
    found = pop_typed(rest, "data", list)
    whole = [item for item in found or () if isinstance(item, dict)]
    error = rest.get("error")
    return Answered(
        messages=tuple(_read_found(item) for item in whole),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=len(whole) != len(found or ()) or (found is None and not error),
    )


def _read_found(item: dict[str, Json]) -> Message:
    """One message per piece that was found, with the file that it is of."""
    rest = without_nulls(item)
    content = rest.pop("content", None)
    return Message("tool", content, name=pop_typed(rest, "filename", str), extra=rest)


DIALECT = Dialect(
    "openai_searches",
    1,
    "search",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("POST /v1/vector_stores/{id}/search",),
)
