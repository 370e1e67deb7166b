"""Gemini's cached contents: `…/cachedContents[/{id}]`. What is put into a cache is read as messages."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.gemini_contents import read_contents, read_system
from pandaprobe_proxy.dialects.gemini_paths import bare_model
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"/cachedContents(?:/[^/:]+)?/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method in {"POST", "GET", "PATCH", "DELETE"} and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    system = rest.pop("systemInstruction", None) or rest.pop("system_instruction", None)
    contents = rest.pop("contents", None)
    tools = pop_typed(rest, "tools", list) or []
    return Asked(
        model=bare_model(pop_typed(rest, "model", str)),
        messages=(*read_system(system), *read_contents(contents)),
        tools=tuple(tools),
        parameters=rest,
    )


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    error = rest.get("error")
    return Answered(
        model=bare_model(pop_typed(rest, "model", str)),
        response_id=pop_typed(rest, "name", str),
        error=read_error(error) if error else None,
        extra=rest,
    )


DIALECT = Dialect(
    "gemini_caches",
    1,
    "state",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("POST /v1beta/cachedContents", "GET /v1beta/cachedContents/{id}"),
)
