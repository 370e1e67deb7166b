"""What OpenAI holds of a response: `GET …/responses/{id}/input_items` lists it, `DELETE …/responses/{id}` ends it.

Both are kept as the provider says them: no message is new, and the list may have any order.
"""

import re
from typing import Any
from urllib.parse import unquote

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import without_nulls
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)responses/([^/]+)(/input_items)?/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    found = _PATH.search(path)
    return found is not None and method == ("GET" if found[2] else "DELETE")


def asked(body: Json, path: str) -> Asked:
    found = _PATH.search(path)
    return Asked(parameters=dict(body) | ({"response_id": unquote(found[1])} if found else {}))


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    return Answered(error=read_error(rest["error"]) if rest.get("error") else None, extra=rest, lossy=not rest)


DIALECT = Dialect(
    "openai_responses_state",
    1,
    "state",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    endpoints=("GET /v1/responses/{id}/input_items", "DELETE /v1/responses/{id}"),
)
