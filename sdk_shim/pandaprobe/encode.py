"""Anything as JSON that a strict reader accepts: what has no JSON form becomes its repr, NaN and infinity null."""

import json
import math
from datetime import UTC, datetime
from typing import Any

DEPTH = 100


def to_json(value: Any) -> bytes:
    """The document, in ASCII; never raises."""
    try:
        return json.dumps(value, allow_nan=False, default=_default).encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_plain(value, 0), allow_nan=False).encode()


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_iso(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        try:
            return dump(mode="json")
        except Exception:
            return _repr(value)
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else _repr(value)


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _plain(value: Any, depth: int) -> Any:
    """The slow way, for what the quick one refuses."""
    if depth > DEPTH:
        return _repr(value)[:1000]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return _plain(_default(value), depth + 1)


def to_iso(moment: datetime) -> str:
    """ISO 8601 with an offset; a naive time is taken for UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat(timespec="microseconds")
