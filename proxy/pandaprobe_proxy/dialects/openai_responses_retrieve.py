"""An earlier response of OpenAI's, polled, resumed as a stream, or cancelled: `GET …/responses/{id}`, `POST …/cancel`.

The call is no new answer: it has the response id of the one that it tells of.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.responses_answer import read_response
from pandaprobe_proxy.dialects.responses_stream import ALIKE, read_events
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)responses/([^/]+)(/cancel)?/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    found = _PATH.search(path)
    return found is not None and method == ("POST" if found[2] else "GET")


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    named = {"response_id": unquote(found[1])} if found else {}
    operation = "cancel" if found and found[2] else None
    return Asked(parameters=dict(body) | named, operation=operation)


def answered(body: Json) -> Answered:
    return read_response(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return read_events(events)


DIALECT = Dialect(
    "openai_responses_retrieve",
    1,
    "retrieve",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    counts_tokens=False,
    endpoints=("GET /v1/responses/{id}", "POST /v1/responses/{id}/cancel"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
