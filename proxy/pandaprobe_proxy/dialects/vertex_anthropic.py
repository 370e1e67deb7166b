"""Anthropic models on Google Vertex: `POST …/publishers/anthropic/models/{model}:rawPredict` and `:streamRawPredict`.

The bodies are Anthropic's; the path names the model and says whether a stream is asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.anthropic_bodies import read_answer, read_request
from pandaprobe_proxy.dialects.anthropic_stream import ALIKE, MessageStream
from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"/publishers/anthropic/models/([^/]+?)(?::|%3[aA])(rawPredict|streamRawPredict)/?$")
_COUNTING = "count-tokens"
"""Where the path has this for a model, the body names the model."""


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    model, verb = (unquote(found[1]), found[2]) if found else (None, "")
    if model == _COUNTING:
        return replace(read_request(body), operation="count_tokens")
    return read_request(body, model, stream=verb == "streamRawPredict")


def answered(body: Json) -> Answered:
    return read_answer(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return MessageStream().read(events)


DIALECT = Dialect(
    "vertex_anthropic",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=(
        "POST /v1/projects/{p}/locations/{l}/publishers/anthropic/models/{model}:rawPredict",
        "POST /v1/projects/{p}/locations/{l}/publishers/anthropic/models/{model}:streamRawPredict",
    ),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
