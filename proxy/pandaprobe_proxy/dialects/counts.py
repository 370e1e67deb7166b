"""Token counts as providers write them: whole numbers that may come as floats, and that may not be there."""

from collections.abc import Mapping
from typing import Any

Json = Any
MAX_COUNT = 2**53


def read_count(raw: Json, *keys: str) -> int | None:
    """The first of these fields that is a count; None if none is, or if `raw` is no object."""
    fields = raw if isinstance(raw, Mapping) else {}
    return next((count for key in keys if (count := _as_count(fields.get(key))) is not None), None)


def _as_count(value: Json) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_COUNT:
        return None
    return int(value) if value == int(value) else None


def add_counts(*counts: int | None) -> int | None:
    """The sum of what is known; None if nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
