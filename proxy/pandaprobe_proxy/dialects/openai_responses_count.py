"""The tokens that a response would take in: `POST …/responses/input_tokens`. Nothing is generated."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import read_rest, read_usage
from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)responses/input_tokens/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    return read_create(body, path)


def answered(body: Json) -> Answered:
    _, rest = read_rest(body)
    usage = read_usage({"input_tokens": rest.get("input_tokens")})
    if usage.input is not None:
        rest.pop("input_tokens")
    error = read_error(rest["error"]) if rest.get("error") else None
    return Answered(usage=usage, error=error, extra=rest, lossy=usage.input is None and error is None)


DIALECT = Dialect(
    "openai_responses_count",
    1,
    "count_tokens",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("POST /v1/responses/input_tokens",),
    offers=frozenset({"usage"}),
)
