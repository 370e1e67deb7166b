"""What OpenAI holds for its users: conversations, stored chat completions, assistants, threads, batches, vector
stores, containers, skills, evals, fine-tuning. No model answers here and no token is counted; all fields are kept.
"""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_blobs import without_blobs
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.dialects.openai_foreign import is_foreign
from pandaprobe_proxy.dialects.openai_history import read_item, read_items
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_ANY = frozenset({"GET", "POST", "DELETE"})
_CHAT = r"chat/completions/(?!control/?$|input_tokens/?$)[^/]+"
_STATE = (
    (frozenset({"GET"}), r"chat/completions(?:/[^/]+/messages)?"),
    (_ANY, _CHAT),
    (_ANY, r"conversations(?:/[^/]+(?:/items(?:/[^/]+)?)?)?"),
    (_ANY, r"assistants(?:/[^/]+)?"),
    (_ANY, r"(?:chatkit/)?threads(?:/(?!runs/?$)[^/]+(?:/(?:messages|items)(?:/[^/]+)?)?)?"),
    (frozenset({"GET"}), r"threads/[^/]+/runs(?:/[^/]+/steps(?:/[^/]+)?)?"),
    (_ANY, r"batches(?:/[^/]+(?:/cancel)?)?"),
    (_ANY, r"vector_stores(?:/[^/]+(?:/(?:files|file_batches)(?:/[^/]+(?:/[^/]+)?)?)?)?"),
    (_ANY, r"containers(?:/[^/]+)?"),
    (_ANY, r"skills(?:/[^/]+(?:/content|/versions(?:/[^/]+(?:/content)?)?)?)?"),
    (_ANY, r"evals(?:/[^/]+(?:/runs(?:/[^/]+(?:/cancel|/output_items(?:/[^/]+)?)?)?)?)?"),
    (_ANY, r"fine_tuning/jobs(?:/[^/]+(?:/(?:cancel|pause|resume|events|checkpoints))?)?"),
)
_PATHS = tuple((methods, re.compile(rf"(?:^|/){path}/?$")) for methods, path in _STATE)
_OPERATIONS = re.compile(r"(?:^|/)(batches|vector_stores)(?:/|$)")
_HELD = re.compile(r"(?:^|/)(?:conversations|threads)/([^/]+)")
_HOLDERS = ("conversation", "thread")


def matches(method: str, path: str, headers: Headers) -> bool:
    if is_foreign(path, headers):
        return False
    return any(method in methods and pattern.search(path) is not None for methods, pattern in _PATHS)


def asked(body: Json, path: str) -> Asked:
    rest = without_blobs(body)
    held, operation = _HELD.search(path), _OPERATIONS.search(path)
    return Asked(
        messages=_read_added(rest, path),
        parameters=rest,
        conversation_id=held[1] if held else None,
        operation=operation[1] if operation else None,
    )


def _read_added(rest: dict[str, Json], path: str) -> tuple[Message, ...]:
    """What is added to a conversation or a thread."""
    if path.rstrip("/").endswith("/messages") and "role" in rest:
        message = read_item({key: rest.pop(key) for key in ("role", "content") if key in rest})
        return (message,)
    known = _HELD.search(path) or path.rstrip("/").endswith(("conversations", "threads"))
    items = (pop_typed(rest, "items", list) or pop_typed(rest, "messages", list)) if known else None
    return read_items(items)


def answered(body: Json) -> Answered:
    if isinstance(body, Blob):
        return Answered(extra={"file": body.describe()})
    rest = without_nulls(body)
    # A batch says `errors`, a deleted thing nothing; `error` alone is a refusal.
    error = rest.get("error")
    identifier = rest.get("id") if rest.get("object") in _HOLDERS else None
    return Answered(
        error=read_error(error) if error and "object" not in rest else None,
        extra=rest,
        conversation_id=identifier if isinstance(identifier, str) else None,
    )


DIALECT = Dialect(
    "openai_state",
    1,
    "state",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    blobs=True,
    endpoints=(
        "GET /v1/chat/completions",
        "GET /v1/chat/completions/{id}",
        "GET /v1/chat/completions/{id}/messages",
        "POST /v1/conversations",
        "GET /v1/conversations/{id}",
        "POST /v1/conversations/{id}/items",
        "GET /v1/conversations/{id}/items",
        "POST /v1/assistants",
        "GET /v1/assistants/{id}",
        "POST /v1/threads",
        "POST /v1/threads/{id}/messages",
        "GET /v1/threads/{id}/messages",
        "GET /v1/threads/{id}/runs",
        "GET /v1/threads/{id}/runs/{id}/steps",
        "POST /v1/batches",
        "GET /v1/batches/{id}",
        "POST /v1/batches/{id}/cancel",
        "POST /v1/vector_stores",
        "GET /v1/vector_stores/{id}",
        "POST /v1/vector_stores/{id}/files",
        "POST /v1/vector_stores/{id}/file_batches",
        "POST /v1/containers",
        "GET /v1/skills",
        "POST /v1/evals",
        "POST /v1/evals/{id}/runs",
        "POST /v1/fine_tuning/jobs",
        "GET /v1/fine_tuning/jobs/{id}",
    ),
)
