"""Anything as JSON that a strict reader accepts: what has no JSON form becomes its repr, NaN and infinity null.

Nothing here raises, whatever the app's values do when they are looked at.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

DEPTH = 100
INT_BITS = 1024
REPR_CHARS = 10_000


def to_json(value: Any) -> bytes:
    """The document, in ASCII."""
    try:
        return json.dumps(to_plain(value), allow_nan=False).encode()
    except Exception as error:
        return json.dumps(f"<not told: {type(error).__name__}>").encode()


def to_plain(value: Any) -> Any:
    """A copy, in JSON's own types, of what the value is now: what the app does to it later is not told."""
    return _plain(value, ())


def to_mapping(value: Any) -> dict[str, Any]:
    """The same of a mapping; empty for anything else."""
    copy = to_plain(value) if isinstance(value, Mapping) else None
    return copy if isinstance(copy, dict) else {}


def to_text(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _plain(value: Any, above: tuple[int, ...]) -> Any:
    """`above` are the containers that this value is in, so that a circle ends."""
    try:
        return _copy(value, above)
    except Exception:
        return _repr(value)


def _copy(value: Any, above: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()  # halves of characters are none
    if isinstance(value, int):
        return value if value.bit_length() <= INT_BITS else _repr(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if id(value) in above or len(above) >= DEPTH:
        return _repr(value)
    return _container(value, (*above, id(value)))


def _container(value: Any, inside: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping):
        return {_plain(to_text(key), ()): _plain(item, inside) for key, item in list(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(item, inside) for item in list(value)]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item, inside) for item in list(value)), key=repr)
    return _other(value, inside)


def _other(value: Any, inside: tuple[int, ...]) -> Any:
    if isinstance(value, datetime):
        return to_iso(value)
    dump = getattr(value, "model_dump", None)
    return _plain(dump(mode="json"), inside) if callable(dump) and not isinstance(value, type) else _repr(value)


def _repr(value: Any) -> str:
    try:
        return repr(value)[:REPR_CHARS]
    except Exception:
        return f"<{type(value).__name__}>"


def to_iso(moment: datetime) -> str:
    """ISO 8601 with an offset; a naive time is taken for UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat(timespec="microseconds")
