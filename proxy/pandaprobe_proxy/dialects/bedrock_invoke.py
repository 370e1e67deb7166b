"""Bedrock's InvokeModel API, in the body of each model: `POST /model/{id}/invoke`, `…/invoke-with-response-stream`."""

from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.bedrock_native import read_native_answer, read_native_request
from pandaprobe_proxy.dialects.bedrock_native_stream import read_native_stream
from pandaprobe_proxy.dialects.bedrock_paths import read_path
from pandaprobe_proxy.dialects.bedrock_usage import read_headers
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_STREAMING = "invoke-with-response-stream"


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and read_path(path)[1] in {"invoke", _STREAMING}


def asked(body: Json, path: str) -> Asked:
    model, verb = read_path(path)
    return read_native_request(body, model, stream=verb == _STREAMING)


def answered(body: Json) -> Answered:
    return read_native_answer(body)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    return read_native_stream(events)


DIALECT = Dialect(
    "bedrock_invoke",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    headed=read_headers,
    endpoints=("POST /model/{id}/invoke", "POST /model/{id}/invoke-with-response-stream"),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
