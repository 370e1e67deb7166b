"""How a client's script tells what it got: one line of JSON for each result, equal for equal results."""

import json


def tell(name, value):
    """`value` as JSON; objects of the packages (pydantic's) by their fields."""
    print(json.dumps({name: plain(value)}, sort_keys=True, ensure_ascii=True), flush=True)


def plain(value):
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes, {hash_of(value)}"
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def hash_of(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()[:16]


def tell_error(name, error):
    """An error by its type, status and words."""
    tell(name, [type(error).__name__, getattr(error, "status_code", None) or getattr(error, "code", None), str(error)])
