"""OpenAI videos: `POST …/videos`, `/videos/edits`, `/videos/extensions`, `/videos/{id}/remix`; their state.

A video is a job: the answer comes later, to a GET, under the same id.
"""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_blobs import without_blobs
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, read_usage
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_MADE = re.compile(r"(?:^|/)videos(?:/edits|/extensions|/[^/]+/remix)?/?$")
_HELD = re.compile(r"(?:^|/)videos(?:/characters)?(?:/[^/]+(?:/content)?)?/?$")
_LATER = ("queued", "in_progress")


def matches(method: str, path: str, headers: Headers) -> bool:
    if method == "POST":
        return _MADE.search(path) is not None or path.rstrip("/").endswith("/videos/characters")
    return method in {"GET", "DELETE"} and _HELD.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    prompt = pop_typed(rest, "prompt", str)
    model = pop_typed(rest, "model", str)
    return Asked(
        model=model,
        messages=(Message("user", prompt),) if prompt is not None else (),
        parameters=without_blobs(rest),
        operation=None if _MADE.search(path) and body else "state",
    )


def answered(body: Json) -> Answered:
    if isinstance(body, Blob):
        return Answered(messages=(Message("assistant", [{"type": "file"} | body.describe()]),))
    job = body.get("object") == "video"
    usage, rest = read_rest(body)
    error = rest.get("error")
    return Answered(
        model=pop_typed(rest, "model", str) if job else None,
        response_id=pop_typed(rest, "id", str) if job else None,
        usage=read_usage(usage),
        error=read_error(error) if error else None,
        extra=rest,
        pending=job and rest.get("status") in _LATER,
    )


DIALECT = Dialect(
    "openai_videos",
    1,
    "video",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,
    blobs=True,
    endpoints=(
        "POST /v1/videos",
        "POST /v1/videos/edits",
        "POST /v1/videos/extensions",
        "POST /v1/videos/{id}/remix",
        "GET /v1/videos",
        "GET /v1/videos/{id}",
        "GET /v1/videos/{id}/content",
        "DELETE /v1/videos/{id}",
    ),
)
