"""OpenAI's list of models, and one of them: `GET …/models`, `GET …/models/{id}`. Their names are kept."""

import re
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.exchange import Headers, find_header

Json = Any
_PATH = re.compile(r"(?:^|/)models(?:/(.+))?$")
_FOREIGN = re.compile(r"/v1(?:alpha|beta)\d*/models")


def matches(method: str, path: str, headers: Headers) -> bool:
    """Gemini and Anthropic have lists of their own under the same name."""
    foreign = _FOREIGN.search(path) or find_header(headers, b"anthropic-version") is not None
    return method == "GET" and _PATH.search(path) is not None and not foreign


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    return Asked(model=unquote(found[1]) if found and found[1] else None, parameters=body if body else {})


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    models = pop_typed(rest, "data", list)
    error = rest.get("error")
    if models is None:
        return Answered(
            model=pop_typed(rest, "id", str) if not error else None,
            error=read_error(error) if error else None,
            extra=rest,
        )
    names = [item.get("id") for item in models if isinstance(item, dict)]
    rest["models"] = [name for name in names if isinstance(name, str)]
    return Answered(extra=rest, lossy=len(rest["models"]) != len(models))


DIALECT = Dialect(
    "openai_models",
    1,
    "models",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("GET /v1/models", "GET /v1/models/{id}"),
)
