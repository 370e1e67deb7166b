"""Gemini, on its own API and on Vertex: `…:generateContent`, `…:streamGenerateContent`, `…:countTokens`.

A stream is SSE, or one JSON array in pieces; that one is asked for is in the path, not in the body.
"""

from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect
from pandaprobe_proxy.dialects.gemini_answer import ALIKE, GeminiAnswer
from pandaprobe_proxy.dialects.gemini_contents import read_contents, read_system
from pandaprobe_proxy.dialects.gemini_paths import bare_model, read_method, read_model
from pandaprobe_proxy.dialects.json_events import read_objects
from pandaprobe_proxy.dialects.openai_fields import pop_typed
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_METHODS = frozenset({"generateContent", "streamGenerateContent", "countTokens"})


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and read_method(path) in _METHODS


def asked(body: Json, path: str) -> Asked:
    method = read_method(path)
    rest = _unwrap(body)
    system = rest.pop("systemInstruction", None) or rest.pop("system_instruction", None)
    contents = rest.pop("contents", None)
    tools = pop_typed(rest, "tools", list) or []
    named = pop_typed(rest, "model", str)
    return Asked(
        model=read_model(path) or bare_model(named),
        messages=(*read_system(system), *read_contents(contents)),
        tools=tuple(tools),
        parameters=rest,
        stream=method == "streamGenerateContent",
        operation="count_tokens" if method == "countTokens" else None,
    )


def _unwrap(body: dict[str, Json]) -> dict[str, Json]:
    """The request itself, with the fields around it where Code Assist or countTokens wrap it."""
    wraps = [key for key in ("request", "generateContentRequest") if isinstance(body.get(key), dict)]
    if not wraps or "contents" in body:
        return dict(body)
    inner: dict[str, Json] = body[wraps[0]]
    return {key: value for key, value in body.items() if key != wraps[0]} | inner


def answered(body: Json) -> Answered:
    answer = GeminiAnswer()
    answer.take(body, 0)
    return answer.finish(streamed=False)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    answer = GeminiAnswer()
    for response, event in read_objects(events):
        answer.take(response, event.end)
    return answer.finish(streamed=True)


DIALECT = Dialect(
    "gemini",
    1,
    "chat",
    matches,
    asked,
    answered,
    streamed,
    alike=ALIKE,
    endpoints=(
        "POST /v1beta/models/{model}:generateContent",
        "POST /v1beta/models/{model}:streamGenerateContent",
        "POST /v1beta/models/{model}:countTokens",
        "POST /v1/projects/{project}/locations/{location}/publishers/google/models/{model}:generateContent",
    ),
    offers=frozenset({"streamed", "usage", "tools", "cost"}),
)
