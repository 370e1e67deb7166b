"""OpenAI Responses: `POST …/responses`, JSON and SSE, which Azure, Bedrock, OpenRouter, vLLM and others speak too."""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.responses_answer import read_response
from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.dialects.responses_stream import ALIKE, read_events
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)responses/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    return read_create(body, path)


def answered(body: Json) -> Answered:
    return read_response(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return read_events(events)


DIALECT = Dialect(
    "openai_responses",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=("POST /v1/responses",),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
