"""The answers that the relay gives itself, as bytes: a JSON error in the caller's dialect and one plain sentence. Pure.

Only for what cannot be relayed: a request that is refused, or an upstream that gives no answer.
"""

import json
from http import HTTPStatus
from typing import NamedTuple

from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.relay.routes import is_anthropic

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


UNKNOWN = Caller()


def answer(trouble: Trouble, caller: Caller = UNKNOWN, close: bool = True) -> bytes:
    """The whole response."""
    body = json.dumps(_error(trouble, caller), ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {trouble.status} {HTTPStatus(trouble.status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nx-pandaprobe-error: {trouble.code}\r\n"
        f"{'Connection: close' + chr(13) + chr(10) if close else ''}\r\n"
    )
    return head.encode("ascii") + (b"" if caller.method == "HEAD" else body)


def _error(trouble: Trouble, caller: Caller) -> object:
    if is_anthropic(caller.target.split(b"?", 1)[0], caller.headers):
        kind = ANTHROPIC_TYPES.get(trouble.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": trouble.sentence}}
    kind = "invalid_request_error" if trouble.status < 500 else "upstream_error"
    return {"error": {"message": trouble.sentence, "type": kind, "param": None, "code": trouble.code}}


def unknown_path(target: bytes, names: list[str]) -> Trouble:
    """For a path that is no upstream's."""
    path = target.split(b"?", 1)[0].decode("latin-1")[:100]
    return Trouble(
        404, "unknown_path", f"No upstream has the path {path}; use /v1/… or /<name>/… with one of: {', '.join(names)}."
    )
