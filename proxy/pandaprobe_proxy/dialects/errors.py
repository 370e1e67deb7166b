"""Errors of providers, of whatever shape: an object, a text, a list, `detail`, or a page that is not JSON at all."""

import json
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.call import CallError

Json = Any
MAX_CHARS = 2000
_MESSAGES = ("message", "error", "detail", "msg", "error_description", "title")


def read_error(value: Json) -> CallError:
    """The error that a value under `error` (or the whole body of a failed answer) tells of."""
    if isinstance(value, list) and len(value) == 1:
        return read_error(value[0])
    if not isinstance(value, dict):
        return CallError(_as_text(value))
    inner = value.get("error")
    if isinstance(inner, dict | list) and inner:
        return read_error(inner)
    message = next((value[key] for key in _MESSAGES if value.get(key)), value)
    return CallError(
        message=_as_text(message),
        type=_as_name(value.get("type") or value.get("status")),
        code=_as_name(value.get("code") or value.get("status_code")),
    )


def read_failure(body: bytes, status: int, reason: str = "") -> tuple[CallError, dict[str, Json]]:
    """The error of an answer whose status is 400 or above, and the fields of its body, unchanged."""
    text = _first_data(body)
    if not text.strip():
        return CallError(f"the provider answered {status} {reason}".rstrip()), {}
    try:
        value = parse_json(text)
    except ValueError:
        return CallError(_as_text(text.decode("utf-8", "replace").strip())), {}
    return read_error(value), value if isinstance(value, dict) else {}


def _first_data(body: bytes) -> bytes:
    """A failed answer may still be framed as a stream: then the data of its first event."""
    lines = (line.partition(b":") for line in body.lstrip()[: 64 * MAX_CHARS].splitlines())
    if not body.lstrip().startswith((b"data:", b"event:", b":")):
        return body
    return next((value.strip() for name, _, value in lines if name == b"data"), b"")


def _as_text(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:MAX_CHARS]


def _as_name(value: Json) -> str:
    return str(value)[:255] if isinstance(value, str | int) and not isinstance(value, bool) else ""
