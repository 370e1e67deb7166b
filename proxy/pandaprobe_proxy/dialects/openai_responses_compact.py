"""A conversation made shorter by OpenAI: `POST …/responses/compact`. What stands for the rest is an encrypted item."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.responses_answer import read_response
from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)responses/compact/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    return read_create(body, path)


def answered(body: Json) -> Answered:
    return read_response(body)


DIALECT = Dialect(
    "openai_responses_compact",
    1,
    "compact",
    matches,
    asked,
    answered,
    refuse_stream,
    endpoints=("POST /v1/responses/compact",),
    offers=frozenset({"usage", "cost"}),
)
