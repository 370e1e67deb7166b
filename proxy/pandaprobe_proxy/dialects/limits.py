"""What the headers of an answer say of its provider's side: the id of the request, and rate limits."""

from typing import Any

from pandaprobe_proxy.model.exchange import Headers, find_header

Json = Any
_REQUEST_IDS = (
    b"x-request-id",
    b"request-id",
    b"apim-request-id",
    b"x-amzn-requestid",
    b"x-goog-request-id",
    b"mistral-correlation-id",
    b"x-typhoon-request-id",
    b"cf-ray",
)
"""Strongest first: a provider's own name before that of what stands before it."""
_LIMITS = ("x-ratelimit-", "ratelimit-", "anthropic-ratelimit-")
_WAITS = frozenset({"retry-after", "retry-after-ms"})
MAX_CHARS = 255
MAX_LIMITS = 64


def read_request_id(headers: Headers) -> str | None:
    """The provider's id of this exchange."""
    values = (find_header(headers, name) for name in _REQUEST_IDS)
    return next((value.decode("latin-1")[:MAX_CHARS] for value in values if value), None)


def read_limits(headers: Headers) -> dict[str, Json]:
    """The rate-limit headers and those that say when to come again, by lower-case name, as sent."""
    found: dict[str, Json] = {}
    for raw, value in headers:
        name = raw.decode("latin-1").lower()
        if (name in _WAITS or name.startswith(_LIMITS)) and len(found) < MAX_LIMITS:
            found[name] = value.decode("latin-1")[:MAX_CHARS]
    return found
