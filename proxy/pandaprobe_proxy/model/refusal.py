"""Why a request gets no answer from an upstream, and how that is told: JSON in the caller's dialect, one sentence.

The dialect is known by the request's path and headers alone.
"""

import json
from typing import NamedTuple

from pandaprobe_proxy.model.exchange import Headers

ANTHROPIC_HEADERS = frozenset({b"x-api-key", b"anthropic-version"})
ANTHROPIC_TYPES = {400: "invalid_request_error", 404: "not_found_error", 413: "request_too_large", 504: "timeout_error"}


class Trouble(NamedTuple):
    """Why there is no answer from an upstream: the status to answer with, a short code, one sentence."""

    status: int
    code: str
    sentence: str


class Caller(NamedTuple):
    """What of a request decides how an error is told."""

    method: str = "GET"
    target: bytes = b"/"
    headers: Headers = ()


def is_anthropic(path: bytes, headers: Headers) -> bool:
    """Whether a request is one of Anthropic's messages API, by its path and headers."""
    return b"/messages" in path and any(name.lower() in ANTHROPIC_HEADERS for name, _ in headers)


def body(trouble: Trouble, caller: Caller) -> bytes:
    """The error as JSON, in UTF-8."""
    return json.dumps(_error(trouble, caller), ensure_ascii=False).encode()


def _error(trouble: Trouble, caller: Caller) -> object:
    if is_anthropic(caller.target.split(b"?", 1)[0], caller.headers):
        kind = ANTHROPIC_TYPES.get(trouble.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": trouble.sentence}}
    kind = "invalid_request_error" if trouble.status < 500 else "upstream_error"
    return {"error": {"message": trouble.sentence, "type": kind, "param": None, "code": trouble.code}}
