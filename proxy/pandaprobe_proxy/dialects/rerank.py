"""Documents put in order by a query: `…/rerank`, of Cohere, Voyage and the many servers that follow them."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.cohere_usage import read_usage
from pandaprobe_proxy.dialects.counts import read_count
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import Message, Usage, UsageSource
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)rerank/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    """The query is the message; the documents stay among the parameters."""
    rest = dict(body)
    query = rest.pop("query", None)
    messages = () if query is None else (Message("user", query),)
    return Asked(model=pop_typed(rest, "model", str), messages=messages, parameters=rest)


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    error = rest.get("error")
    rest.pop("object", None)
    data, results = pop_typed(rest, "data", list), pop_typed(rest, "results", list)
    ordered = results if results is not None else data
    usage, meta = pop_typed(rest, "usage", dict), pop_typed(rest, "meta", dict)
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        usage=_read_usage(usage) if usage else read_usage(meta),
        error=read_error(error) if error else None,
        extra=rest if ordered is None else rest | {"results": ordered},
        lossy=ordered is None and not error,
    )


def _read_usage(usage: dict[str, Json]) -> Usage:
    """All tokens are those of the query and the documents."""
    tokens = read_count(usage, "prompt_tokens", "input_tokens", "total_tokens")
    return Usage(raw=usage) if tokens is None else Usage(tokens, source=UsageSource.REPORTED, raw=usage)


DIALECT = Dialect(
    "rerank",
    1,
    "rerank",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("POST /v2/rerank", "POST /v1/rerank"),
    offers=frozenset({"usage"}),
)
