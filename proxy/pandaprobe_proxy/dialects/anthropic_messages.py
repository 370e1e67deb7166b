"""Anthropic messages: `POST …/messages`, JSON and SSE, and `…/messages/count_tokens`.

Many servers speak it without Anthropic's headers, so the path alone must do; OpenAI's threads have a path that ends
alike, and are theirs unless Anthropic's headers say otherwise.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.anthropic_bodies import read_answer, read_request
from pandaprobe_proxy.dialects.anthropic_stream import ALIKE, MessageStream
from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)messages(/count_tokens)?/?$")
_FOREIGN = re.compile(r"(?:^|/)(?:threads|conversations)/[^/]+/messages/?$")
_OWN = frozenset({b"anthropic-version", b"anthropic-beta", b"x-api-key"})


def matches(method: str, path: str, headers: Headers) -> bool:
    if method != "POST" or not _PATH.search(path):
        return False
    return not _FOREIGN.search(path) or any(name.lower() in _OWN for name, _ in headers)


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    read = read_request(body)
    return replace(read, operation="count_tokens") if found and found[1] else read


def answered(body: Json) -> Answered:
    return read_answer(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return MessageStream().read(events)


DIALECT = Dialect(
    "anthropic_messages",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=("POST /v1/messages", "POST /v1/messages/count_tokens"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
