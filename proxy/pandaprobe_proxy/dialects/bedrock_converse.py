"""Bedrock's Converse API: `POST /model/{id}/converse`, `…/converse-stream` and `…/count-tokens`."""

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.bedrock_blocks import read_answer, read_inner, read_request
from pandaprobe_proxy.dialects.bedrock_native import read_native_request
from pandaprobe_proxy.dialects.bedrock_paths import read_path
from pandaprobe_proxy.dialects.bedrock_stream import ConverseStream
from pandaprobe_proxy.dialects.bedrock_usage import read_headers
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_VERBS = frozenset({"converse", "converse-stream", "count-tokens"})


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and read_path(path)[1] in _VERBS


def asked(body: Json, path: str) -> Asked:
    model, verb = read_path(path)
    if verb == "count-tokens":
        return replace(_read_counted(body, model), operation="count_tokens")
    return read_request(body, model, stream=verb == "converse-stream")


def _read_counted(body: dict[str, Json], model: str | None) -> Asked:
    """What is to be counted: a request of Converse, or the body of an invocation in base64."""
    inputs = body.get("input")
    invoked = read_inner(inputs, "invokeModel").get("body")
    if isinstance(invoked, str):
        native = parse_json(b64decode(invoked))
        return read_native_request(native if isinstance(native, dict) else {}, model, stream=False)
    return read_request(read_inner(inputs, "converse"), model, stream=False)


def answered(body: Json) -> Answered:
    """A count of tokens is none that anybody spent."""
    if body.keys() == {"inputTokens"}:
        return Answered(extra=dict(body))
    return read_answer(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return ConverseStream().read(events)


DIALECT = Dialect(
    "bedrock_converse",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    headed=read_headers,
    endpoints=("POST /model/{id}/converse", "POST /model/{id}/converse-stream", "POST /model/{id}/count-tokens"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
